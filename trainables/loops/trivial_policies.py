"""What policies score that see nothing: any action at random, or always the same one.

They act in the environment's own action space, on the episodes that the search scores its members on.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainables.base import random_streams
from trainables.base.random_streams import Purpose
from trainables.base.trivial_answer import TrivialAnswer
from trainables.loops import episode_limits, evaluation
from trainables.loops.config import EpisodicConfig

EPISODES = 20
"""That each of them plays."""

MOST_STEPS = 40_000
"""That all of them take together, at most, and no more than the budget of a training: then episodes are left out."""

MOST_CONSTANTS = 20
"""Of more actions only so many are tried."""

Space: TypeAlias = spaces.Space[Any]


def answers(config: EpisodicConfig, score: str, maximize: bool) -> list[TrivialAnswer]:
    """A random policy, and the best of those that always do the same.

    config: of any member.
    score: what is measured, a metric of evaluations; none of others.
    maximize: whether high scores are better.
    Raises whatever the environment does.
    """
    described = episode_limits.described(config)
    if score not in _metrics(np.zeros(1), described.reward_threshold):
        return []
    steps, longest = min(MOST_STEPS, config.budget), episode_limits.longest_evaluated(config, described)
    with described.make() as made:
        space = made.action_space
        space.seed(random_streams.integer(config.evaluation_seed, Purpose.ACTIONS) % 2**31)
        constants = list(_constants(space))

        def told(name: str, act: Callable[[], Any], most_steps: int) -> TrivialAnswer:
            returns = _returns(made, act, config.evaluation_seed, longest, most_steps)
            return _answer(name, returns, score, maximize, described.reward_threshold)

        by_chance = told("a random policy", space.sample, steps // 2)
        share = max(1, steps // 2 // max(1, len(constants)))
        fixed = [told(name, partial(_same, action), share) for name, action in constants]
    sign = -1 if maximize else 1
    return [by_chance, *sorted(fixed, key=lambda each: sign * each.value)[:1]]


def _same(action: Any) -> Any:
    return action


def _constants(space: Space) -> Iterator[tuple[str, Any]]:
    """Actions to take always, with what doing so is called."""
    match space:
        case spaces.Discrete():
            chosen = np.unique(np.linspace(0, space.n - 1, min(int(space.n), MOST_CONSTANTS)).astype(np.int64))
            yield from (
                (f"always action {space.start + each}", space.dtype.type(space.start + each)) for each in chosen
            )
        case spaces.Box():
            low, high = (np.where(np.isfinite(bound), bound, 0) for bound in (space.low, space.high))
            for name, action in (("lowest", low), ("middle", (low + high) / 2), ("highest", high)):
                yield f"always the {name} action", action.astype(space.dtype)
        case _:
            # Of many parts, which can't all be tried.
            yield from (("always the same action", space.sample()) for _ in range(MOST_CONSTANTS))


def _returns(
    made: gymnasium.Env[Any, Any], act: Callable[[], Any], evaluation_seed: int, longest: int, most_steps: int
) -> NDArray[np.float64]:
    """The returns (E,) of episodes cut as those of members are; fewer of them, or cut, where they take too many steps.

    made: the environment.
    act: what is done.
    evaluation_seed: of the episodes.
    longest: steps after which each is cut.
    most_steps: that all may take together.
    """
    returns, steps = list[float](), 0
    for seed in random_streams.evaluation_seeds(evaluation_seed, EPISODES).tolist():
        if steps >= most_steps:
            break
        made.reset(seed=seed)
        earned, ended, last = 0.0, False, steps + longest
        while not ended and steps < most_steps:
            _, reward, terminated, truncated, _ = made.step(act())
            earned, ended, steps = earned + float(reward), bool(terminated) or bool(truncated), steps + 1
            ended = ended or steps == last
        if ended or not returns:
            returns.append(earned)
    return np.array(returns)


def _answer(
    name: str, returns: NDArray[np.float64], score: str, maximize: bool, threshold: float | None
) -> TrivialAnswer:
    """beaten_from: two standard errors beyond, where the score is a mean over episodes."""
    value = _metrics(returns, threshold)[score]
    solved = (returns >= (threshold or 0.0)).astype(np.float64)
    deviations = {evaluation.SCORE: returns.std(), evaluation.SOLVED: solved.std()}
    deviation = float(deviations.get(score, 0.0))
    margin = 2 * deviation / math.sqrt(len(returns))
    return TrivialAnswer(name, value, value + margin if maximize else value - margin)


def _metrics(returns: NDArray[np.float64], threshold: float | None) -> dict[str, float]:
    # No score asks which episodes were cut.
    return evaluation.metrics(returns, np.zeros(len(returns), dtype=np.bool_), threshold)
