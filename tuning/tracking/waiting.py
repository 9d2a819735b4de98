"""Points of curves that MLflow has not been told yet, as far as there is room for them.

A study's own records are the journal of what MLflow is to be told: a leg's checkpoints hold its curves before the leg
is said to have ended, and how trials end is kept before anybody hears of it. So what does not fit in here is not lost.
It is read from the checkpoints when its trial ends, or when the study is replayed for MLflow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from tuning.study.observer import Points

MOST = 200_000
"""Values that have room: some 20 MB."""


@dataclass(frozen=True)
class Reported:
    """Points of a curve as they were reported: by which of a trial's seeds, and when in milliseconds."""

    place: int
    points: Points
    at_ms: int


@dataclass(frozen=True)
class Taken:
    """What was waiting of one trial.

    whole: whether all of it had room.
    count: how many values it is, with room or not.
    """

    reported: Sequence[Reported]
    whole: bool
    count: int


class Waiting:
    """Filled by the thread that searches, emptied by the one that tells MLflow. most: values that have room."""

    def __init__(self, most: int = MOST) -> None:
        self._most, self._lock = most, Lock()
        self._held: dict[int, list[Reported]] = {}
        self._held_count = 0
        self._counts: dict[int, int] = {}
        """Of each trial, how many values wait."""
        self._without_room: set[int] = set()
        self._behind = 0

    def note(self, number: int, reported: Reported) -> None:
        """More of a trial's curve is to be told."""
        count = sum(len(shown) for _, shown in reported.points)
        with self._lock:
            self._behind += count
            self._counts[number] = self._counts.get(number, 0) + count
            if number in self._without_room:
                return
            self._held.setdefault(number, []).append(reported)
            self._held_count += count
            if self._held_count > self._most:
                self._without_room |= self._held.keys()
                self._held.clear()
                self._held_count = 0

    def take(self, number: int) -> Taken:
        """All that waits of a trial; it counts as behind until `told`."""
        with self._lock:
            return self._take(number)

    def take_whole(self, number: int) -> Taken | None:
        """The same; None, and it goes on waiting, where not all of it had room."""
        with self._lock:
            return None if number in self._without_room else self._take(number)

    def told(self, count: int) -> None:
        """So many of the values that were taken have been told."""
        with self._lock:
            self._behind -= count

    def _take(self, number: int) -> Taken:
        reported, count = self._held.pop(number, []), self._counts.pop(number, 0)
        whole = number not in self._without_room
        self._without_room.discard(number)
        self._held_count -= count if whole else 0
        return Taken(reported, whole, count)

    @property
    def behind(self) -> int:
        """How many values MLflow has not been told."""
        return self._behind
