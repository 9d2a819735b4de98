"""Environments in a grid, a row a member: each episode is begun with a seed of its own and does not know its place.

Axis letters: M members, E episodes side by side, F features.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trainables.environments.description import Description

Floats = NDArray[np.floating]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


class Grid(Protocol):
    """M x E environments of one kind. Nothing resets by itself: the caller begins each episode, with its seed."""

    observations: NDArray[np.float32]
    """(M, E, F), the last ones seen; after the last step of an episode its final observation, until it is reset."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        """The environments, none of them begun."""

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begin an episode in each place of the grid that is chosen; seeds and where: (M, E)."""

    def step(self, actions: Integers, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """One step in each place that is chosen; actions (M, E) counted from 0.

        Returns rewards, terminated, truncated, each (M, E); zero and False where nothing was chosen.
        """


class GymnasiumGrid:
    """Any Gymnasium environment, stepped one by one in this process."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description = description
        self._environments = [description.make() for _ in range(members * episodes)]
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)
        self._flat = self.observations.reshape(members * episodes, description.inputs)
        self._shape = (members, episodes)

    def _see(self, places: NDArray[np.intp], seen: list[Any]) -> None:
        if self._description.one_hot_from is None:
            self._flat[places] = np.asarray(seen).reshape(len(places), -1)
        else:
            numbers = np.asarray(seen, dtype=np.int64) - self._description.one_hot_from
            self._flat[places] = 0.0
            self._flat[places, numbers] = 1.0

    def reset(self, seeds: Integers, where: Booleans) -> None:
        places = np.flatnonzero(where)
        if len(places):
            chosen = seeds.ravel()[places].tolist()
            self._see(places, [self._environments[i].reset(seed=s)[0] for i, s in zip(places, chosen, strict=True)])

    def step(self, actions: Integers, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.zeros(self._shape)
        terminated, truncated = np.zeros(self._shape, dtype=np.bool_), np.zeros(self._shape, dtype=np.bool_)
        places = np.flatnonzero(where)
        if len(places):
            chosen = (actions.ravel()[places] + self._description.first_action).tolist()
            environments = self._environments
            steps = [environments[i].step(action) for i, action in zip(places, chosen, strict=True)]
            seen, earned, ended, cut, _ = zip(*steps, strict=True)
            self._see(places, list(seen))
            rewards.ravel()[places], terminated.ravel()[places], truncated.ravel()[places] = earned, ended, cut
        return rewards, terminated, truncated


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
