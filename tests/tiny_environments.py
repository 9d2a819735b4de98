"""Environments small enough to work out by hand, registered with Gymnasium under `tests/`."""

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Observation = NDArray[np.float32]


class Clock(gymnasium.Env[Observation, np.int64]):
    """Shows the steps taken; the t-th step earns t, whatever is done. It ends by itself after `length` steps."""

    observation_space = spaces.Box(0.0, np.inf, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def __init__(self, length: int) -> None:
        self._length, self._time = length, 0

    def _seen(self) -> Observation:
        return np.array([self._time], dtype=np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._time = 0
        return self._seen(), {}

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        self._time += 1
        return self._seen(), float(self._time), self._time >= self._length, False, {}


BROKEN_OBSERVATIONS: dict[str, Any] = {
    "observation": np.array([np.nan], dtype=np.float32),
    "shape": np.zeros(3, dtype=np.float32),
    "ragged": [[1.0], [2.0, 3.0]],
    "text": "three",
    "nothing": None,
    "above": 10,
    "below": 0,
    "between": 2.5,
    "not a number": np.nan,
    "listed": np.array([3]),
}
"""What a moody clock shows, by the way in which it breaks."""


class Moody(Clock):
    """A clock of eight steps that breaks in the third step of the episodes of some seeds.

    way: `raises`; `four` for so many values of a step; `reward` for one that is not finite, `no reward`; or a key of
    BROKEN_OBSERVATIONS.
    """

    def __init__(self, breaks: list[int], way: str) -> None:
        super().__init__(length=8)
        self._breaks, self._way, self._breaking = breaks, way, False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        self._breaking = seed in self._breaks
        return super().reset(seed=seed)

    def step(self, action: np.int64) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        seen, reward, terminated, truncated, more = super().step(action)
        if self._breaking and self._time == 3:
            if self._way == "raises":
                raise OSError("the clock's hand\nhas come off")
            if self._way == "four":
                return seen, reward, terminated, more  # type: ignore[return-value]
            reward = {"reward": -np.inf, "no reward": None}.get(self._way, reward)
            seen = BROKEN_OBSERVATIONS.get(self._way, seen)
        return seen, reward, terminated, truncated, more


class MoodyNumber(Moody):
    """The same, showing the steps taken as one of nine numbers, counted from 1."""

    observation_space = spaces.Discrete(9, start=1)

    def _seen(self) -> Any:
        return np.int64(self._time + 1)


class Offset(gymnasium.Env[np.int64, np.int64]):
    """Numbers that are not counted from 0: shows 3 .. 6, takes -1 .. 1 and earns what it took."""

    observation_space = spaces.Discrete(4, start=3)
    action_space = spaces.Discrete(3, start=-1)

    def __init__(self) -> None:
        self._shown = 3

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.int64, dict[str, Any]]:
        super().reset(seed=seed)
        self._shown = 3
        return np.int64(self._shown), {}

    def step(self, action: np.int64) -> tuple[np.int64, float, bool, bool, dict[str, Any]]:
        self._shown += 1
        return np.int64(self._shown), float(action), self._shown == 6, False, {}


class Switches(gymnasium.Env[Observation, Any]):
    """Shows three numbers, and is given two that should be as the first two say: 1 for each that is right.

    space: of the actions: `discrete` (MultiDiscrete, the second counted from 1), `binary` (MultiBinary), `box` (of two
    axes, where each earns minus its distance), `wide` (of nine switches), or `tuple`, which no loop can take.
    """

    def __init__(self, space: str = "discrete") -> None:
        self.observation_space = spaces.Box(-1.0, 1.0, (3,), np.float32)
        self.action_space = {
            "discrete": spaces.MultiDiscrete([2, 3], start=[0, 1]),
            "binary": spaces.MultiBinary(2),
            "box": spaces.Box(np.array([[-1.0, 0.0]]), np.array([[1.0, 10.0]]), dtype=np.float64),
            "wide": spaces.MultiBinary(9),
            "tuple": spaces.Tuple([spaces.Discrete(2)]),
        }[space]
        self._seen, self._time = np.zeros(3, dtype=np.float32), 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        super().reset(seed=seed)
        self._time = 0
        return self._shown(), {}

    def _shown(self) -> Observation:
        self._seen = self.np_random.choice([-1.0, 1.0], 3).astype(np.float32)
        return self._seen

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action), action
        self._time += 1
        if isinstance(self.action_space, spaces.Box):
            reward = -float(abs(action[0, 0] - self._seen[0] / 2) + abs(action[0, 1] - 5 - 2 * self._seen[1]) / 5)
        else:
            right = [int(each > 0) for each in self._seen[:2]] + np.ravel(getattr(self.action_space, "start", 0))
            reward = float((np.asarray(action)[:2] == right).sum())
        return self._shown(), reward, self._time >= 4, False, {}


class Picture(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """Shows an image of 6 x 5 with a bright row at the top or at the bottom; 1 for naming which, and it ends."""

    action_space = spaces.Discrete(2)

    def __init__(self, channels_first: bool = False) -> None:
        self._channels_first, self._bottom = channels_first, False
        self.observation_space = spaces.Box(0, 255, (3, 6, 5) if channels_first else (6, 5, 3), np.uint8)

    def _seen(self) -> NDArray[np.uint8]:
        image = np.full((6, 5, 3), 10, dtype=np.uint8)
        image[-1 if self._bottom else 0] = (250, 200, 150)
        return image.transpose(2, 0, 1) if self._channels_first else image

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        super().reset(seed=seed)
        self._bottom = bool(self.np_random.random() < 0.5)
        return self._seen(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        return self._seen(), float(bool(action) is self._bottom), True, False, {}


class Film(gymnasium.Env[NDArray[np.uint8], np.int64]):
    """Shows images in a row, of which these loops know nothing but the numbers."""

    observation_space = spaces.Box(0, 255, (4, 8, 8, 3), np.uint8)
    action_space = spaces.Discrete(2)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.uint8], dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros((4, 8, 8, 3), dtype=np.uint8), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.uint8], float, bool, bool, dict[str, Any]]:
        return np.full((4, 8, 8, 3), 255, dtype=np.uint8), float(action), True, False, {}


class Tale(gymnasium.Env[str, np.int64]):
    """Shows words."""

    observation_space = spaces.Text(10)
    action_space = spaces.Discrete(2)


class Census(gymnasium.Env[np.int64, np.int64]):
    """Shows one of more numbers than a network could have inputs."""

    observation_space = spaces.Discrete(10**9)
    action_space = spaces.Discrete(2)


CLOCK, CUT_CLOCK, OFFSET = "tests/Clock-v0", "tests/CutClock-v0", "tests/Offset-v0"
SWITCHES = "tests/Switches-v0"
PICTURE, FILM = "tests/Picture-v0", "tests/Film-v0"
TALE, CENSUS = "tests/Tale-v0", "tests/Census-v0"
UNFURNISHED = "tests/Unfurnished-v0"
"""Needs a module that is not installed."""
MOODY, MOODY_NUMBER = "tests/Moody-v0", "tests/MoodyNumber-v0"

gymnasium.register(CLOCK, entry_point=Clock)
gymnasium.register(CUT_CLOCK, entry_point=Clock, max_episode_steps=3)
gymnasium.register(MOODY, entry_point=Moody)
gymnasium.register(UNFURNISHED, entry_point="no_such:Environment")
gymnasium.register(MOODY_NUMBER, entry_point=MoodyNumber)
gymnasium.register(OFFSET, entry_point=Offset)
gymnasium.register(SWITCHES, entry_point=Switches, reward_threshold=7.0)
gymnasium.register(PICTURE, entry_point=Picture)
gymnasium.register(FILM, entry_point=Film)
gymnasium.register(TALE, entry_point=Tale)
gymnasium.register(CENSUS, entry_point=Census)
