"""The search: which trials are trained next, with whom, and how far; and what becomes of them at each rung.

A leg is kept in the study when it is handed out, together with its new trials, and when it ends, together with what
becomes of them; each of these is one write. From the records a search goes on where another was cut off.
"""

import math
import random
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from trainables.messages import PackReport, PackRequest
from tuning.rules import halving, trial_outcome
from tuning.rules.objective import reaches
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.packing import Packing, member_request
from tuning.search.proposer import Proposer
from tuning.search.sampler_desk import SamplerDesk
from tuning.study.clock import Now
from tuning.study.legs import Decision, Leg, Plan, leg_name
from tuning.study.observer import Everyone, Observer, Points
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.study.summary import Limit

Rung = tuple[int, int]
"""A bracket, and the place of a budget on its ladder."""


class SearchPolicy(Observer):
    """Legs of new trials, and of those that were promoted and wait to be packed afresh.

    What it knows of the trials it is told as its other observers are: by the replay of the records when it is made, and
    by itself from then on, each time that something has been kept.
    """

    def __init__(
        self, study: Study, workers: int, observers: Sequence[Observer] = (), now: Now = time.monotonic
    ) -> None:
        """Go on from the study's records.

        workers: how many packs train at a time.
        observers: are told of all that has happened to the study, and of all that happens.
        now: what the sweep's time limit is measured by.
        """
        self._study, self._sweep, self._now = study, study.sweep, now
        self._proposer, self._packing = Proposer(study), Packing(study.sweep, workers)
        self._ladders = study.sweep.ladders
        self._second = study.sweep.second.metric if study.sweep.second else None
        self._everyone = Everyone([self, self._proposer.desk, *observers])
        self._rungs: dict[Rung, dict[int, float | None]] = {}
        """The values at each rung, of all trials that have come to it."""
        self._waiting: dict[Rung, list[Plan]] = {}
        """Promoted trials, by the rung that they are to reach next."""
        self._auditing: dict[Rung, list[Plan]] = {}
        """Pruned trials that go on to the full budget all the same, by the rung that they come from."""
        self._given_up: dict[int, int] = {}
        """The budgets at which these were pruned, also of those under way."""
        self._open: dict[str, Leg] = {}
        """Legs that are handed out and have not ended."""
        self._handed_out: set[str] = set()
        """Of these the legs that are trained now."""
        self._results: dict[int, list[MemberResult]] = {}
        """Of the trials that have not ended."""
        self._legs, self._steps, self._reached = 0, 0, False
        limit = study.sweep.time_limit
        self._deadline = math.inf if limit is None else now() + limit
        study.records.take_back()
        replay(study.records, self._everyone)

    @property
    def desk(self) -> SamplerDesk:
        """Where the sampler sits."""
        return self._proposer.desk

    @property
    def cut_off(self) -> Iterable[Leg]:
        """Legs that were under way when the study was cut off."""
        return list(self._open.values())

    @property
    def unfinished(self) -> bool:
        """Whether trials are left, begun or to be proposed."""
        return bool(self._results) or self._proposer.left > 0

    @property
    def stopped(self) -> Limit | None:
        """Which of the sweep's own limits keeps it from beginning more."""
        if self._reached:
            return "target"
        if self._sweep.max_steps is not None and self._steps >= self._sweep.max_steps:
            return "max_steps"
        return "time_limit" if self._now() > self._deadline else None

    @property
    def ended(self) -> bool:
        """Whether all is trained that there is, or that the sweep's limits let it; else it was interrupted."""
        return not self.unfinished or (self.stopped is not None and not self._handed_out)

    def at_once(self) -> AbstractContextManager[None]:
        """What is kept within reaches the study's records in one transaction."""
        return self._study.records.at_once()

    def next(self, under_way: Sequence[Leg]) -> Leg | None:
        """A full pack of promoted trials, the furthest first; else new trials; else what waits.

        Last of all come pruned trials that audit halving, so that nothing is decided otherwise because of them.
        """
        groups = sorted(self._groups(), key=lambda group: -group[0][1])
        for rung, plans in groups:
            if len(plans) >= self._packing.trials:
                return self._next_rung(rung, plans[: self._packing.trials])
        if self._proposer.left:
            bracket, count = self._new_bracket()
            return self._leg(self._proposer.ask(count), (bracket, 0))
        for rung, plans in groups:
            behind = any(leg.bracket == rung[0] and leg.rung < rung[1] for leg in under_way)
            if not behind or 2 * len(plans) >= self._packing.trials:
                return self._next_rung(rung, plans)
        undecided = any(leg.until < self._sweep.budget for leg in under_way)
        return None if undecided else self._audit_leg()

    def _groups(self) -> Iterator[tuple[Rung, list[Plan]]]:
        """Waiting trials that can share a leg."""
        for rung, plans in self._waiting.items():
            by_structure: dict[str, list[Plan]] = {}
            for plan in plans:
                by_structure.setdefault(self._packing.structure(plan), []).append(plan)
            for group in by_structure.values():
                yield rung, group

    def _new_bracket(self) -> tuple[int, int]:
        """The bracket of the next new trial, and how many of those that follow can share its pack."""
        asked = self._proposer.asked
        bracket = halving.bracket_of(asked, self._ladders)
        places = range(asked, asked + min(self._packing.trials, self._proposer.left))
        return bracket, sum(halving.bracket_of(place, self._ladders) == bracket for place in places)

    def _next_rung(self, rung: Rung, plans: list[Plan]) -> Leg:
        """A leg of promoted trials; places that are left in a last one go to trials that audit halving."""
        bracket, place = rung
        if place == len(self._ladders[bracket]) - 1:
            spare = self._packing.trials - len(plans)
            plans = [*plans, *self._to_audit((bracket, place - 1), self._packing.structure(plans[0]), spare)]
        return self._leg(plans, rung)

    def _audit_leg(self) -> Leg | None:
        for (bracket, place), plans in self._auditing.items():
            if plans:
                chosen = self._to_audit((bracket, place), self._packing.structure(plans[0]), self._packing.trials)
                return self._leg(chosen, (bracket, len(self._ladders[bracket]) - 1))
        return None

    def _to_audit(self, rung: Rung, structure: str, places: int) -> list[Plan]:
        """At most so many of the trials that audit halving from this rung on and can share a pack."""
        alike = [plan for plan in self._auditing.get(rung, []) if self._packing.structure(plan) == structure]
        return alike[:places]

    def _leg(self, plans: list[Plan], rung: Rung) -> Leg:
        bracket, place = rung
        self._legs += 1
        return Leg(leg_name(self._legs - 1), plans, bracket, place, self._ladders[bracket][place])

    def keep(self, work: Leg) -> None:
        """Keep that a leg is handed out."""
        self._study.records.open_leg(work)

    def request(self, work: Leg) -> PackRequest:
        """Tell everyone that a leg begins, and ask for it to be trained."""
        self._handed_out.add(work.name)
        self._everyone.begun(work)
        home, name = self._study.home, self._study.name
        members = [
            member_request(self._sweep, plan.values, seed, home.member(name, plan.number, place))
            for plan in work.plans
            for place, seed in enumerate(plan.seeds)
        ]
        return PackRequest(members, work.until, work.name, self._packing.fills_up_to(work.plans))

    def take(self, work: Leg, report: PackReport) -> None:
        """Tell everyone how far each member of a leg has come."""
        members, share_s = iter(report.members), report.train_s / len(report.members)
        for plan in work.plans:
            for place in range(len(plan.seeds)):
                said, before = next(members), self._results[plan.number][place]
                after = trial_outcome.advanced(before, said, self._sweep.metric, self._sweep.direction, self._second)
                seconds, share = before.seconds + report.train_s, before.share_s + share_s
                self._everyone.reported(plan, place, said.points, replace(after, seconds=seconds, share_s=share))
        self._study.clock.keep_now_and_then()

    def end(self, work: Leg, report: PackReport) -> None:
        """Decide on the trials of a leg."""
        self._close(work)

    def halves(self, work: Leg) -> Sequence[Leg]:
        """Keep that a leg is divided, and tell everyone."""
        if len(work.plans) == 1:
            return []
        middle = len(work.plans) // 2
        halves = [self._leg(plans, (work.bracket, work.rung)) for plans in (work.plans[:middle], work.plans[middle:])]
        self._study.records.split_leg(work, halves)
        self._handed_out.discard(work.name)
        self._everyone.split(work)
        return halves

    def fail(self, work: Leg, error: str) -> None:
        """End the trial that could not be trained."""
        self._close(work, error)

    def _close(self, leg: Leg, error: str | None = None) -> None:
        """Decide, once and for good, on each trial of a leg: it goes on, or it has ended."""
        found = {plan.number: self._outcome(plan, error) for plan in leg.plans}
        decision = self._decision(leg, found)
        ending = [plan for plan in leg.plans if plan.number not in decision.going_on]
        ends = {plan.number: self._end(found[plan.number], plan, leg) for plan in ending}
        members = {plan.number: self._results[plan.number] for plan in ending}
        with self.at_once():
            self._study.records.close_leg(leg, decision)
            for number, end in ends.items():
                curve = self._curve(leg, number, decision.values.get(number))
                self._study.records.finish(number, end, members[number], curve)
        self._handed_out.discard(leg.name)
        self._everyone.closed(leg, decision)
        for plan in ending:
            self._everyone.finished(plan, ends[plan.number], members[plan.number])

    def _decision(self, leg: Leg, found: Mapping[int, Outcome]) -> Decision:
        """Who goes on: of those that have come to the rung the best, the default, and some that audit halving."""
        values = {number: each.value for number, each in found.items() if each.state != "failed"}
        if leg.until == self._sweep.budget:
            return Decision(values)
        at_the_rung = self._rungs.get((leg.bracket, leg.rung), {}) | values
        default = frozenset(plan.number for plan in leg.plans if plan.default)
        numbers = [plan.number for plan in leg.plans]
        best = halving.promoted(at_the_rung, numbers, self._sweep.reduction, self._sweep.direction, default)
        given_up = [number for number, each in found.items() if number not in best and each.state == "complete"]
        # Chosen by chance, the same whenever the study is run.
        chance = {number: random.Random(f"{self._sweep.seed}/audit/{number}").random() for number in given_up}
        audited = {number for number in given_up if chance[number] < self._sweep.audit_fraction}
        return Decision(values, self._results_of(best), self._results_of(audited))

    def _results_of(self, numbers: Collection[int]) -> dict[int, list[MemberResult]]:
        return {number: list(self._results[number]) for number in sorted(numbers)}

    def _outcome(self, plan: Plan, error: str | None) -> Outcome:
        members, sweep = self._results[plan.number], self._sweep
        return trial_outcome.outcome(members, error, sweep.direction, sweep.aggregate, self._second)

    def _end(self, found: Outcome, plan: Plan, leg: Leg) -> Outcome:
        """What has become of a trial that goes no further than this leg."""
        if leg.until < self._sweep.budget and found.state == "complete":
            return trial_outcome.pruned(leg.until)
        return replace(found, given_up_at=self._given_up.get(plan.number))

    def _curve(self, leg: Leg, number: int, last: float | None) -> dict[int, float]:
        """The trial's values at the rungs that it has come to, by budget; `last`: at the one of this leg."""
        budgets = self._ladders[leg.bracket]
        values = {budgets[place]: self._rungs.get((leg.bracket, place), {}).get(number) for place in range(leg.rung)}
        return {steps: value for steps, value in {**values, leg.until: last}.items() if value is not None}

    def _is_target(self, found: Outcome) -> bool:
        target, direction = self._sweep.target, self._sweep.direction
        return found.value is not None and target is not None and reaches(found.value, target, direction)

    def put_back(self) -> None:
        """Where the sweep stops: keep how far the trials have come that have not ended."""
        with self.at_once():
            for number, members in self._results.items():
                self._study.records.put_back(number, members)

    # What is told, by the replay and afterwards.

    def begun(self, leg: Leg) -> None:
        """Its trials wait no longer."""
        self._open[leg.name] = leg
        self._legs = max(self._legs, leg.number + 1)
        self._packing.note_begun(leg)
        numbers = {plan.number for plan in leg.plans}
        for waiting in (*self._waiting.values(), *self._auditing.values()):
            waiting[:] = [plan for plan in waiting if plan.number not in numbers]
        for plan in leg.plans:
            self._results.setdefault(plan.number, [MemberResult() for _ in plan.seeds])

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further."""
        members = self._results[plan.number]
        self._steps += max(0, result.steps - members[place].steps)
        members[place] = result

    def split(self, leg: Leg) -> None:
        """Others take the place of a leg."""
        del self._open[leg.name]
        self._packing.note_split(leg)

    def closed(self, leg: Leg, decision: Decision) -> None:
        """Who goes on from a leg waits to be packed afresh."""
        del self._open[leg.name]
        self._rungs.setdefault((leg.bracket, leg.rung), {}).update(decision.values)
        waiting = self._waiting.setdefault((leg.bracket, leg.rung + 1), [])
        waiting += [plan for plan in leg.plans if plan.number in decision.promoted]
        auditing = self._auditing.setdefault((leg.bracket, leg.rung), [])
        auditing += [plan for plan in leg.plans if plan.number in decision.audited]
        self._given_up.update(dict.fromkeys(decision.audited, leg.until))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended, perhaps at the sweep's target."""
        self._results.pop(plan.number, None)
        self._reached = self._reached or self._is_target(found)
