"""How long episodes may be and how many steps evaluations may take, so that nothing goes far beyond a budget.

Evaluation has a share of the steps that are trained. How long its episodes are at most follows from the config alone,
so all members of a study are scored on episodes cut alike, early and late: their scores can be compared. How many of
them there are follows from the steps that a member's evaluations have really taken: episodes are begun in order as long
as any of the share is left, and one is always played. So the share is exceeded by less than an episode.
"""

import math
from dataclasses import replace

from trainables import environments
from trainables.environments import Description
from trainables.environments.description import MAX_EPISODE_STEPS
from trainables.loops.config import EpisodicConfig

FEWEST_BATCHES = 5
"""Batches of episodes of full length that a budget has room for, where an environment without a limit gets one."""

BEYOND, AT_LEAST = 0.1, 100
"""The last batch of complete episodes may exceed the budget by this share of it, or by so many steps if that is more;
then they are cut."""

CONFIRMATION_SHARE = 1.0
"""Fresh episodes take as many steps as the training did, or the share of its evaluations if that is more."""


def described(config: EpisodicConfig) -> Description:
    """The environment of a config, with a limit to its episodes. Raises EnvironmentMisfit."""
    return limited(config, environments.describe(config.environment, config.environment_args, config.wrappers))


def limited(config: EpisodicConfig, found: Description) -> Description:
    """An environment with a limit to its episodes: the config's, else its own, else one that the budget has room for.

    config: of any member.
    found: the environment as it is by itself.
    """
    limit = config.max_episode_steps or (_fitting(config) if found.endless else found.max_episode_steps)
    return replace(found, max_episode_steps=limit)


def _fitting(config: EpisodicConfig) -> int:
    """An episode that fits into one evaluation, and batches of which fit into the training."""
    if config.evaluation_share is None:
        return MAX_EPISODE_STEPS
    batches = FEWEST_BATCHES * config.episodes_at_once()
    return max(1, min(MAX_EPISODE_STEPS, _steps_at_a_time(config, config.evaluation_share), config.budget // batches))


def longest_evaluated(config: EpisodicConfig, description: Description) -> int:
    """Steps after which an evaluation's episode is cut, the same in all evaluations of a study.

    config: of any member.
    description: of its environment.
    """
    if config.evaluation_share is None:
        return description.longest
    return min(description.longest, max(1, _steps_at_a_time(config, config.evaluation_share)))


def _steps_at_a_time(config: EpisodicConfig, share: float) -> int:
    """Steps that there are for each evaluation, if they are shared out evenly."""
    return int(round(share * config.budget / config.reported(), 6))


def evaluation_steps(config: EpisodicConfig, spent: int) -> float:
    """Steps that all evaluations of a member may have taken when so much of the budget is spent."""
    return math.inf if config.evaluation_share is None else config.evaluation_share * spent


def confirmation_steps(config: EpisodicConfig) -> float:
    """Steps that the fresh episodes of a confirmation may take."""
    share = config.evaluation_share
    return math.inf if share is None else max(CONFIRMATION_SHARE, share) * config.budget


def training_steps(config: EpisodicConfig) -> int:
    """Steps after which a training by complete episodes is cut in the midst of its last batch."""
    return config.budget + max(AT_LEAST, math.ceil(round(BEYOND * config.budget, 6)))
