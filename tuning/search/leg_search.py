"""The search: legs of new trials, and of those that were promoted.

A leg is kept in the study when it is handed out, together with its new trials, and when it ends, together with what
becomes of them; each of these is one write. From the records a search goes on where another was cut off.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from trainables.messages import PackReport, PackRequest
from tuning.rules.trial_outcome import advanced, gone_back
from tuning.search.leg_decision import decided
from tuning.search.listed_proposer import ListedProposer
from tuning.search.next_leg import NextLeg
from tuning.search.packing import Packing, divided, member_request
from tuning.search.proposer import Proposer
from tuning.search.running_curves import RunningCurves
from tuning.search.sampler_desk import SamplerDesk
from tuning.search.standing import Standing
from tuning.study import kept_curves
from tuning.study.clock import Now
from tuning.study.legs import Leg
from tuning.study.observer import Everyone, Observer
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.study.summary import Limit

MOST_ASKED = 2
"""Workers that are asked what trivial answers score, where the first one dies of it: it is not worth more."""


class SearchPolicy:
    """A LegSource's policy: it keeps what happens in the study's records, and then tells everyone.

    Where the search stands and what its sampler knows is told in the same way as to all other observers: first by the
    replay of the records, then as it happens.
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
        self._packing, experiment = Packing(study.sweep, workers), study.attributes.experiment
        self._proposer = Proposer(study) if experiment is None else ListedProposer(study)
        self._episodes, self._pack = (0, 0) if experiment is None else (experiment.episodes, experiment.pack)
        """Fresh ones that trainings are scored on at their end, and the size that packs must have."""
        self._standing = Standing(study.sweep, self._packing)
        self._next_leg = NextLeg(study.sweep, self._standing, self._packing, self._proposer)
        self._everyone = Everyone([self._standing, self._proposer.desk, *observers])
        self._curves = RunningCurves(study.sweep)
        self._under_way: set[str] = set()
        """The names of the legs that are trained now."""
        self._knows_trivial = study.attributes.trivial is not None
        """Whether it is kept what trivial answers score."""
        self._asked_trivial: list[str] = []
        """The names of the legs whose workers were asked for that, the last of which may have it still to say."""
        limit = study.sweep.time_limit
        self._deadline = math.inf if limit is None else now() + limit
        study.records.take_back()
        replay(study.records, self._everyone)

    @property
    def desk(self) -> SamplerDesk:
        """Where the sampler sits."""
        return self._proposer.desk

    @property
    def cut_off(self) -> Sequence[Leg]:
        """Legs that were under way when the study was cut off."""
        return list(self._standing.open.values())

    @property
    def unfinished(self) -> bool:
        """Whether trials are left, begun or to be proposed."""
        return bool(self._standing.results) or self._proposer.left > 0

    @property
    def exhausted(self) -> bool:
        """Whether it ends before its last trial since all configurations that there are were tried."""
        return self._proposer.exhausted

    @property
    def stopped(self) -> Limit | None:
        """Which of the sweep's own limits keeps it from beginning more."""
        if self._standing.reached:
            return "target"
        if self._sweep.max_steps is not None and self._standing.steps >= self._sweep.max_steps:
            return "max_steps"
        return "time_limit" if self._now() > self._deadline else None

    @property
    def ended(self) -> bool:
        """Whether all is trained that there is, or that the sweep's limits let it; else it was interrupted."""
        return not self.unfinished or (self.stopped is not None and not self._under_way)

    def at_once(self) -> AbstractContextManager[None]:
        """What is kept within reaches the study's records in one transaction."""
        return self._study.records.at_once()

    def next(self, under_way: Sequence[Leg]) -> Leg | None:
        """The next leg; None while there is none, or none before others have ended."""
        return self._next_leg.choose(under_way)

    def keep(self, work: Leg) -> None:
        """Keep that a leg is handed out."""
        self._study.records.open_leg(work)

    def request(self, work: Leg) -> PackRequest:
        """Tell everyone that a leg begins, and ask for it to be trained."""
        self._under_way.add(work.name)
        self._everyone.begun(work)
        home, name = self._study.home, self._study.name
        members = [
            member_request(self._sweep, plan.values, seed, home.member(name, plan.number, place))
            for plan in work.plans
            for place, seed in enumerate(plan.seeds)
        ]
        full, asks = self._packing.fills_up_to(work.plans), self._asks_trivial(work)
        return PackRequest(members, work.until, work.name, full, self._episodes, trivial=asks, size=self._pack)

    def _asks_trivial(self, leg: Leg) -> bool:
        """Whether the worker of a leg is asked what trivial answers score: one at a time, and not for ever."""
        waits = bool(self._asked_trivial) and self._asked_trivial[-1] in self._under_way - {leg.name}
        asks = not self._knows_trivial and not waits and len(self._asked_trivial) < MOST_ASKED
        if asks:
            self._asked_trivial.append(leg.name)
        return asks

    def take(self, work: Leg, report: PackReport) -> None:
        """Tell everyone how far each member of a leg has come."""
        if report.trivial is not None:
            self._study.attributes.set_trivial(report.trivial)
            self._knows_trivial = True
        members, share_s = iter(report.members), report.train_s / len(report.members)
        second = self._sweep.second.metric if self._sweep.second else None
        for plan in work.plans:
            for place in range(len(plan.seeds)):
                said, before = next(members), self._standing.results[plan.number][place]
                if report.began_at is not None:
                    before = gone_back(before, report.began_at)
                after = replace(
                    advanced(before, said, self._sweep.metric, self._sweep.direction, second),
                    seconds=before.seconds + report.train_s,
                    share_s=before.share_s + share_s,
                )
                self._curves.note(plan.number, place, said.points)
                self._everyone.reported(plan, place, said.points, after)
        self._study.clock.keep_now_and_then()

    def end(self, work: Leg, report: PackReport) -> None:
        """Decide on the trials of a leg that was trained."""
        if report.confirmed is not None:
            self._note_scores(work, iter(report.confirmed))
        self._close(work)

    def _note_scores(self, work: Leg, scores: Iterator[float]) -> None:
        for plan in work.plans:
            for place, result in enumerate(self._standing.results[plan.number]):
                score = next(scores)
                sound = result.diverged_at is None and result.error is None and math.isfinite(score)
                self._everyone.reported(plan, place, [], replace(result, score=score if sound else None))

    def fail(self, work: Leg, error: str) -> None:
        """End the trial that could not be trained."""
        self._close(work, error)

    def parts(self, work: Leg, member: int | None) -> Sequence[Leg]:
        """Keep that a leg is divided, and tell everyone."""
        if len(work.plans) == 1:
            return []
        place = None if member is None else member // self._sweep.seeds
        parts = [self._next_leg.leg(plans, work.bracket, work.rung) for plans in divided(work.plans, place)]
        self._study.records.split_leg(work, parts)
        self._under_way.discard(work.name)
        self._everyone.split(work)
        return parts

    def leave(self, work: Leg) -> None:
        """Nothing but that it is not under way: its record stays open, and `put_back` keeps where its trials stand."""
        self._under_way.discard(work.name)

    def note(self, line: str) -> None:
        """Tell everyone."""
        self._everyone.noted(line)

    def put_back(self) -> None:
        """Where the sweep stops: keep how far the trials have come that have not ended."""
        with self.at_once():
            for number, members in self._standing.results.items():
                self._study.records.put_back(number, members)

    def _close(self, leg: Leg, error: str | None = None) -> None:
        decision, endings = decided(leg, self._sweep, self._standing, error)
        diagnoses = {
            plan.number: self._curves.diagnosis(plan, endings[plan.number].members)
            for plan in leg.plans
            if plan.number in endings and endings[plan.number].found.state != "failed"
        }
        for number, ending in endings.items():
            if ending.found.state == "failed":
                self._keep_curves(number, len(ending.members))
        self._curves.drop(leg.plans)
        with self.at_once():
            self._study.records.close_leg(leg, decision)
            for number, ending in endings.items():
                diagnosis = diagnoses.get(number)
                self._study.records.finish(number, ending.found, ending.members, ending.curve, diagnosis)
        self._under_way.discard(leg.name)
        self._everyone.closed(leg, decision)
        for plan in leg.plans:
            if plan.number in endings:
                ending = endings[plan.number]
                if (diagnosis := diagnoses.get(plan.number)) is not None:
                    self._everyone.diagnosed(plan, diagnosis)
                self._everyone.finished(plan, ending.found, ending.members)

    def _keep_curves(self, number: int, members: int) -> None:
        """Keep what a trial has reported after its last checkpoints, as its worker writes none any more."""
        for place in range(members):
            folder = self._study.home.member(self._study.name, number, place)
            kept_curves.keep(folder, self._curves.points(number, place))
