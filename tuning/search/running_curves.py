"""The curves of trials that are under way: at hand when one ends, and no checkpoint is read to tell what ails it."""

import logging
from collections.abc import Iterable, Sequence

from tuning.diagnosis import diagnosis
from tuning.diagnosis.verdict import Diagnosis
from tuning.rules.trial_outcome import MemberResult
from tuning.study.legs import Plan
from tuning.study.observer import Points
from tuning.study.trainings import trainings
from tuning.sweep.model import Sweep

log = logging.getLogger(__name__)


class RunningCurves:
    """Gathers what members report, of each from its first point on, since a leg that goes on tells all of it again."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep = sweep
        self._points: dict[tuple[int, int], dict[int, dict[str, float]]] = {}
        """By trial and place: steps, and what was measured there."""

    def note(self, number: int, place: int, points: Points) -> None:
        """A member of a trial has reported more."""
        self._points.setdefault((number, place), {}).update(points)

    def points(self, number: int, place: int) -> Points:
        """All that a member of a trial has reported."""
        return sorted(self._points.get((number, place), {}).items())

    def diagnosis(self, plan: Plan, members: Sequence[MemberResult]) -> Diagnosis | None:
        """What ails a trial that ends here; None where that can't be told.

        members: where they have come to.
        """
        curves = [self.points(plan.number, place) for place in range(len(members))]
        try:
            return diagnosis.of_trial(trainings(self._sweep, plan, members, curves))
        except Exception:
            # A search does not end because of what is said beside it.
            log.exception("it can't be told what ails trial %d", plan.number)
            return None

    def drop(self, plans: Iterable[Plan]) -> None:
        """These trials have ended, or wait."""
        for plan in plans:
            for place in range(len(plan.seeds)):
                self._points.pop((plan.number, place), None)
