"""What policies score that see nothing: any action at random, or always the same one.

They act in the environment's own action space, on episodes with seeds of those that the search scores its members on,
but spread over their range: an environment may cover its cases in turn, and of consecutive ones an action may be right
that is wrong on the whole.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainables import environments
from trainables.base import pulse, random_streams
from trainables.base.random_streams import Purpose
from trainables.base.trivial_answer import TrivialAnswer
from trainables.environments import Description
from trainables.loops import episode_limits, evaluation
from trainables.loops.config import EpisodicConfig

EPISODES, FEW_STEPS, MOST_ROUNDS = 20, 2_000, 25
"""Each of them plays so many episodes; where these took fewer steps than the second, again as many, up to the third
time: a hand of cards is over in two steps, and what twenty of them come to is luck."""

MOST_STEPS = 20_000
"""That all of them take together, at most, and no more than the budget of a training: then episodes are left out."""

MOST_CONSTANTS = 20
"""Of more actions only so many are tried."""

Space: TypeAlias = spaces.Space[Any]
Play: TypeAlias = Callable[[Callable[[], Any], NDArray[np.int64], int], tuple[NDArray[np.float64], int]]
"""(what is done, seeds of episodes, how many steps they may take) -> their returns (E,), and the steps they took"""


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

        play: Play = partial(_one_by_one, made, longest)
        if isinstance(space, spaces.Discrete) and environments.is_vectorised(
            config.environment, config.environment_args, config.wrappers, "auto"
        ):
            play = partial(_at_once, described, longest, int(space.start))

        def told(name: str, act: Callable[[], Any], most_steps: int) -> TrivialAnswer:
            returns = _returns(partial(play, act), config.evaluation_seed, most_steps)
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
    play: Callable[[NDArray[np.int64], int], tuple[NDArray[np.float64], int]], evaluation_seed: int, most_steps: int
) -> NDArray[np.float64]:
    """The returns (E,) of episodes of one policy. play: its episodes of some seeds, in so many steps at most."""
    seeds = random_streams.Uniforms([evaluation_seed], Purpose.EVALUATION, EPISODES)
    returns, steps = np.zeros(0), 0
    for turn in range(MOST_ROUNDS):
        drawn = random_streams.episode_seeds(seeds.at(np.array([turn]))[0], random_streams.SEARCH_EVALUATION)
        found, taken = play(drawn, most_steps - steps)
        returns, steps = np.concatenate([returns, found]), steps + taken
        if steps >= FEW_STEPS or most_steps - steps < 2 * taken:
            break
    return returns


def _one_by_one(
    made: gymnasium.Env[Any, Any], longest: int, act: Callable[[], Any], seeds: NDArray[np.int64], most_steps: int
) -> tuple[NDArray[np.float64], int]:
    """The returns (E,) of episodes, and their steps. Where these are too many, episodes are left out; one is cut.

    made: where they are played.
    longest: steps after which each is cut, as those of members are.
    act: what is done.
    seeds: of the episodes.
    most_steps: that they may take.
    """
    returns, steps = list[float](), 0
    for seed in seeds.tolist():
        if steps >= most_steps:
            break
        pulse.beat("environment.reset, with nothing learnt")
        made.reset(seed=seed)
        earned, ended, last = 0.0, False, steps + longest
        while not ended and steps < most_steps:
            pulse.beat("environment.step, with nothing learnt")
            _, reward, terminated, truncated, _ = made.step(act())
            earned, ended, steps = earned + float(reward), bool(terminated) or bool(truncated), steps + 1
            ended = ended or steps == last
        if ended or not returns:
            returns.append(earned)
    return np.array(returns), steps


def _at_once(
    described: Description, longest: int, first: int, act: Callable[[], Any], seeds: NDArray[np.int64], most_steps: int
) -> tuple[NDArray[np.float64], int]:
    """The same, all side by side: a step of all costs no more than one of one, so that none is left out.

    described: the environment.
    first: the number of its first action.
    longest, act, seeds: as above.
    """
    grid = environments.make(described, 1, len(seeds))
    returns, steps = np.zeros(len(seeds)), 0

    def choose(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        return np.array([[int(act()) - first for _ in seeds]])

    for step in environments.play(grid, seeds[None], np.ones((1, len(seeds)), dtype=np.bool_), choose, longest):
        returns += step.rewards[0]
        steps += int(step.active.sum())
    return returns, steps


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
