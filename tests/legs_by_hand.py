"""Legs that end by hand: searches driven in this process and without Ray, with results made up or trained here."""

import math
import random
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from optuna.samplers import RandomSampler

from trainables.base.report import Report
from trainables.messages import MemberRequest, PackReport, PackRequest, Parcel
from trainables.tune import trainable_of
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.leg_search import SearchPolicy
from tuning.search.leg_source import LegSource
from tuning.search.sampler_desk import SamplerDesk
from tuning.study.clock import Now
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Workers


def left_weights(folder: Path, text: str = "weights") -> None:
    """What a worker leaves of a member that has been scored."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "best.pt", "w") as archive:
        archive.writestr("weights", text)


def score_of(member: MemberRequest) -> float:
    """A score that any member has without being trained: the nearer its learning rate to 0.01, the better."""
    return -abs(float(member.config["learning_rate"]) - 0.01)


def reports(
    leg: PackRequest, score: Callable[[MemberRequest], float] = score_of, diverged: Sequence[int] = ()
) -> PackReport:
    """What a leg reports at its end.

    score: of each member.
    diverged: places of the members that stopped being finite.
    """
    until, members = leg.until or 200, []
    for place, member in enumerate(leg.members):
        points = [(until, {"evaluation/return_mean": score(member)})]
        at, reason = (until // 2, "the loss is not finite") if place in diverged else (None, None)
        members.append(Report(at or until, points, None, None, at, reason))
    return PackReport(members, 0.5)


class Recorder(Observer):
    """An observer that remembers what it was told, but for the replay of what had happened before."""

    def __init__(self) -> None:
        self.begun_with: list[Leg] = []
        self.points: list[tuple[int, int, list[tuple[int, dict[str, float]]], MemberResult]] = []
        self.ended: dict[int, tuple[Outcome, list[MemberResult]]] = {}

    def begun(self, leg: Leg) -> None:
        self.begun_with.append(leg)

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        self.points.append((plan.number, place, list(points), result))

    def replayed(self) -> None:
        self.begun_with.clear()
        self.points.clear()
        self.ended.clear()

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        assert plan.number not in self.ended, "told twice"
        self.ended[plan.number] = found, list(members)


def numbers(leg: PackRequest) -> list[int]:
    """The trials of a leg, known by the folders of their members."""
    return list(dict.fromkeys(trial_of(member) for member in leg.members))


def trial_of(member: MemberRequest) -> int:
    """The trial of a member of a leg, known by its folder."""
    assert member.folder is not None
    return int(Path(member.folder).parent.name)


def planned(study: Study, plan: Plan | None = None, **params: Any) -> Plan:
    """A trial that Optuna was asked for, with its plan kept; without a plan, one that has these parameters."""
    desk = SamplerDesk(study)
    number = desk.ask(RandomSampler()).number
    seeds, default = study.training_seeds(number), number == 0
    kept = plan or Plan(number, dict(params), dict(params), seeds, default=default)
    assert kept.number == number
    study.records.begin(desk.trial(number), kept)
    return kept


def ended(study: Study, found: Outcome | float) -> Plan:
    """A planned trial that has come to this end, or to this value."""
    plan = planned(study, learning_rate=0.01)
    outcome = found if isinstance(found, Outcome) else Outcome("complete", found)
    study.records.finish(plan.number, outcome, results(outcome.value))
    return plan


class Searching(LegSource[Leg]):
    """A search whose legs are asked for, reported and ended by hand."""

    def __init__(
        self, study: Study, workers: int = 1, observers: Sequence[Observer] = (), now: Now = time.monotonic
    ) -> None:
        self.policy = SearchPolicy(study, workers, observers, now)
        super().__init__(self.policy)

    def leg(self, ticket: str = "leg") -> PackRequest:
        """The next leg, of which there must be one."""
        found = self.next(ticket)
        assert found is not None
        return found

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to be handed out, nor under way."""
        return self.idle and self.next("none") is None


def driven(
    study: Study,
    workers: int = 1,
    result: Callable[[PackRequest], PackReport | str] = reports,
    observers: Sequence[Observer] = (),
    order: random.Random | None = None,
) -> list[PackRequest]:
    """Run the whole search, without training anything; returns its legs.

    workers: how many legs are under way at a time.
    result: what a leg reports at its end, or why it fails.
    observers: are told of all that happens.
    order: what decides which leg ends next; None: they end in the order in which they began.
    """
    search = Searching(study, workers, observers)
    legs: list[PackRequest] = []
    under_way: list[tuple[str, PackRequest]] = []
    while (leg := search.next(f"leg {len(legs)}")) is not None or under_way:
        if leg is not None:
            under_way.append((f"leg {len(legs)}", leg))
            legs.append(leg)
        if leg is None or len(under_way) == workers:
            ticket, ending = under_way.pop(order.randrange(len(under_way)) if order else 0)
            came_to = result(ending)
            if isinstance(came_to, str):
                search.failed(ticket, came_to)
            else:
                search.trained(ticket, came_to)
    assert not search.policy.unfinished
    return legs


class ByHand:
    """Stands for Ray Tune and its workers: whoever hires it has legs trained one by one in this process.

    legs: after how many of them it is interrupted.
    trains: whether their members are trained, as a worker would; else their scores are made up.
    leave: leaves on disk what a worker would of a leg, where nothing is trained.
    """

    count = 1

    def __init__(
        self, legs: float = math.inf, trains: bool = False, leave: Callable[[PackRequest], None] = lambda leg: None
    ) -> None:
        self.legs, self._results, self._leave = legs, _trained if trains else _made_up, leave

    def __call__(self, wanted: Workers, address: str | None) -> AbstractContextManager["ByHand"]:
        """Whatever is wanted, it is the only worker."""
        return nullcontext(self)

    def train(self, study: Study, source: LegSource[Any]) -> None:
        """Train what the source hands out."""
        while self.legs > 0 and (leg := source.next("leg")) is not None:
            self._leave(leg)
            *before, last = self._results(study.sweep, leg)
            for report in before:
                source.reported("leg", report)
            source.trained("leg", last)
            self.legs -= 1


def _made_up(sweep: Sweep, leg: PackRequest) -> list[PackReport]:
    scores = [score_of(member) + 1e-3 * (member.config["seed"] % 7) for member in leg.members]
    return [replace(reports(replace(leg, until=leg.until or sweep.budget)), confirmed=scores)]


def _trained(sweep: Sweep, leg: PackRequest) -> list[PackReport]:
    worker = trainable_of(sweep.loop, sweep.metric, sweep.direction)({"leg": leg.name, "request": Parcel(leg)})
    results = [worker.train()]
    while not results[-1]["done"]:
        results.append(worker.train())
    worker.stop()
    return [result["report"].take() for result in results]


def finished(study: Study, diverged: Sequence[int] = (), failing: str | None = None) -> None:
    """Drive the search to its end.

    diverged: places of the members of the first leg that diverge.
    failing: why every leg fails, if they do.
    """
    driven(
        study,
        result=lambda leg: failing or reports(leg, diverged=diverged if leg.name.endswith("00000") else ()),
    )


def results(*values: float | None, diverged_at: int | None = None) -> list[MemberResult]:
    """Members that have come to these values, a second each."""
    reason = None if diverged_at is None else "the loss is not finite"
    return [MemberResult(200, value, None if value is None else 150, diverged_at, reason, 1.0) for value in values]
