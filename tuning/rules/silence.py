"""For how long a worker may be silent, and for how long it has been. Pure: the clock is passed in.

A worker is heard when it reports, and in between whenever its training comes a step further.
"""

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Literal, TypeAlias

StallTimeout: TypeAlias = float | Literal["auto"] | None
"""Seconds; auto: by how long the study's reports take; None: a worker may be silent for ever."""

Stage: TypeAlias = Literal["starting", "compiling", "training"]
"""What a worker does: its process starts, which imports torch; it waits for a compiler; or anything else."""

LEAST_S, TIMES = 120.0, 20
"""With auto: seconds at the least, and how often the longest time between two reports so far."""

UNKNOWN_S = 600.0
"""With auto: before the first report, which data may have to be read for."""

OWN_S = 3_600.0
"""With auto: at the least, of a loop that gives no signs between its reports."""

WAITING_TIMES, WAITING_S = 5, 60.0
"""How much longer than the least a worker may take to start, and a compiler; and seconds at the least."""


def most_s(timeout: StallTimeout, stage: Stage, longest_s: float | None, own: bool = False) -> float:
    """For how many seconds a worker may be silent.

    timeout: of the sweep.
    stage: what the worker does.
    longest_s: the longest time between two reports of the study so far; None before the first.
    own: whether the loop is a person's own, which may give no signs between its reports.
    """
    if timeout is None:
        return float("inf")
    if stage != "training":
        return max(WAITING_S, WAITING_TIMES * (LEAST_S if timeout == "auto" else timeout))
    if timeout != "auto":
        return timeout
    least = OWN_S if own else UNKNOWN_S if longest_s is None else LEAST_S
    return max(least, TIMES * (longest_s or 0.0))


@dataclass
class _Heard:
    said: Hashable
    silent_s: float
    asked_at: float


class Silences:
    """For how long each worker has been silent.

    Time counts only while somebody listens, so that a driver that was stopped for an hour, or was busy, does not take
    its workers for silent.
    """

    def __init__(self, most_between_s: float) -> None:
        """most_between_s: between two askings, as far as it counts."""
        self._most_between_s = most_between_s
        self._heard: dict[Hashable, _Heard] = {}

    def of(self, who: Hashable, said: Hashable, now: float) -> float:
        """For how many seconds somebody has been silent, who has now said this; it counts from the first asking.

        who: known by anything.
        said: differs from what was said before if they are alive.
        now: seconds that only rise.
        """
        known = self._heard.get(who)
        if known is None or known.said != said:
            self._heard[who] = _Heard(said, 0.0, now)
            return 0.0
        known.silent_s += min(now - known.asked_at, self._most_between_s)
        known.asked_at = now
        return known.silent_s

    def keep(self, these: Collection[Hashable]) -> None:
        """Forget all others."""
        self._heard = {who: known for who, known in self._heard.items() if who in these}
