"""Sensor tasking for space situational awareness: one sensor keeps track of several objects in orbit.

A step is a minute. Of every object the position is known but for an uncertainty (km), which grows at a rate of the
object's own until the sensor has detected it. It can be detected while its visibility window is open and the sensor
points at it, with a probability; turning the sensor takes minutes. For a quarter of an hour at a time one object has a
conjunction alert, announced as long before: its uncertainty counts ten times then.

Reward of a minute: minus the mean over all objects of uncertainty times weight (km), after the minute's look.

Axis letters: N objects; leading axes (...) are episodes, none for a single one.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.environments.grid import Booleans, Integers
from trainables.environments.hashed_numbers import integers, uniforms

ID = "SensorTasking-v0"

LONGEST = 120
"""Minutes after which an episode is cut; the objects fly on."""

SLOWEST_KM, FASTEST_KM = 0.02, 0.4
"""Growth of uncertainty in a minute, of the first object and of the last; between them a geometric series."""

LEAST_KM, MOST_KM = 0.1, 10.0
"""Uncertainty after a detection, and the most there is: what a catalogue knows without looking."""

TURN_DEG = 20.0
"""How far the sensor turns in a minute; it can look once it points at its object, in the same minute."""

GOLDEN_DEG = 180.0 * (3.0 - 5.0**0.5)
"""Between two objects in a row: spread around the sky, with neighbours in rate far from each other."""

SHORTEST_PERIOD, LONGER_BY, OPEN_SHARE = 20, 4, 0.6
"""Minutes from one opening of the first object's window to the next, by how many the next object's are longer, and the
share of them that the window is open."""

ALERT, ALERT_WEIGHT = 15, 10.0
"""Minutes that an alert lasts, and as many before that it is announced; what uncertainty counts meanwhile."""

FEATURES = 6
"""Of an object: uncertainty, open, minutes to change, bearing, alert, announcement; see `Sky.seen`."""

_PHASE, _BEGIN, _ALERT, _DETECTION = range(4)
"""What the numbers of an episode's seed are for."""


@dataclass(frozen=True)
class Sky:
    """The objects: what is the same in every episode, and how a minute passes. Pure: nothing here has a state."""

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
        """(..., N), km, the uncertainties that episodes of these seeds begin with."""
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
        """(..., N): what each object's uncertainty counts in this minute."""
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
        """One minute: turn, look, wait. Action i: object i; N: idle.

        Returns uncertainty (..., N), pointing (...) in degrees and rewards (...) in km.
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
        """(..., N * FEATURES), an object after the other.

        Uncertainty as a share of the most there is; 1 where the window is open; minutes until that changes as a share
        of the period; the turn to the object as a share of half a circle, positive to the right; 1 during an alert;
        of an object that is to have one, how near it is, from 0 to 1.
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
    """The shorter way from one direction to another, degrees from -180 to below 180."""
    return (direction - pointing + 180.0) % 360.0 - 180.0


class SensorTaskingGrid:
    """The grid in one piece: the same episodes for the same seeds as SensorTasking."""

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._sky, shape = Sky(**description.arguments), (members, episodes)
        self._seeds, self._minutes = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self._uncertainty, self._pointing = np.zeros((*shape, self._sky.objects)), np.zeros(shape)
        self.observations = np.zeros((*shape, description.inputs), dtype=np.float32)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begin episodes; the sensor points at 0 degrees."""
        self._seeds = np.where(where, seeds, self._seeds)
        self._minutes = np.where(where, 0, self._minutes)
        self._uncertainty = np.where(where[..., None], self._sky.begun(self._seeds), self._uncertainty)
        self._pointing = np.where(where, 0.0, self._pointing)
        self._see()

    def step(self, actions: Integers, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """One minute of each chosen episode; none ends by itself."""
        uncertainty, pointing, rewards = self._sky.passed(
            self._seeds, self._minutes, self._uncertainty, self._pointing, actions
        )
        self._uncertainty = np.where(where[..., None], uncertainty, self._uncertainty)
        self._pointing = np.where(where, pointing, self._pointing)
        self._minutes = self._minutes + where
        self._see()
        return np.where(where, rewards, 0.0), np.zeros_like(where), where & (self._minutes >= LONGEST)

    def _see(self) -> None:
        self.observations = self._sky.seen(self._seeds, self._minutes, self._uncertainty, self._pointing)


class SensorTasking(gymnasium.Env[NDArray[np.float32], np.int64]):
    """One episode, cut after LONGEST minutes by Gymnasium's own limit.

    objects: how many, 2 to 20; detection: the probability that a look detects what it should.
    Raises ValueError where one of them is out of bounds.
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
        """Begin the episode of the seed, or the next of the environment's own stream."""
        super().reset(seed=seed)
        episode = int(self.np_random.integers(2**31)) if seed is None else seed
        self._seed, self._minute = np.asarray(episode, dtype=np.int64), np.asarray(0, dtype=np.int64)
        self._uncertainty, self._pointing = self._sky.begun(self._seed), np.asarray(0.0)
        return self._observation(), {}

    def step(self, action: np.int64) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One minute."""
        self._uncertainty, self._pointing, reward = self._sky.passed(
            self._seed, self._minute, self._uncertainty, self._pointing, np.asarray(action, dtype=np.int64)
        )
        self._minute = self._minute + 1
        return self._observation(), float(reward), False, False, {}


def register() -> None:
    """Make the environment known to Gymnasium."""
    if ID not in gymnasium.registry:
        gymnasium.register(
            ID, entry_point="trainables.environments.sensor_tasking:SensorTasking", max_episode_steps=LONGEST
        )
