"""Legs for Ray Tune: who is trained next, with whom, and how far; what comes back is kept and decided on.

A leg is kept in the study when it is handed out, with its new trials, and when it ends, with what becomes of them: each
of these is one write. From the records a search goes on where another was cut off.
"""

import math
import random
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, Protocol

from ray.tune.search import Searcher

from trainables.loops.registry import loop_of
from tuning.rules import halving, trial_outcome
from tuning.rules.objective import reaches
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.proposer import Proposer
from tuning.study.legs import Leg, Plan
from tuning.study.study import Study
from tuning.study.summary import Limit
from tuning.sweep.model import Sweep

SMALLEST_PACK, LARGEST_PACK, PACKS_A_WORKER = 8, 16, 4
LARGEST_OF_MANY, MANY_PACKS = 64, 32
"""With pack size auto: no larger than pays on a CPU core, and each worker gets several packs, so that Optuna learns
between them; but not smaller than it takes to have most of the speed, where there are as many trials. Where there are
so many that each worker gets many packs, larger ones spare the driver legs."""


class Observer(Protocol):
    """Is told of everything that happens to trials; must not take long."""

    def begun(self, leg: Leg) -> None:
        """A leg is handed out."""

    def reported(
        self, plan: Plan, place: int, points: list[tuple[int, dict[str, float]]], result: MemberResult
    ) -> None:
        """A member of a trial, the one of its seed at `place`, has come further."""

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has come to its end."""


def pack_size(sweep: Sweep, workers: int) -> int:
    """Trials in a pack."""
    if loop_of(sweep.loop).Config.foreign:
        return 1
    if sweep.pack_size != "auto":
        return max(1, sweep.pack_size // sweep.seeds)
    share = sweep.trials * sweep.seeds / workers
    members = max(
        min(SMALLEST_PACK, math.ceil(share)),
        min(LARGEST_PACK, math.ceil(share / PACKS_A_WORKER)),
        min(LARGEST_OF_MANY, math.floor(share / MANY_PACKS)),
    )
    return max(1, members // sweep.seeds)


class PackSearch(Searcher):
    """A Ray Searcher that suggests legs: of new trials, and of those that were promoted and wait."""

    def __init__(self, study: Study, workers: int, observers: Sequence[Observer]) -> None:
        super().__init__(metric=study.sweep.metric, mode="max" if study.sweep.direction == "maximize" else "min")
        self._study, self._sweep, self._observers = study, study.sweep, observers
        self._size, self._proposer = pack_size(study.sweep, workers), Proposer(study)
        self._ladders = study.sweep.ladders
        self._second = study.sweep.second.metric if study.sweep.second else None
        self._rungs: dict[tuple[int, int], dict[int, float | None]] = {}
        """The values at each rung of each bracket, of all trials that have come to it."""
        self._waiting: dict[tuple[int, int], list[Plan]] = {}
        """Promoted trials, by the bracket and the rung that they are to reach next."""
        self._auditing: dict[tuple[int, int], list[Plan]] = {}
        """Pruned trials that go on to the full budget all the same, by the bracket and the rung that they come from."""
        self._given_up: dict[int, int] = {}
        """The budgets at which these were pruned, also of those under way."""
        self._again: deque[Leg] = deque()
        self._under_way: dict[str, Leg] = {}
        self._results: dict[int, list[MemberResult]] = {}
        """Of the trials that have not ended."""
        self._structures: dict[int, str] = {}
        self._full: set[str] = set()
        """Structures of which there was a full pack."""
        self._split: set[int] = set()
        """Trials that were in a leg which could not be trained as one."""
        self._legs = 0
        self._deadline = math.inf if study.sweep.time_limit is None else time.monotonic() + study.sweep.time_limit
        self._steps, self._reached = 0, False
        self._take_up()

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
        return "time_limit" if time.monotonic() > self._deadline else None

    @property
    def ended(self) -> bool:
        """Whether all is trained that there is, or that its limits let it; else it was interrupted."""
        return not self.unfinished or (self.stopped is not None and not self._under_way)

    def suggest(self, trial_id: str) -> Any:
        """The next leg as the config of a Trainable; None while all that is left depends on legs under way."""
        with self._study.at_once():
            leg = None if self.stopped else self._next_leg()
            if leg is not None:
                self._study.open_leg(leg)
        if leg is None:
            return None if self._under_way else Searcher.FINISHED
        self._under_way[trial_id] = leg
        for plan in leg.plans:
            self._results.setdefault(plan.number, [MemberResult() for _ in plan.seeds])
        for observer in self._observers:
            observer.begun(leg)
        return self._as_config(leg)

    def _next_leg(self) -> Leg | None:
        """What was cut off; else a full pack of promoted trials, the furthest first; else new trials; else the rest.

        Last of all come pruned trials that audit halving, so that nothing is decided otherwise because of them.
        """
        if self._again:
            return self._again.popleft()
        groups = sorted(self._groups(), key=lambda group: -group[1])
        for bracket, rung, plans in groups:
            if len(plans) >= self._size:
                return self._promote(bracket, rung, plans[: self._size])
        if self._proposer.left:
            bracket, count = self._new_bracket()
            return self._leg(self._proposer.ask(count), bracket, 0)
        for bracket, rung, plans in groups:
            behind = any(leg.bracket == bracket and leg.rung < rung for leg in self._under_way.values())
            if not behind or 2 * len(plans) >= self._size:
                return self._promote(bracket, rung, plans)
        undecided = any(leg.until < self._sweep.budget for leg in self._under_way.values())
        return None if undecided else self._audit_leg()

    def _audit_leg(self) -> Leg | None:
        for (bracket, rung), plans in self._auditing.items():
            if plans:
                chosen = self._audited(bracket, rung, self._structure(plans[0]), self._size)
                return self._leg(chosen, bracket, len(self._ladders[bracket]) - 1)
        return None

    def _new_bracket(self) -> tuple[int, int]:
        """The bracket of the next new trial, and how many of those that follow can share its pack."""
        asked = self._proposer.asked
        bracket = halving.bracket_of(asked, self._ladders)
        places = range(asked, asked + min(self._size, self._proposer.left))
        return bracket, sum(halving.bracket_of(place, self._ladders) == bracket for place in places)

    def _groups(self) -> Iterable[tuple[int, int, list[Plan]]]:
        """Waiting trials that can share a leg: bracket, rung, plans."""
        for (bracket, rung), plans in self._waiting.items():
            by_structure: dict[str, list[Plan]] = {}
            for plan in plans:
                by_structure.setdefault(self._structure(plan), []).append(plan)
            for group in by_structure.values():
                yield bracket, rung, group

    def _structure(self, plan: Plan) -> str:
        if plan.number not in self._structures:
            self._structures[plan.number] = self._sweep.structure_of(plan.values)
        return self._structures[plan.number]

    def _promote(self, bracket: int, rung: int, plans: list[Plan]) -> Leg:
        waiting = self._waiting[bracket, rung]
        self._waiting[bracket, rung] = [plan for plan in waiting if plan not in plans]
        if rung == len(self._ladders[bracket]) - 1:
            spare = self._size - len(plans)
            plans = [*plans, *self._audited(bracket, rung - 1, self._structure(plans[0]), spare)]
        return self._leg(plans, bracket, rung)

    def _audited(self, bracket: int, rung: int, structure: str, places: int) -> list[Plan]:
        """So many at the most of those that audit halving from this rung on, and that can share a pack."""
        waiting = self._auditing.get((bracket, rung), [])
        chosen = [plan for plan in waiting if self._structure(plan) == structure][:places]
        self._auditing[bracket, rung] = [plan for plan in waiting if plan not in chosen]
        return chosen

    def _leg(self, plans: list[Plan], bracket: int, rung: int) -> Leg:
        self._legs += 1
        return Leg(f"leg-{self._legs - 1:05d}", plans, bracket, rung, self._ladders[bracket][rung])

    def _as_config(self, leg: Leg) -> dict[str, Any]:
        home, name = self._study.home, self._study.name
        members = [
            self._study.member(plan.values, seed, home.member(name, plan.number, place))
            for plan in leg.plans
            for place, seed in enumerate(plan.seeds)
        ]
        return {"members": members, "full_pack": self._full_pack(leg), "until": leg.until, "leg": leg.name}

    def _full_pack(self, leg: Leg) -> int:
        """Members that this one may be filled up to: of full packs of its structure, if there are any; 0: to no more.

        Whose worker died may have died of the pack's size.
        """
        structure = self._structure(leg.plans[0])
        if len(leg.plans) == self._size:
            self._full.add(structure)
        if structure not in self._full or any(plan.number in self._split for plan in leg.plans):
            return 0
        return self._size * self._sweep.seeds

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """A report of every member of a leg."""
        leg, reports = self._under_way[trial_id], iter(result["members"])
        share = result["train_s"] / len(result["members"])
        for plan in leg.plans:
            for place in range(len(plan.seeds)):
                report, before = next(reports), self._results[plan.number][place]
                after = trial_outcome.advanced(before, report, self._sweep.metric, self._sweep.direction, self._second)
                after = replace(after, seconds=before.seconds + result["train_s"], share_s=before.share_s + share)
                self._results[plan.number][place] = after
                self._steps += max(0, after.steps - before.steps)
                for observer in self._observers:
                    observer.reported(plan, place, report["points"], after)
        self._study.keep_seconds()

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """A leg has ended; with an error `LegErrors` says which, and without a result it was only stopped."""
        if not error and result is not None:
            self.on_trial_result(trial_id, result)
            self._end(self._under_way.pop(trial_id))

    def failed(self, trial_id: str, error: str) -> None:
        """A leg could not be trained, however often it was tried.

        Who of its trials it is that fails is found by halves: the others must not suffer for it.
        """
        leg = self._under_way.pop(trial_id)
        if len(leg.plans) == 1:
            self._end(leg, error)
            return
        middle = len(leg.plans) // 2
        halves = [self._leg(plans, leg.bracket, leg.rung) for plans in (leg.plans[:middle], leg.plans[middle:])]
        self._study.split_leg(leg, halves)
        self._split |= {plan.number for plan in leg.plans}
        self._again.extend(halves)

    def _end(self, leg: Leg, error: str | None = None) -> None:
        """Decide, once and for good, on every trial of a leg: it is promoted and waits, or it has ended."""
        found = {plan.number: self._outcome(plan, error) for plan in leg.plans}
        values = {number: each.value for number, each in found.items() if each.state != "failed"}
        rung = self._rungs.setdefault((leg.bracket, leg.rung), {})
        rung.update(values)
        promoted = self._promoted(leg)
        audited = self._chosen_to_audit(leg, found, promoted)
        ending = [plan for plan in leg.plans if plan.number not in promoted | audited]
        with self._study.at_once():
            going = ({number: self._results[number] for number in sorted(each)} for each in (promoted, audited))
            self._study.close_leg(leg, values, *going)
            for plan in ending:
                curve, members = self._curve(leg, plan.number), self._results[plan.number]
                self._study.finish(plan.number, self._decided(found[plan.number], plan, leg), members, curve)
        self._go_on(leg, promoted, audited)
        for plan in ending:
            end, members = self._decided(found[plan.number], plan, leg), self._results.pop(plan.number)
            self._reached = self._reached or self._is_target(end)
            for observer in self._observers:
                observer.finished(plan, end, members)

    def _promoted(self, leg: Leg) -> set[int]:
        """Who goes on to the next rung: the best of all that have come to this one, and the default, if it is here."""
        if leg.until == self._sweep.budget:
            return set()
        rung = self._rungs[leg.bracket, leg.rung]
        default = frozenset(plan.number for plan in leg.plans if plan.default)
        numbers = [plan.number for plan in leg.plans]
        return halving.promoted(rung, numbers, self._sweep.reduction, self._sweep.direction, default)

    def _chosen_to_audit(self, leg: Leg, found: Mapping[int, Outcome], promoted: set[int]) -> set[int]:
        """Of those that are not promoted a random share, the same whenever the study is run."""
        if leg.until == self._sweep.budget:
            return set()
        pruned = [number for number, each in found.items() if number not in promoted and each.state == "complete"]
        chance = {number: random.Random(f"{self._sweep.seed}/audit/{number}").random() for number in pruned}
        return {number for number in pruned if chance[number] < self._sweep.audit_fraction}

    def _go_on(self, leg: Leg, promoted: Collection[int], audited: Collection[int]) -> None:
        """Who goes on from a leg waits to be packed afresh."""
        waiting = self._waiting.setdefault((leg.bracket, leg.rung + 1), [])
        waiting += [plan for plan in leg.plans if plan.number in promoted]
        auditing = self._auditing.setdefault((leg.bracket, leg.rung), [])
        auditing += [plan for plan in leg.plans if plan.number in audited]
        self._given_up.update(dict.fromkeys(audited, leg.until))

    def _decided(self, found: Outcome, plan: Plan, leg: Leg) -> Outcome:
        """What has become of a trial that goes no further."""
        if leg.until < self._sweep.budget and found.state == "complete":
            return trial_outcome.pruned(leg.until)
        return replace(found, given_up_at=self._given_up.get(plan.number))

    def _outcome(self, plan: Plan, error: str | None) -> Outcome:
        members, sweep = self._results[plan.number], self._sweep
        return trial_outcome.outcome(members, error, sweep.direction, sweep.aggregate, self._second)

    def _is_target(self, found: Outcome) -> bool:
        target, direction = self._sweep.target, self._sweep.direction
        return found.value is not None and target is not None and reaches(found.value, target, direction)

    def _curve(self, leg: Leg, number: int) -> dict[int, float]:
        """The trial's values at the rungs that it has come to."""
        values = {
            self._ladders[leg.bracket][rung]: self._rungs.get((leg.bracket, rung), {}).get(number)
            for rung in range(leg.rung + 1)
        }
        return {steps: value for steps, value in values.items() if value is not None}

    def put_back(self) -> None:
        """Of the trials that have not ended when the sweep stops: keep how far they came."""
        with self._study.at_once():
            for number, members in self._results.items():
                self._study.put_back(number, members)

    def _take_up(self) -> None:
        """Go on from the study's records: what was decided stands, what was under way is begun again."""
        plans, unfinished = self._study.plans(), self._study.take_back()
        for record in self._study.legs():
            self._legs += 1
            # Whoever is in a later leg waits no longer.
            for waiting in (*self._waiting.values(), *self._auditing.values()):
                waiting[:] = [plan for plan in waiting if plan.number not in record.numbers]
            leg = Leg(record.name, [plans[n] for n in record.numbers], record.bracket, record.rung, record.until)
            if record.state == "split":
                self._split |= set(record.numbers)
            elif len(leg.plans) == self._size:
                self._full.add(self._structure(leg.plans[0]))
            if record.state == "open":
                self._again.append(leg)
                for plan in leg.plans:
                    self._results.setdefault(plan.number, [MemberResult() for _ in plan.seeds])
            self._rungs.setdefault((leg.bracket, leg.rung), {}).update(record.values)
            self._results.update(record.promoted | record.audited)
            self._go_on(leg, record.promoted, record.audited)
        self._results = {number: members for number, members in self._results.items() if number in unfinished}
        self._keep_time()
        ends = self._study.ends().values()
        self._reached = any(self._is_target(found) for found, _ in ends)
        known = [*(members for _, members in ends), *self._results.values()]
        self._steps = sum(member.steps for members in known for member in members)

    def _keep_time(self) -> None:
        """Trials whose leg was cut off tell all of it again but the time that it took until then."""
        standing = self._study.standing()
        for plan in chain.from_iterable(leg.plans for leg in self._again):
            members = zip(self._results[plan.number], standing[plan.number], strict=True)
            self._results[plan.number] = [
                replace(member, seconds=kept.seconds, share_s=kept.share_s) for member, kept in members
            ]

    def save(self, checkpoint_path: str) -> None:
        """Nothing: all that is needed is in the study."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing, likewise."""

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher, which nothing reads back."""
        return {}
