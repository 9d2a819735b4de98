"""Environments in a grid, a row a member: each episode is begun with a seed of its own and does not know its place.

Axis letters: M members, E episodes side by side, F features.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.episode_checks import Episodes

Floats = NDArray[np.floating]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Environment = gymnasium.Env[Any, Any]


class Grid(Protocol):
    """M x E environments of one kind. Nothing resets by itself: the caller begins each episode, with its seed."""

    observations: NDArray[np.float32]
    """(M, E, F), the last ones seen; after the last step of an episode its final observation, until it is reset."""

    rewinds: ClassVar[bool]
    """Whether the same seed begins the same episode in the same place again."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        """The environments, none of them begun."""

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begin an episode in each place of the grid that is chosen; seeds and where: (M, E)."""

    def step(self, actions: Integers, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """One step in each place that is chosen; actions (M, E) counted from 0.

        Returns rewards, terminated, truncated, each (M, E); zero and False where nothing was chosen.
        """


class GymnasiumGrid:
    """Any Gymnasium environment, stepped one by one in this process.

    Raises MemberFailed where one of them raises an error, or gives what its space does not have or is not finite.
    """

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description, self._shape = description, (members, episodes)
        self._environments = [description.make() for _ in range(members * episodes)]
        self._episodes = Episodes(description, members, episodes)
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)
        self._flat = self.observations.reshape(members * episodes, description.inputs)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        places = np.flatnonzero(where)
        if len(places):
            chosen = seeds.ravel()[places]
            self._episodes.begin(places, chosen)
            seen = self._each(places, chosen.tolist(), lambda one, seed: one.reset(seed=seed)[0])
            self._flat[places] = self._episodes.inputs(places, seen)

    def step(self, actions: Integers, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.zeros(self._shape)
        terminated, truncated = np.zeros(self._shape, dtype=np.bool_), np.zeros(self._shape, dtype=np.bool_)
        places = np.flatnonzero(where)
        if len(places):
            chosen = (actions.ravel()[places] + self._description.first_action).tolist()
            self._episodes.advance(places)
            seen, earned, ended, cut = zip(*self._each(places, chosen, _step), strict=True)
            self._flat[places] = self._episodes.inputs(places, seen)
            rewards.ravel()[places], terminated.ravel()[places], truncated.ravel()[places] = earned, ended, cut
            self._episodes.require_finite(places, rewards.ravel()[places])
        return rewards, terminated, truncated

    def _each(self, places: NDArray[np.intp], given: list[int], call: Callable[[Environment, int], Any]) -> list[Any]:
        """What the environments of these places answer, each to what it is given."""
        answers = []
        for place, each in zip(places.tolist(), given, strict=True):
            try:
                answers.append(call(self._environments[place], each))
            except Exception as error:
                raise self._episodes.raised(place, error) from error
        return answers


def _step(environment: Environment, action: int) -> tuple[Any, float, bool, bool]:
    """What is seen, earned, and whether the episode is terminated or truncated; raises whatever is wrong with it."""
    seen, earned, terminated, truncated, _ = environment.step(action)
    return seen, float(earned), bool(terminated), bool(truncated)


@dataclass(frozen=True)
class Moment:
    """One step of the grid: what was seen, done and earned where; every array (M, E) or (M, E, F)."""

    active: Booleans
    observations: NDArray[np.float32]
    actions: Integers
    rewards: NDArray[np.float64]


def play(
    grid: Grid, seeds: Integers, where: Booleans, choose: Callable[[NDArray[np.float32]], Integers]
) -> Iterator[Moment]:
    """Complete episodes, one in each chosen place, side by side; those that have ended idle till the last one has.

    choose: observations (M, E, F) -> actions (M, E).
    """
    grid.reset(seeds, where)
    active = where.copy()
    while active.any():
        observations = grid.observations.copy()
        actions = choose(observations)
        rewards, terminated, truncated = grid.step(actions, active)
        yield Moment(active, observations, actions, rewards)
        active = active & ~(terminated | truncated)


def retrace(grid: Grid, seeds: Integers, taken: Sequence[list[int]]) -> list[list[int]]:
    """Begin an episode of each member again and take the same actions; a grid of one episode a member, (M, 1).

    Where the grid can't begin an episode again it begins another. Returns the actions taken since its beginning.
    """
    grid.reset(seeds, np.ones(seeds.shape, dtype=np.bool_))
    if not grid.rewinds:
        return [[] for _ in taken]
    for step in range(max(map(len, taken))):
        going = np.array([[len(each) > step] for each in taken])
        grid.step(np.array([[each[step] if len(each) > step else 0] for each in taken]), going)
    return [list(each) for each in taken]
