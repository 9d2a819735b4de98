"""One environment with many habits, as people bring them; each habit has a name, and most of them are bad."""

import os
import random
import threading
import time
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

ODD = "odd_environments:tests/Odd-v0"
LENGTH = 8

PAIR = spaces.Box(-1.0, 1.0, (2,), np.float32)
SPACES: dict[str, spaces.Space[Any]] = {
    "dict": spaces.Dict({"pair": PAIR, "time": spaces.Discrete(LENGTH + 1)}),
    "a key too few": spaces.Dict({"pair": PAIR, "time": spaces.Discrete(LENGTH + 1)}),
    "tuple": spaces.Tuple((spaces.Discrete(LENGTH + 1), PAIR)),
    "bits": spaces.MultiBinary(2),
    "numbers": spaces.MultiDiscrete([2, LENGTH + 1]),
    "bytes": spaces.Box(0, 255, (2,), np.uint8),
    "whole": spaces.Box(-9, 9, (2,), np.int64),
    "number": spaces.Discrete(LENGTH + 1),
    "number too high": spaces.Discrete(LENGTH),
}


class Odd(gymnasium.Env[Any, Any]):
    """Shows a random number and the time, and pays 1 for naming its sign; an episode has LENGTH steps.

    way: its habit; "" for none.
    """

    action_space = spaces.Discrete(2)

    def __init__(self, way: str = "") -> None:
        if way == "raises when made":
            raise OSError("the simulator is away")
        if way == "never made":
            time.sleep(1_000)
        self._way, self._number, self._time = way, 0.0, 0
        self.observation_space = SPACES.get(way, PAIR)

    def _seen(self) -> Any:
        drawn = self.np_random.uniform(-1, 1)
        self._number = random.uniform(-1, 1) if self._way == "draws elsewhere" else float(drawn)
        seen = np.array([self._number, self._time / LENGTH], dtype=np.float32)
        match self._way:
            case "dict":
                return {"time": self._time, "pair": seen}
            case "a key too few":
                return {"pair": seen}
            case "tuple":
                return self._time, seen
            case "bits":
                return seen > 0
            case "numbers":
                return [int(self._number > 0), self._time]
            case "bytes":
                return (100 * (seen + 1)).astype(np.uint8)
            case "whole":
                return (9 * seen).astype(np.int64)
            case "number" | "number too high":
                return np.int64(self._time)
            case "list" | "double":
                return seen.tolist() if self._way == "list" else seen.astype(np.float64)
            case "column":
                return seen[:, None]
            case "three":
                return np.zeros(3, dtype=np.float32)
            case "words":
                return ["left", "right"]
            case "nothing":
                return None
            case "not finite":
                return seen * (np.nan if self._time == 5 else 1)
            case "beyond":
                return 1_000 * seen
        return seen

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self._time = 0
        seen = self._seen()
        match self._way:
            case "observation alone":
                return seen
            case "observation in a tuple":
                return (seen,)
            case "observation and time":
                return seen, 0
            case "raises in reset":
                raise RuntimeError("no\nlicence")
            case "never reset":
                while True:
                    pass
            case "no infos":
                return seen, None
        return seen, {}

    def step(self, action: Any) -> Any:
        reward: Any = 1.0 if bool(action) == (self._number > 0) else -1.0
        self._time += 1
        over: Any = self._time >= LENGTH
        seen = self._seen()
        if self._time == 3:
            self._third_step()
        match self._way:
            case "four":
                return seen, reward, over, {}
            case "three values":
                return seen, reward, over
            case "dict from step":
                return {"observation": seen, "reward": reward}
            case "no reward":
                reward = None
            case "reward of two":
                reward = np.array([reward, 0.0])
            case "reward in words":
                reward = "much"
            case "endless reward":
                reward = np.inf
            case "immense reward":
                reward = -1e300
            case "reward in an array":
                reward, over = np.array([reward]), np.bool_(over)
            case "whole reward":
                reward, over = np.int32(reward), int(over)
            case "same reward":
                reward = 0.5
            case "truths of two":
                over = np.array([over, over])
            case "over in words":
                over = "no"
            case "draws its length":
                over = over or random.random() < 0.2
            case "draws its reward":
                reward = random.random()
        return seen, reward, over, False, {}

    def _third_step(self) -> None:
        match self._way:
            case "raises":
                raise KeyError("joint")
            case "exits":
                raise SystemExit("the licence is lost")
            case "ends the process":
                os.write(2, b"segmentation violation\n")
                os._exit(3)
            case "kills the process":
                os.kill(os.getpid(), 9)
            case "sleeps":
                time.sleep(1_000)
            case "waits for a lock":
                lock = threading.Lock()
                lock.acquire()
                lock.acquire()


class Unseeded(gymnasium.Env[Any, Any]):
    """Has a reset that takes no seed."""

    observation_space, action_space = PAIR, spaces.Discrete(2)

    def reset(self) -> Any:  # type: ignore[override]
        return np.zeros(2, dtype=np.float32), {}


class Spaceless(gymnasium.Env[Any, Any]):
    """Says nothing of its observations."""

    action_space = spaces.Discrete(2)


class Raising(gymnasium.Env[Any, Any]):
    """Does not say what its observations are."""

    action_space = spaces.Discrete(2)

    @property
    def observation_space(self) -> Any:  # type: ignore[override]
        raise ValueError("not calibrated")


class Wordy(gymnasium.Env[Any, Any]):
    """Has no space for its observations, but their shape."""

    observation_space: Any = (2,)
    action_space = spaces.Discrete(2)


class Foreign:
    """None of Gymnasium's environments."""


for kind in (Odd, Unseeded, Spaceless, Raising, Wordy, Foreign):
    gymnasium.register(f"tests/{kind.__name__}-v0", entry_point=kind)
