"""Sensor tasking for space situational awareness: one sensor keeps track of several objects in orbit.

A step is a minute. The position of every object is known up to an uncertainty (km), which grows at a rate of its own
until the sensor detects the object. It can be detected, with some probability, while its visibility window is open and
the sensor points at it; turning the sensor takes minutes. For a quarter of an hour at a time, one object has a
conjunction alert, announced as long before, during which its uncertainty counts ten times.

The reward of a minute is minus the mean over all objects of uncertainty times weight (km), after the minute's look.

Axis letters: N objects; leading axes (...) are episodes, and a single episode has none.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Choices, Integers
from trainables.environments.hashed_numbers import integers, uniforms

ID = "SensorTasking-v0"

MAX_EPISODE_STEPS = 120
"""Minutes after which an episode is truncated; the objects fly on."""

SLOWEST_KM, FASTEST_KM = 0.02, 0.4
"""How much the uncertainty of the first and of the last object grows in a minute; between them a geometric series."""

LEAST_KM, MOST_KM = 0.1, 10.0
"""Uncertainty after a detection, and the largest, which is that of a catalogue without any looks."""

TURN_DEG = 20.0
"""How far the sensor turns in a minute. Once it points at its object it looks, in the same minute."""

GOLDEN_DEG = 180.0 * (3.0 - 5.0**0.5)
"""Between consecutive objects: they spread around the sky, and objects with similar rates are far from each other."""

SHORTEST_PERIOD, LONGER_BY, OPEN_SHARE = 20, 4, 0.6
"""Minutes from one opening of the first object's window to the next, how many more they are for each further object,
and the share of them during which a window is open."""

ALERT, ALERT_WEIGHT = 15, 10.0
"""Minutes that an alert lasts and is announced before; what uncertainty is multiplied by meanwhile."""

FEATURES = 6
"""Of each object: uncertainty, open, minutes to change, bearing, alert, announcement; see `Sky.seen`."""

_PHASE, _BEGIN, _ALERT, _DETECTION = range(4)
"""What the random numbers of an episode are for."""


@dataclass(frozen=True)
class Sky:
    """The objects: what is the same in every episode, and how a minute passes. It has no state of its own.

    objects: N.
    detection: the probability that a look detects what it should.
    """

    objects: int = 6
    detection: float = 0.9

    @property
    def growth(self) -> NDArray[np.float64]:
        """(N,), km a minute."""
        ratio = FASTEST_KM / SLOWEST_KM
        return np.array([SLOWEST_KM * ratio ** (number / (self.objects - 1)) for number in range(self.objects)])

    @property
    def directions(self) -> NDArray[np.float64]:
        """(N,), degrees."""
        return np.array([number * GOLDEN_DEG % 360.0 for number in range(self.objects)])

    @property
    def periods(self) -> Integers:
        """(N,), minutes from opening to opening."""
        return SHORTEST_PERIOD + LONGER_BY * np.arange(self.objects)

    def begun(self, seeds: Integers) -> NDArray[np.float64]:
        """(..., N), the uncertainties (km) that episodes with these seeds begin with."""
        drawn = uniforms(seeds[..., None], _BEGIN, np.arange(self.objects))
        return LEAST_KM + drawn * (MOST_KM / 2 - LEAST_KM)

    def changes(self, seeds: Integers, minutes: Integers) -> tuple[Booleans, Integers]:
        """(..., N): which windows are open, and the minutes until that changes, at least 1."""
        periods, numbers = self.periods, np.arange(self.objects)
        open_for = np.rint(periods * OPEN_SHARE).astype(np.int64)
        phases = integers(seeds[..., None], _PHASE, numbers) % periods.astype(np.uint64)
        since = (minutes[..., None] + phases.astype(np.int64)) % periods
        is_open = since < open_for
        return is_open, np.where(is_open, open_for, periods) - since

    def alerts(self, seeds: Integers, minutes: Integers) -> tuple[Integers, Integers, Integers]:
        """(...): the object with an alert, the one that has it next, and the minutes until then, at least 1."""
        begun = minutes // ALERT
        now, later = (
            (integers(seeds, _ALERT, begun + ahead) % np.uint64(self.objects)).astype(np.int64) for ahead in (0, 1)
        )
        return now, later, ALERT - minutes % ALERT

    def weights(self, seeds: Integers, minutes: Integers) -> NDArray[np.float64]:
        """(..., N): what each object's uncertainty is multiplied by in this minute."""
        now, _, _ = self.alerts(seeds, minutes)
        return np.where(np.arange(self.objects) == now[..., None], ALERT_WEIGHT, 1.0)

    def passed(
        self,
        seeds: Integers,
        minutes: Integers,
        uncertainty: NDArray[np.float64],
        pointing: NDArray[np.float64],
        actions: Integers,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """One minute: turn, look, wait.

        seeds: of the episodes (...).
        minutes: since their beginning (...).
        uncertainty: (..., N), km.
        pointing: where the sensor points (...), degrees.
        actions: the object to look at (...), or N to idle.
        Returns uncertainty, pointing and rewards (...) in km.
        """
        idle = actions == self.objects
        target = np.where(idle, 0, actions)
        bearing = turn(pointing, self.directions[target])
        arrives = ~idle & (np.abs(bearing) <= TURN_DEG)
        moved = (pointing + np.clip(bearing, -TURN_DEG, TURN_DEG)) % 360.0
        moved = np.where(arrives, self.directions[target], moved)
        is_open, _ = self.changes(seeds, minutes)
        detected = arrives & (uniforms(seeds, _DETECTION, minutes) < self.detection)
        found = is_open & detected[..., None] & (np.arange(self.objects) == target[..., None])
        grown = np.where(found, LEAST_KM, np.minimum(uncertainty + self.growth, MOST_KM))
        cost = (self.weights(seeds, minutes) * grown).sum(-1) / self.objects
        return grown, np.where(idle, pointing, moved), -cost

    def seen(
        self,
        seeds: Integers,
        minutes: Integers,
        uncertainty: NDArray[np.float64],
        pointing: NDArray[np.float64],
    ) -> NDArray[np.float32]:
        """What is observed, (..., N * FEATURES), one object after the other.

        Of each object: its uncertainty as a share of the largest; 1 while its window is open; the minutes until that
        changes, as a share of its period; the turn to it, as a share of half a circle, positive to the right; 1 during
        its alert; and while an alert is announced, how near it is, from 0 to 1.

        seeds, minutes, uncertainty, pointing: as in `passed`.
        """
        is_open, left = self.changes(seeds, minutes)
        now, later, ahead = self.alerts(seeds, minutes)
        numbers = np.arange(self.objects)
        near = 1.0 - (ahead - 1) / ALERT
        features = (
            uncertainty / MOST_KM,
            is_open,
            left / self.periods,
            turn(pointing[..., None], self.directions) / 180.0,
            numbers == now[..., None],
            np.where(numbers == later[..., None], near[..., None], 0.0),
        )
        stacked = np.stack([np.asarray(each, dtype=np.float32) for each in features], axis=-1)
        return stacked.reshape(*stacked.shape[:-2], -1)


def turn(pointing: NDArray[np.float64], direction: NDArray[np.float64]) -> NDArray[np.float64]:
    """The shorter turn from one direction to another, in degrees from -180 to below 180."""
    return (direction - pointing + 180.0) % 360.0 - 180.0


class SensorTaskingGrid:
    """A whole grid at once, with the same episodes for the same seeds as SensorTasking."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._sky, shape = Sky(**description.arguments), (members, episodes)
        self._longest = description.max_episode_steps
        self._seeds, self._minutes = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self._uncertainty, self._pointing = np.zeros((*shape, self._sky.objects)), np.zeros(shape)
        self.observations = np.zeros((*shape, description.inputs), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begins episodes, with the sensor pointing at 0 degrees."""
        self._seeds = np.where(where, seeds, self._seeds)
        self._minutes = np.where(where, 0, self._minutes)
        self._uncertainty = np.where(where[..., None], self._sky.begun(self._seeds), self._uncertainty)
        self._pointing = np.where(where, 0.0, self._pointing)
        self._observe()

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """Lets one minute of each chosen episode pass; none ends by itself."""
        uncertainty, pointing, rewards = self._sky.passed(
            self._seeds, self._minutes, self._uncertainty, self._pointing, choices
        )
        self._uncertainty = np.where(where[..., None], uncertainty, self._uncertainty)
        self._pointing = np.where(where, pointing, self._pointing)
        self._minutes = self._minutes + where
        self._observe()
        return np.where(where, rewards, 0.0), np.zeros_like(where), where & (self._minutes >= self._longest)

    def _observe(self) -> None:
        self.observations = self._sky.seen(self._seeds, self._minutes, self._uncertainty, self._pointing)


class SensorTasking(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One episode, truncated after MAX_EPISODE_STEPS minutes by Gymnasium's own limit.

    objects: how many there are, 2 to 20.
    detection: the probability that a look detects what it should.
    Raises ValueError if one of them is out of bounds.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  Gymnasium's own declaration

    def __init__(self, objects: int = 6, detection: float = 0.9) -> None:
        if not 2 <= objects <= 20:
            raise ValueError(f"objects: should be 2 to 20, is {objects}")
        if not 0 < detection <= 1:
            raise ValueError(f"detection: should be a probability above 0, is {detection}")
        self._sky = Sky(objects, detection)
        lowest, highest = np.tile([0.0, 0.0, 0.0, -1.0, 0.0, 0.0], objects), np.ones(FEATURES * objects)
        self.observation_space = spaces.Box(lowest.astype(np.float32), highest.astype(np.float32), dtype=np.float32)
        self.action_space = spaces.Discrete(objects + 1)
        self._seed = self._minute = np.asarray(0, dtype=np.int64)
        self._uncertainty, self._pointing = np.zeros(objects), np.asarray(0.0)

    def _observation(self) -> NDArray[np.float32]:
        return self._sky.seen(self._seed, self._minute, self._uncertainty, self._pointing)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begins the episode of the seed; without a seed, one from the environment's own stream."""
        super().reset(seed=seed)
        episode = int(self.np_random.integers(2**31)) if seed is None else seed
        self._seed, self._minute = np.asarray(episode, dtype=np.int64), np.asarray(0, dtype=np.int64)
        self._uncertainty, self._pointing = self._sky.begun(self._seed), np.asarray(0.0)
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Lets one minute pass."""
        self._uncertainty, self._pointing, reward = self._sky.passed(
            self._seed, self._minute, self._uncertainty, self._pointing, np.asarray(action, dtype=np.int64)
        )
        self._minute = self._minute + 1
        return self._observation(), float(reward), False, False, {}


def register() -> None:
    """Makes the environment known to Gymnasium."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID, entry_point="trainables.environments.sensor_tasking:SensorTasking", max_episode_steps=MAX_EPISODE_STEPS
        )
