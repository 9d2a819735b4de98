"""How far a search is: what its trials have come to, their values, and the steps that it has still to take."""

from collections.abc import Sequence
from itertools import accumulate

from tuning.rules import halving, hyperband, trial_outcome
from tuning.rules.objective import best, reaches
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.sweep.model import Sweep


class Tally(Observer):
    """Counts the trials of a search and their steps, over all the processes that have run it."""

    def __init__(self, sweep: Sweep) -> None:
        self._sweep, self._ladders = sweep, sweep.ladders
        expected = [self._expected(bracket, 0) for bracket in range(len(self._ladders))]
        places = (expected[hyperband.bracket_of(place, self._ladders)] for place in reversed(range(sweep.trials)))
        self._ahead = [sweep.seeds * steps for steps in accumulate(places, initial=0.0)]
        """By how many trials have not begun, the steps that they will take."""
        self.ended = {"complete": 0, "pruned": 0, "failed": 0}
        """How many trials have ended, by their state."""
        self.diverged = self.steps = 0
        self.values: dict[int, float] = {}
        """The value that each trial has so far."""
        self.default: int | None = None
        """The trial of the default configuration."""
        self._begun = 0
        self._members: dict[int, list[MemberResult]] = {}
        """Of each trial that has begun and not ended."""
        self._until: dict[int, int] = {}
        """Of each trial that runs now, where its leg ends."""
        self._reached = False
        """Whether a trial has reached the sweep's target."""

    def begun(self, leg: Leg) -> None:
        """The trials of a leg run."""
        for plan in leg.plans:
            self._members.setdefault(plan.number, [MemberResult() for _ in plan.seeds])
            self._until[plan.number] = leg.until
            self._begun = max(self._begun, plan.number + 1)
            self.default = plan.number if plan.default else self.default

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further, or goes on from an earlier checkpoint."""
        # A study that is broken may have a trial without a leg.
        members = self._members.setdefault(plan.number, [MemberResult() for _ in plan.seeds])
        self.steps += result.steps - members[place].steps
        members[place] = result
        self._note(plan.number, members)

    def replayed(self) -> None:
        """Nothing of what was told so far is running."""
        self._until.clear()

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended."""
        self._until.pop(plan.number, None)
        self._members.pop(plan.number, None)
        self.ended[found.state] += 1
        self.diverged += found.diverged_at is not None
        self._note(plan.number, members)
        target = self._sweep.target
        if target is not None and found.value is not None and reaches(found.value, target, self._sweep.direction):
            self._reached = True

    @property
    def running(self) -> int:
        """How many trials run now."""
        return len(self._until)

    @property
    def best(self) -> int | None:
        """The trial with the best value so far."""
        return best(self.values.items(), self._sweep.direction)

    @property
    def may_end_early(self) -> bool:
        """Whether a trial that reaches the target would end the search."""
        return self._sweep.target is not None and not self._reached

    def result(self, trial: int, place: int) -> MemberResult:
        """What is known of a member of a trial that has not ended."""
        return self._members[trial][place]

    def steps_left(self) -> float:
        """The steps that the search will still ask for; where it is halved, on average."""
        if self._reached:
            return self.steps_under_way()
        steps = self._ahead[max(0, self._sweep.trials - self._begun)]
        for trial, members in self._members.items():
            bracket = hyperband.bracket_of(trial, self._ladders)
            steps += sum(self._expected(bracket, each.steps) for each in members if each.diverged_at is None)
        if self._sweep.max_steps is not None:
            return min(steps, max(self._sweep.max_steps - self.steps, self.steps_under_way()))
        return steps

    def steps_under_way(self) -> float:
        """The steps that legs under way have still to take: they end whatever limit the sweep has reached."""
        return sum(
            max(0, until - each.steps)
            for trial, until in self._until.items()
            for each in self._members[trial]
            if each.diverged_at is None
        )

    def _note(self, trial: int, members: Sequence[MemberResult]) -> None:
        value = trial_outcome.outcome(members, None, self._sweep.direction, self._sweep.aggregate).value
        if value is not None:
            self.values[trial] = value
        else:
            self.values.pop(trial, None)

    def _expected(self, bracket: int, steps: int) -> float:
        ladder = self._ladders[bracket]
        return halving.expected(ladder, self._sweep.reduction, self._sweep.audit_fraction, steps)
