"""Sweeps of a second or two, results of members that nobody trained, and the command as a person gives it."""

import math
import os
import random
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import optuna
import pytest
import yaml
from optuna.samplers import RandomSampler
from optuna.storages import RDBStorage
from sqlalchemy import Connection, event
from sqlalchemy.pool import SingletonThreadPool

from trainables.base.report import Report
from trainables.messages import MemberRequest, PackReport, PackRequest, Parcel
from trainables.tune import trainable_of
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.leg_search import SearchPolicy
from tuning.search.leg_source import LegSource
from tuning.search.sampler_desk import SamplerDesk
from tuning.study import catalogue
from tuning.study.clock import Now
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.sweep.model import Sweep, Workers
from tuning.tracking import experiments

Answer = TypeVar("Answer")
Said: TypeAlias = tuple[int, str, str]
"""Of a command: exit code, standard output, standard error."""

TINY: dict[str, Any] = {
    "name": "tiny",
    "loop": "reinforce",
    "environment": "NumberMatch-v0",
    "budget": 200,
    "trials": 8,
    "workers": 2,
    "halving": "off",
    "confirm": "off",
    "fixed": {
        "environment_args": {"n": 4, "one_hot": True},
        "batch_size": 10,
        "hidden": [8],
        "reports": 4,
        "evaluation_episodes": 8,
        "gamma": 1.0,
    },
    "search": {
        "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
        "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.5}}}},
        "baseline": {"choices": ["none", "batch_mean"]},
    },
}
"""Twenty updates a trial, reported at 50, 100, 150 and 200 steps. The loop's defaults lie inside the search."""

PRIVATE = ("RAY_", "MLFLOW_", "LOCKSTEP_", "TUNE_")
"""Beginnings of variables that a person's shell does not have, though the tests' own process may."""


def tiny(**changes: Any) -> Sweep:
    """The tiny sweep with some of its keys changed."""
    return Sweep.model_validate({**TINY, **changes})


def written(folder: Path, **changes: Any) -> str:
    """The path of a file that holds the tiny sweep with some of its keys changed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return str(path)


def created(root: Path, called: str | None = None, **changes: Any) -> Study:
    """A new study of the tiny sweep."""
    home = Home.at(root)
    sweep, url = tiny(**changes), home.storage_url
    start = [] if sweep.start_from is None else experiments.beginnings(home, url, sweep.start_from, sweep)
    return catalogue.create(home, url, sweep, called, start)


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, and nothing can be written after it."""


@cache
def _tables() -> bytes:
    """A database with all that Optuna lays out, and nothing else."""
    with closing(RDBStorage("sqlite://").engine.raw_connection()) as laid_out:
        return _bytes(laid_out.driver_connection)


def _bytes(connection: Any) -> bytes:
    serialized: bytes = connection.serialize()
    return serialized


class Mortal:
    """A database whose process can be killed at any of its writes.

    database: one that `before_writes` has kept; else it is new.
    """

    def __init__(self, database: bytes | None = None) -> None:
        self._database = sqlite3.connect(":memory:")
        # To lay out its tables costs most of what a short search does.
        self._database.deserialize(database or _tables())
        # In memory: one connection, for one thread.
        ready = {"creator": lambda: self._database, "poolclass": SingletonThreadPool}
        self.storage = RDBStorage("sqlite://", ready, skip_compatibility_check=True, skip_table_creation=True)
        self.left = math.inf
        """Writes that it still takes."""
        self.before_writes: list[bytes] | None = None
        """Where it is a list, the database as it was before each write, which is what a process leaves that dies at it.
        """
        self._written = False
        event.listen(self.storage.engine, "before_cursor_execute", self._look)
        event.listen(self.storage.engine, "commit", self._count)

    def _look(self, connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not self._written and not statement.startswith(("SELECT", "PRAGMA")):
            self._written = True
            if self.before_writes is not None:
                self.before_writes.append(_bytes(self._database))

    def _count(self, connection: Connection) -> None:
        # What only reads commits too.
        if self._written and self.left <= 0:
            self._written = False
            raise Killed
        self.left -= self._written
        self._written = False


def in_memory(kept: Mortal, **changes: Any) -> Study:
    """The study of the tiny sweep that this storage holds; a new one where it holds none."""
    home = Home.at("nowhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "storage", lambda url: kept.storage)
        if optuna.get_all_study_names(kept.storage):
            return catalogue.opened(home, "memory")
        return catalogue.create(home, "memory", tiny(**changes))


def opened(root: Path, name: str | None = None, now: Now = time.monotonic) -> Study:
    """The study as another process would see it; now: what its seconds are counted by."""
    home = Home.at(root)
    return catalogue.opened(home, home.storage_url, name, now)


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
    """What a leg reports at its end; `diverged`: places of members that stopped being finite."""
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
    """Run the whole search with so many workers, without training anything; returns its legs.

    result: what a leg reports at its end, or why it fails. Legs end in the order in which they began, or in a random
    one.
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
    """

    count = 1

    def __init__(self, legs: float = math.inf, trains: bool = False) -> None:
        self.legs, self._results = legs, _trained if trains else _made_up

    def __call__(self, wanted: Workers, address: str | None) -> AbstractContextManager["ByHand"]:
        """It is its own and only worker, whatever is wanted."""
        return nullcontext(self)

    def train(self, study: Study, source: LegSource[Any]) -> None:
        """Train what the source hands out."""
        while self.legs > 0 and (leg := source.next("leg")) is not None:
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
    """Drive the search by hand to its end. In the first leg these members diverge; `failing`: why every leg fails."""
    driven(
        study,
        result=lambda leg: failing or reports(leg, diverged=diverged if leg.name.endswith("00000") else ()),
    )


def assert_sound(study: Study, trials: int) -> None:
    """A search that has come to its end has as many trials as it should, and its records and Optuna agree on each."""
    told = study.optuna.get_trials()
    assert [trial.number for trial in told] == list(range(trials))
    records = study.records.legs()
    for place, record in enumerate(records):
        later = {number for each in records[place + 1 :] for number in each.numbers}
        assert record.state != "open" or {*record.numbers} <= later, "a leg is open that nobody trains"
    plans, ends = study.records.plans(), study.records.ends()
    for trial in told:
        way = [record for record in records if record.state == "closed" and trial.number in record.numbers]
        assert len({record.bracket for record in way}) == 1, "brackets are never mixed"
        found = ends[trial.number][0]
        audited = [record for record in way if trial.number in record.audited]
        judged = way if not audited else way[:-1]
        assert [record.until for record in judged] == [*study.sweep.ladders[way[0].bracket][: len(judged)]]
        assert all(trial.number in record.promoted for record in judged[:-1])
        assert trial.number not in judged[-1].promoted
        if audited:
            assert audited == [judged[-1]]
            assert (way[-1].until, found.given_up_at) == (study.sweep.budget, judged[-1].until)
            assert trial.number not in way[-1].promoted
        assert trial.state.name == {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}[found.state]
        assert (found.state == "complete") <= (way[-1].until == study.sweep.budget)
        assert trial.value == found.value or found.state == "pruned"
        values = {record.until: record.values.get(trial.number) for record in way}
        shown = {until: value for until, value in values.items() if value is not None}
        assert trial.intermediate_values == ({} if found.diverged_at is not None else shown)
        if plans[trial.number].default and found.state == "pruned":
            assert found.diverged_at is not None, "the default goes to the end, whatever its place"


def results(*values: float | None, diverged_at: int | None = None) -> list[MemberResult]:
    """Members that have come to these values, a second each."""
    reason = None if diverged_at is None else "the loss is not finite"
    return [MemberResult(200, value, None if value is None else 150, diverged_at, reason, 1.0) for value in values]


def surrounding(**more: str) -> dict[str, str]:
    """The environment of a process that a person starts in a fresh shell."""
    return {**{key: value for key, value in os.environ.items() if not key.startswith(PRIVATE)}, **more}


def python_path(folder: Path) -> str:
    """A PYTHONPATH with this folder first, which a command and its workers then import from."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def command(*arguments: str) -> list[str]:
    """The `tuning` command of this very installation."""
    return [str(Path(sys.executable).with_name("tuning")), *arguments]


def tuning(
    *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None, timeout: float = 400
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a folder, with these variables in its environment."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=surrounding(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def awaited(found: Callable[[], Answer], within: float, what: str) -> Answer:
    """The first truthy answer, asked for again and again."""
    deadline = time.monotonic() + within
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.1)
    return answer


def processes(mark: str) -> list[int]:
    """The processes alive that have this word in their environment: those that a marked one has begun."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found
