"""Pendulum-v1 for a whole grid at once: Gymnasium's physics, with the same episodes for the same seeds.

State: the pole's angle (rad, 0 upright) and angular speed (rad/s); a torque (N m) swings it. It is moved in
semi-implicit Euler steps of 0.05 s.

Axis letters: M members, E episodes side by side.
"""

import math
from typing import ClassVar

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Choices, Integers

ID = "Pendulum-v1"

FASTEST_RAD_S, STEP_S, LENGTH_M, MASS_KG = 8.0, 0.05, 1.0, 1.0
FARTHEST_RAD, FASTEST_BEGINNING_RAD_S = math.pi, 1.0
"""The bounds of the states that episodes begin in."""


class PendulumGrid:
    """A grid of pendulums, all of which one NumPy operation moves."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._actions, self._longest = description.actions, description.max_episode_steps
        self._gravity = float(description.arguments.get("g", 10.0))
        self._angle, self._spin = np.zeros((2, members, episodes))
        self._steps = np.zeros((members, episodes), dtype=np.int64)
        self.observations = np.zeros((members, episodes, 3), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begins episodes, each in the state that Gymnasium's environment has after `reset(seed=...)`."""
        high = np.array([FARTHEST_RAD, FASTEST_BEGINNING_RAD_S])
        for place in zip(*np.nonzero(where), strict=True):
            generator, _ = seeding.np_random(int(seeds[place]))
            self._angle[place], self._spin[place] = generator.uniform(low=-high, high=high)
        self._steps[where] = 0
        self._observe()

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """Swings each chosen pendulum for one step; none ends by itself."""
        torque = self._actions.given(choices)[..., 0]
        from_upright = (self._angle + math.pi) % (2 * math.pi) - math.pi
        costs = from_upright**2 + 0.1 * self._spin**2 + 0.001 * torque**2
        pull = 3 * self._gravity / (2 * LENGTH_M) * np.sin(self._angle)
        push = 3.0 / (MASS_KG * LENGTH_M**2) * torque
        spin = np.clip(self._spin + (pull + push) * STEP_S, -FASTEST_RAD_S, FASTEST_RAD_S)
        self._angle = np.where(where, self._angle + spin * STEP_S, self._angle)
        self._spin = np.where(where, spin, self._spin)
        self._steps += where
        self._observe()
        return np.where(where, -costs, 0.0), np.zeros_like(where), where & (self._steps >= self._longest)

    def _observe(self) -> None:
        seen = np.stack((np.cos(self._angle), np.sin(self._angle), self._spin), axis=-1)
        self.observations = seen.astype(np.float32)
