"""Number matching: name the number, 0 to n - 1, that is shown. A contextual bandit: an episode has one step.

The reward is minus the distance between the number named and the number shown: 0 at best, 1 - n at worst.
"""

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainables.environments.action_spaces import Discrete
from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Choices, Integers

ID = "NumberMatch-v0"


def shown(seeds: Integers, n: int) -> Integers:
    """The numbers that episodes with these seeds show; n consecutive seeds show each number once."""
    return seeds % n


def encoded(numbers: Integers, n: int, one_hot: bool) -> NDArray[np.float32]:
    """Numbers (...) of 0 to n - 1 as observations: if one_hot as unit vectors (..., n), else as they are (..., 1)."""
    if one_hot:
        return np.eye(n, dtype=np.float32)[numbers]
    return numbers[..., None].astype(np.float32)


class NumberMatch(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One episode: a number is shown, and a number is named.

    n: how many numbers there are, at least 2.
    one_hot: whether a number is shown as a unit vector; else it is shown as itself.
    Raises ValueError for fewer than two numbers.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  Gymnasium's own declaration

    def __init__(self, n: int = 10, one_hot: bool = False) -> None:
        if n < 2:
            raise ValueError(f"n: {n} numbers leave nothing to choose; at least 2 are needed")
        self._n, self._one_hot = n, one_hot
        self.observation_space = (
            spaces.Box(0.0, 1.0, (n,), np.float32) if one_hot else spaces.Box(0.0, float(n - 1), (1,), np.float32)
        )
        self.action_space = spaces.Discrete(n)
        self._number = 0

    def _observation(self) -> NDArray[np.float32]:
        return encoded(np.asarray(self._number), self._n, self._one_hot)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Shows the number of the seed; without a seed, one from the environment's own stream."""
        super().reset(seed=seed)
        episode = int(self.np_random.integers(2**31)) if seed is None else seed
        self._number = int(shown(np.asarray(episode, dtype=np.int64), self._n))
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Names a number, which ends the episode."""
        return self._observation(), -float(abs(int(action) - self._number)), True, False, {}


class NumberMatchGrid:
    """A whole grid at once, with the same episodes for the same seeds as NumberMatch."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        assert isinstance(description.actions, Discrete)
        # Its only wrapper is OneHotObservation (trainables/environments/backends.py).
        one_hot = bool(description.wrappers) or bool(description.arguments.get("one_hot", False))
        self._n, self._one_hot = description.actions.n, one_hot
        self._numbers = np.zeros((members, episodes), dtype=np.int64)
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        self._numbers = np.where(where, shown(seeds, self._n), self._numbers)
        self.observations = encoded(self._numbers, self._n, self._one_hot)

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.where(where, -np.abs(choices - self._numbers), 0).astype(np.float64)
        return rewards, where.copy(), where.copy()


def register() -> None:
    """Makes the environment known to Gymnasium."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID,
            entry_point="trainables.environments.number_match:NumberMatch",
            reward_threshold=0.0,
            max_episode_steps=1,
        )
