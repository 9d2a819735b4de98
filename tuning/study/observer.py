"""Who is told of all that happens to the trials of a study, and when a study goes on, of all that has happened."""

from collections.abc import Iterable, Sequence

from tuning.diagnosis.verdict import Diagnosis
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Decision, Leg, Plan

Points = Sequence[tuple[int, dict[str, float]]]
"""Steps, and what was measured there."""


class Observer:
    """Is told of events; each method does nothing unless it is overridden, and must not take long.

    A study that goes on is told from its beginning (study/replay.py): first what its records hold, then `replayed`,
    then what happens.
    """

    def begun(self, leg: Leg) -> None:
        """A leg is handed out; again, where it was cut off."""

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member of a trial has come further.

        place: which of the trial's seeds it has.
        points: what is new of its curve; none of what was kept before, which `result` sums up.
        """

    def split(self, leg: Leg) -> None:
        """A leg could not be trained as one; others take its place."""

    def closed(self, leg: Leg, decision: Decision) -> None:
        """A leg has ended, and its trials are decided on."""

    def diagnosed(self, plan: Plan, found: Diagnosis) -> None:
        """It is known what ails a trial that comes to its end, which is told next."""

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has come to its end."""

    def noted(self, line: str) -> None:
        """Something has happened to a worker that a person should know."""

    def replayed(self) -> None:
        """All that was kept has been told; what follows happens now."""


class Everyone(Observer):
    """Passes each event on to several observers, in their order."""

    def __init__(self, observers: Iterable[Observer]) -> None:
        self._observers = list(observers)

    def begun(self, leg: Leg) -> None:
        """A leg is handed out."""
        for each in self._observers:
            each.begun(leg)

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member of a trial has come further."""
        for each in self._observers:
            each.reported(plan, place, points, result)

    def split(self, leg: Leg) -> None:
        """A leg could not be trained as one."""
        for each in self._observers:
            each.split(leg)

    def closed(self, leg: Leg, decision: Decision) -> None:
        """A leg has ended."""
        for each in self._observers:
            each.closed(leg, decision)

    def diagnosed(self, plan: Plan, found: Diagnosis) -> None:
        """It is known what ails a trial."""
        for each in self._observers:
            each.diagnosed(plan, found)

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has come to its end."""
        for each in self._observers:
            each.finished(plan, found, members)

    def noted(self, line: str) -> None:
        """Something has happened to a worker."""
        for each in self._observers:
            each.noted(line)

    def replayed(self) -> None:
        """All that was kept has been told."""
        for each in self._observers:
            each.replayed()
