"""Where a search stands: what has become of its trials so far, as it is told of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

from tuning.rules.objective import reaches
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.packing import Packing
from tuning.study.legs import Decision, Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.sweep.model import Sweep

Rung: TypeAlias = tuple[int, int]
"""A bracket, and the place of a budget on its ladder."""


class Standing(Observer):
    """The legs that are open, the trials that wait, and the values at each rung."""

    def __init__(self, sweep: Sweep, packing: Packing) -> None:
        self._sweep, self._packing, self._ladders = sweep, packing, sweep.ladders
        self.open: dict[str, Leg] = {}
        """Legs that are handed out and have not ended, by name."""
        self.results: dict[int, list[MemberResult]] = {}
        """How far the members have come of the trials that have not ended."""
        self.given_up: dict[int, int] = {}
        """The budgets at which trials were pruned that go on to audit halving."""
        self.legs, self.steps, self.reached = 0, 0, False
        """How many legs were made; steps taken by all members; whether a trial has reached the sweep's target."""
        self._values: dict[Rung, dict[int, float | None]] = {}
        """Of all trials that have come to a rung what they are compared by."""
        self._waiting: dict[Rung, list[Plan]] = {}
        """Promoted trials, by the rung that they are to reach next."""
        self._auditing: dict[Rung, list[Plan]] = {}
        """Trials that audit halving and wait, by the rung that they come from."""

    def values_at(self, leg: Leg) -> Mapping[int, float | None]:
        """The values at the rung that a leg leads to."""
        return self._values.get((leg.bracket, leg.rung), {})

    def curve(self, leg: Leg, number: int) -> dict[int, float]:
        """A trial's values at the rungs before that of its leg, by budget."""
        ladder = self._ladders[leg.bracket]
        values = {ladder[place]: self._values.get((leg.bracket, place), {}).get(number) for place in range(leg.rung)}
        return {budget: value for budget, value in values.items() if value is not None}

    def waiting(self) -> list[tuple[Rung, list[Plan]]]:
        """Promoted trials that can share a leg, those that have come furthest first."""
        groups = [(rung, group) for rung, plans in self._waiting.items() for group in self._alike(plans)]
        return sorted(groups, key=lambda group: -group[0][1])

    def auditing(self) -> list[tuple[Rung, list[Plan]]]:
        """Trials that audit halving and can share a leg, by the rung that they come from."""
        return [(rung, group) for rung, plans in self._auditing.items() for group in self._alike(plans)]

    def _alike(self, plans: Sequence[Plan]) -> Iterator[list[Plan]]:
        by_structure: dict[str, list[Plan]] = {}
        for plan in plans:
            by_structure.setdefault(self._packing.structure(plan), []).append(plan)
        yield from by_structure.values()

    def begun(self, leg: Leg) -> None:
        """Its trials wait no longer."""
        self.open[leg.name] = leg
        self.legs = max(self.legs, leg.number + 1)
        self._packing.note_begun(leg)
        numbers = {plan.number for plan in leg.plans}
        for waiting in (*self._waiting.values(), *self._auditing.values()):
            waiting[:] = [plan for plan in waiting if plan.number not in numbers]
        for plan in leg.plans:
            self.results.setdefault(plan.number, [MemberResult() for _ in plan.seeds])

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further."""
        members = self.results[plan.number]
        # One that goes on from a checkpoint reports fewer steps than before.
        self.steps += max(0, result.steps - members[place].steps)
        members[place] = result

    def split(self, leg: Leg) -> None:
        """Others take the place of a leg."""
        del self.open[leg.name]
        self._packing.note_split(leg)

    def closed(self, leg: Leg, decision: Decision) -> None:
        """Whoever goes on from a leg waits to be packed afresh."""
        del self.open[leg.name]
        self._values.setdefault((leg.bracket, leg.rung), {}).update(decision.values)
        waiting = self._waiting.setdefault((leg.bracket, leg.rung + 1), [])
        waiting += [plan for plan in leg.plans if plan.number in decision.promoted]
        auditing = self._auditing.setdefault((leg.bracket, leg.rung), [])
        auditing += [plan for plan in leg.plans if plan.number in decision.audited]
        self.given_up.update(dict.fromkeys(decision.audited, leg.until))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended, perhaps at the sweep's target."""
        self.results.pop(plan.number, None)
        target, direction = self._sweep.target, self._sweep.direction
        if target is not None and found.value is not None and reaches(found.value, target, direction):
            self.reached = True
