"""CartPole-v1 for a whole grid at once: Gymnasium's physics, with the same episodes for the same seeds.

State: the cart's position (m) and speed (m/s), the pole's angle (rad) and angular speed (rad/s). Equations of motion:
Florian, 2007, "Correct equations for the dynamics of the cart-pole system", without friction, in explicit Euler steps
of 0.02 s.

Axis letters: M members, E episodes side by side.
"""

import math
from typing import ClassVar

import numpy as np
from gymnasium.utils import seeding
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Choices, Integers

ID = "CartPole-v1"

GRAVITY, CART_KG, POLE_KG, HALF_POLE_M, FORCE_N, STEP_S = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
TOTAL_KG = CART_KG + POLE_KG
FARTHEST_M, STEEPEST_RAD = 2.4, 12 * 2 * math.pi / 360


class CartPoleGrid:
    """A grid of carts, all of which one NumPy operation moves."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._longest, self._state = description.max_episode_steps, np.zeros((4, members, episodes))
        self._steps = np.zeros((members, episodes), dtype=np.int64)
        self.observations = np.zeros((members, episodes, 4), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begins episodes, each in the state that Gymnasium's environment has after `reset(seed=...)`."""
        for place in zip(*np.nonzero(where), strict=True):
            generator, _ = seeding.np_random(int(seeds[place]))
            self._state[(slice(None), *place)] = generator.uniform(-0.05, 0.05, 4)
        self._steps[where] = 0
        self._observe()

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """Pushes each chosen cart left (0) or right (1) for one step, and rewards each with 1."""
        _, speed, angle, spin = self._state
        cosine, sine = np.cos(angle), np.sin(angle)
        push = np.where(choices == 1, FORCE_N, -FORCE_N)
        thrust = (push + POLE_KG * HALF_POLE_M * np.square(spin) * sine) / TOTAL_KG
        leverage = HALF_POLE_M * (4.0 / 3.0 - POLE_KG * np.square(cosine) / TOTAL_KG)
        turning = (GRAVITY * sine - cosine * thrust) / leverage
        acceleration = thrust - POLE_KG * HALF_POLE_M * turning * cosine / TOTAL_KG
        change = np.stack((speed, acceleration, spin, turning))
        self._state = np.where(where, self._state + STEP_S * change, self._state)
        self._steps += where
        self._observe()
        fallen = where & ((np.abs(self._state[0]) > FARTHEST_M) | (np.abs(self._state[2]) > STEEPEST_RAD))
        return where.astype(np.float64), fallen, where & (self._steps >= self._longest)

    def _observe(self) -> None:
        self.observations = np.moveaxis(self._state, 0, -1).astype(np.float32)
