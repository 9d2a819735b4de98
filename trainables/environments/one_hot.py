"""A wrapper of our own: whole numbers shown as categories, which a network tells apart better than as sizes."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

MOST_CATEGORIES = 10_000
"""The most unit vectors' numbers that observations may become."""


class OneHotObservation(gymnasium.ObservationWrapper[NDArray[np.int64], Any, Any]):
    """Makes a Box of whole numbers a MultiDiscrete space, each number of which becomes a unit vector."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        """Raises ValueError for observations that are no Box, have no bounds, or come to too many categories."""
        super().__init__(env)
        space = env.observation_space
        if not isinstance(space, spaces.Box) or not space.is_bounded():
            raise ValueError(f"observations should be a Box with bounds, are {space}")
        self._low = np.ceil(space.low.astype(np.float64)).astype(np.int64).ravel()
        counts = np.floor(space.high.astype(np.float64)).astype(np.int64).ravel() - self._low + 1
        if counts.min() < 1 or counts.sum() > MOST_CATEGORIES:
            raise ValueError(f"{space} has {counts.sum():,} whole numbers; should have 1 to {MOST_CATEGORIES:,}")
        self.observation_space = spaces.MultiDiscrete(counts, start=self._low)

    def observation(self, observation: Any) -> NDArray[np.int64]:
        """The whole numbers (F,). Raises ValueError where they are none."""
        numbers = np.asarray(observation, dtype=np.float64).ravel()
        whole = np.rint(numbers)
        if not np.array_equal(whole, numbers):
            raise ValueError(f"observation {observation!r}: OneHotObservation takes whole numbers alone")
        return whole.astype(np.int64)
