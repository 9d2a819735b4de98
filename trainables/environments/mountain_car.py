"""MountainCarContinuous-v0 for a whole grid at once: Gymnasium's physics, with the same episodes for the same seeds.

State: the car's position and its speed per step, on a road of the height sin(3 x). Gymnasium keeps both in single
precision, and so does the grid.

Axis letters: M members, E episodes side by side.
"""

from typing import ClassVar

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Choices, Integers

ID = "MountainCarContinuous-v0"

LEFTMOST, RIGHTMOST, GOAL, FASTEST = -1.2, 0.6, 0.45, 0.07
POWER, GRAVITY = np.float32(0.0015), 0.0025


class MountainCarGrid:
    """A grid of cars, all of which one NumPy operation moves."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._actions, self._longest = description.actions, description.max_episode_steps
        self._position, self._speed = np.zeros((2, members, episodes))
        self._steps = np.zeros((members, episodes), dtype=np.int64)
        self.observations = np.zeros((members, episodes, 2), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begins episodes, each in the state that Gymnasium's environment has after `reset(seed=...)`."""
        for place in zip(*np.nonzero(where), strict=True):
            generator, _ = seeding.np_random(int(seeds[place]))
            self._position[place], self._speed[place] = generator.uniform(low=-0.6, high=-0.4), 0.0
        self._steps[where] = 0
        self._observe()

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """Drives each chosen car for one step, at a cost of a tenth of the force squared; the goal earns 100."""
        force = self._actions.given(choices)[..., 0]
        # Where the first step begins, in double precision.
        slope = np.where(self._steps == 0, 3 * self._position, _single(3 * self._position))
        push = force * POWER - (GRAVITY * np.cos(slope)).astype(np.float32)
        speed = np.clip(_single(self._speed + push), np.float32(-FASTEST), np.float32(FASTEST))
        position = np.clip(_single(self._position + speed), np.float32(LEFTMOST), np.float32(RIGHTMOST))
        speed = np.where((position == np.float32(LEFTMOST)) & (speed < 0), 0.0, speed)
        there = where & (position >= GOAL) & (speed >= 0)
        self._position = np.where(where, position, self._position)
        self._speed = np.where(where, speed, self._speed)
        self._steps += where
        self._observe()
        rewards = np.where(where, 100.0 * there - 0.1 * force.astype(np.float64) ** 2, 0.0)
        return rewards, there, where & (self._steps >= self._longest)

    def _observe(self) -> None:
        self.observations = np.stack((self._position, self._speed), axis=-1).astype(np.float32)


def _single(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same numbers, as exact as single precision has them."""
    return numbers.astype(np.float32).astype(np.float64)
