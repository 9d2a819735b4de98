"""The confirmation: packs of the best trials and the default, trained afresh on fresh seeds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from trainables.messages import PackReport, PackRequest
from tuning.search.confirm_plan import ConfirmPlan, TrialAndSeed
from tuning.search.packing import Packing, divided, member_request
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer
from tuning.study.replay import replay
from tuning.study.study import Study


@dataclass(frozen=True)
class Member:
    """One training that confirms: a trial's configuration with a fresh seed."""

    plan: Plan
    seed: int

    @property
    def key(self) -> TrialAndSeed:
        """What it is known by."""
        return self.plan.number, self.seed


@dataclass(frozen=True)
class ConfirmPack:
    """Members that are trained together; full: the size that the pack may be filled up to, 0: none but its own."""

    members: list[Member]
    full: int = 0


class Watcher(Protocol):
    """Is told how a confirmation goes; members are known by their trial and seed."""

    def reported(self, pack: Mapping[TrialAndSeed, int], seconds: float) -> None:
        """The members of a pack have come to these steps, in so many seconds since their last report."""

    def scored(self, members: Sequence[TrialAndSeed]) -> None:
        """These have a score, or never will."""

    def more(self, count: int) -> None:
        """So many more trainings are due."""

    def noted(self, line: str) -> None:
        """Something has happened to a worker that a person should know."""


class ConfirmPolicy:
    """Packs of the trainings that have no score yet."""

    def __init__(self, study: Study, plan: ConfirmPlan, workers: int, watcher: Watcher) -> None:
        """Begin with what is missing.

        workers: how many packs train at a time.
        watcher: is told how it goes.
        """
        self._study, self._plan, self._workers, self._watcher = study, plan, workers, watcher
        self._seconds: dict[TrialAndSeed, float] = {}
        """Of workers, for each training so far."""
        self.failures: dict[TrialAndSeed, str] = {}
        """Why trainings could not be trained."""
        self._packs = self._due()

    cut_off: Sequence[ConfirmPack] = ()
    stopped = False

    def at_once(self) -> AbstractContextManager[None]:
        """What is kept within reaches the study's records in one transaction."""
        return self._study.records.at_once()

    def next(self, under_way: Sequence[ConfirmPack]) -> ConfirmPack | None:
        """The next pack; of another look at the scores none before those of the last one are there."""
        if not self._packs and not under_way:
            self._packs = self._due()
            self._watcher.more(sum(len(pack.members) for pack in self._packs))
        return self._packs.pop(0) if self._packs else None

    def _due(self) -> list[ConfirmPack]:
        """Packs of the trainings that are due and have neither a score nor a reason for having none."""
        missing = self._plan.missing({**dict.fromkeys(self.failures), **self._study.attributes.scores()})
        plans = self._study.records.plans() if missing else {}
        members = [Member(plans[number], seed) for number, seed in missing]
        return list(_packs(self._study, members, self._workers))

    def keep(self, work: ConfirmPack) -> None:
        """Nothing: a pack that is cut off is found again by the scores that its members lack."""

    def request(self, work: ConfirmPack) -> PackRequest:
        """Ask for a pack to be trained in full, and for the scores of its best weights on fresh episodes."""
        home, name = self._study.home, self._study.name
        members = [
            member_request(self._study.sweep, each.plan.values, each.seed, home.confirming(name, *each.key))
            for each in work.members
        ]
        numbers = sorted({each.plan.number for each in work.members})
        called = f"confirm-{'-'.join(map(str, numbers))}"
        return PackRequest(members, None, called, work.full, self._plan.episodes)

    def take(self, work: ConfirmPack, report: PackReport) -> None:
        """Say how far the members have come."""
        members = zip(work.members, report.members, strict=True)
        for each in work.members:
            self._seconds[each.key] = self._seconds.get(each.key, 0.0) + report.train_s / len(work.members)
        self._watcher.reported({each.key: said.steps for each, said in members}, report.train_s)
        self._study.clock.keep_now_and_then()

    def end(self, work: ConfirmPack, report: PackReport) -> None:
        """Keep the scores; a training that diverged has none and counts as the worst there is."""
        scored: list[tuple[int, int, float | None]] = []
        for each, said, score in zip(work.members, report.members, report.confirmed or [], strict=True):
            if said.error is not None:
                self.failures[each.key] = said.error
            else:
                sound = said.diverged_at is None and math.isfinite(score)
                scored.append((*each.key, score if sound else None))
        seconds = sum(self._seconds.pop(each.key, 0.0) for each in work.members)
        with self.at_once():
            self._study.attributes.keep_scores(scored)
            self._study.attributes.add_confirm_spent(
                len(work.members), sum(said.steps for said in report.members), round(seconds, 3)
            )
            self._study.clock.keep()
        self._watcher.scored([each.key for each in work.members])

    def parts(self, work: ConfirmPack, member: int | None) -> Sequence[ConfirmPack]:
        """Two packs, neither filled up: their worker may have died of the pack's size."""
        if len(work.members) == 1:
            return []
        return [ConfirmPack(members) for members in divided(work.members, member)]

    def fail(self, work: ConfirmPack, error: str) -> None:
        """Remember why a training has no score; it may be tried again."""
        for each in work.members:
            self.failures[each.key] = error
        self._watcher.scored([each.key for each in work.members])

    def leave(self, work: ConfirmPack) -> None:
        """Nothing: as for `keep`."""

    def note(self, line: str) -> None:
        """Say it."""
        self._watcher.noted(line)


class _Packings(Observer):
    """Learns from a study's legs of which structures there were full packs."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing

    def begun(self, leg: Leg) -> None:
        """A leg was handed out."""
        self._packing.note_begun(leg)

    def split(self, leg: Leg) -> None:
        """A leg could not be trained as one."""
        self._packing.note_split(leg)


def _packs(study: Study, members: Sequence[Member], workers: int) -> Iterator[ConfirmPack]:
    """Members of one structure together, in packs of even size, enough of them that no worker idles."""
    packing, groups = Packing(study.sweep, workers), dict[str, list[Member]]()
    replay(study.records, _Packings(packing))
    for member in members:
        groups.setdefault(packing.structure(member.plan), []).append(member)
    for group in groups.values():
        # As large as the search's packs, whose size is compiled already; if they are few, so that no worker idles.
        count = max(math.ceil(len(group) / packing.members), min(workers, len(group)))
        size = math.ceil(len(group) / count)
        for first in range(0, len(group), size):
            yield ConfirmPack(group[first : first + size], packing.fills_up_to([group[0].plan]))
