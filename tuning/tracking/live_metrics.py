"""What the study's own run shows while it runs, so that a page left open says how it goes.

A show of the moment: it stands over the seconds that the study has run, a point every few of them. An audit does not
ask for it, and who is told of a study afterwards is told of its end alone.
"""

from collections.abc import Callable, Sequence
from threading import Lock

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.tally import Tally
from tuning.sweep.model import Sweep

EVERY_S = 5.0
"""Between two points."""

DONE, SPEED = "trials_done", "member_steps_per_s"


class LiveMetrics(Observer):
    """Counts what the search tells, in its thread; asked by the thread that tells MLflow.

    seconds: how long the study has run, in all its lives.
    """

    def __init__(self, sweep: Sweep, seconds: Callable[[], float]) -> None:
        self._tally, self._seconds, self._lock = Tally(sweep), seconds, Lock()
        self._told: int | None = None
        """The second of the last point; None before it is known what MLflow has."""
        self._since = (0.0, 0)
        """When the speed was last told, and how many steps had been taken then."""

    def begun(self, leg: Leg) -> None:
        """The trials of a leg run."""
        with self._lock:
            self._tally.begun(leg)

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further."""
        with self._lock:
            self._tally.reported(plan, place, points, result)

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended."""
        with self._lock:
            self._tally.finished(plan, found, members)

    def go_on(self, told: int) -> None:
        """All that was kept has been told, and from here on there are points. told: the second of the last one that
        MLflow has, -1 of none.
        """
        with self._lock:
            self._told, self._since = told, (self._seconds(), self._tally.steps)

    def point(self, last: bool = False) -> tuple[int, dict[str, float]] | None:
        """The second, and how it stands then; None where it is too early for another point.

        last: whether none will follow; then it says nothing of the speed.
        """
        now, (since_s, since_steps) = self._seconds(), self._since
        if self._told is None or int(now) <= self._told or (now - since_s < EVERY_S and not last):
            return None
        with self._lock:
            shown, steps = self._shown(), self._tally.steps
        if not last:
            shown[SPEED] = max(0, steps - since_steps) / (now - since_s)
        self._told, self._since = int(now), (now, steps)
        return int(now), shown

    def _shown(self) -> dict[str, float]:
        tally, diverged = self._tally, self._tally.diverged
        counts = {DONE: sum(tally.ended.values()), "pruned": tally.ended["pruned"] - diverged}
        best = {} if tally.best is None else {"best": tally.values[tally.best]}
        return {name: float(count) for name, count in {**counts, "diverged": diverged}.items()} | best
