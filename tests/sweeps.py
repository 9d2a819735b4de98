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
from contextlib import closing, nullcontext, suppress
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import optuna
import pytest
import yaml
from optuna.storages import RDBStorage
from ray.tune.search import Searcher
from sqlalchemy import Connection, event
from sqlalchemy.pool import SingletonThreadPool

from trainables.loops.contract import Report
from trainables.tune import trainable_of
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.leg_search import Observer, PackSearch
from tuning.study import catalogue
from tuning.study.legs import Leg, Plan
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.sweep.model import Sweep
from tuning.tracking import experiments
from tuning.workers import team
from tuning.workers.team import Team

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


def opened(root: Path, name: str | None = None) -> Study:
    """The study as another process would see it."""
    home = Home.at(root)
    return catalogue.opened(home, home.storage_url, name)


def left_weights(folder: Path, text: str = "weights") -> None:
    """What a worker leaves of a member that has been scored."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "best.pt", "w") as archive:
        archive.writestr("weights", text)


def score_of(config: dict[str, Any]) -> float:
    """A score that any member has without being trained: the nearer its learning rate to 0.01, the better."""
    return -abs(float(config["learning_rate"]) - 0.01)


def reports(
    config: dict[str, Any],
    score: Callable[[dict[str, Any]], float] = score_of,
    diverged: Sequence[int] = (),
) -> dict[str, Any]:
    """What a leg of this config reports at its end; `diverged`: places of members that stopped being finite."""
    until, members = config["until"], []
    for place, member in enumerate(config["members"]):
        points = [(until, {"evaluation/return_mean": score(member)})]
        at, reason = (until // 2, "the loss is not finite") if place in diverged else (None, None)
        members.append(asdict(Report(at or until, points, None, None, at, reason)))
    return {"members": members, "train_s": 0.5}


class Recorder:
    """An observer that remembers what it was told."""

    def __init__(self) -> None:
        self.begun_with: list[Leg] = []
        self.points: list[tuple[int, int, list[tuple[int, dict[str, float]]], MemberResult]] = []
        self.ended: dict[int, tuple[Outcome, list[MemberResult]]] = {}

    def begun(self, leg: Leg) -> None:
        self.begun_with.append(leg)

    def reported(
        self, plan: Plan, place: int, points: list[tuple[int, dict[str, float]]], result: MemberResult
    ) -> None:
        self.points.append((plan.number, place, points, result))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        assert plan.number not in self.ended, "told twice"
        self.ended[plan.number] = found, list(members)


def numbers(config: dict[str, Any]) -> list[int]:
    """The trials of a leg, known by the folders of their members."""
    return list(dict.fromkeys(trial_of(member) for member in config["members"]))


def trial_of(member: dict[str, Any]) -> int:
    """The trial of a member of a leg, known by its folder."""
    return int(Path(member["folder"]).parent.name)


def driven(
    study: Study,
    workers: int = 1,
    result: Callable[[dict[str, Any]], dict[str, Any] | str] = reports,
    observers: Sequence[Observer] = (),
    order: random.Random | None = None,
) -> list[dict[str, Any]]:
    """Run the whole search with so many workers, without training anything; returns the configs of its legs.

    result: what a leg reports at its end, or why it fails. Legs end in the order in which they began, or in a random
    one.
    """
    search = PackSearch(study, workers, observers)
    legs: list[dict[str, Any]] = []
    under_way: list[tuple[str, dict[str, Any]]] = []
    while (leg := search.suggest(f"leg {len(legs)}")) != Searcher.FINISHED:
        if leg is not None:
            under_way.append((f"leg {len(legs)}", leg))
            legs.append(leg)
        if leg is None or len(under_way) == workers:
            trial_id, ending = under_way.pop(order.randrange(len(under_way)) if order else 0)
            came_to = result(ending)
            if isinstance(came_to, str):
                search.on_trial_complete(trial_id, error=True)
                search.failed(trial_id, came_to)
            else:
                search.on_trial_complete(trial_id, came_to)
    assert not under_way
    assert not search.unfinished
    return legs


class ByHand:
    """Stands for Ray Tune and its workers: legs end in this process, and after so many of them it is interrupted.

    trains: whether their members are trained, as a worker would; else their scores are made up.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, trains: bool = False) -> None:
        self.legs = math.inf
        self._results = _trained if trains else _made_up
        monkeypatch.setattr(team, "open_team", lambda wanted, address: nullcontext(Team(1, 1, 0)))
        monkeypatch.setattr("tuning.runner._train", self._train)

    def _train(self, study: Study, team: Team, search: Any) -> None:
        while self.legs > 0 and isinstance(leg := search.suggest("leg"), dict):
            *before, last = self._results(study.sweep, leg)
            for result in before:
                search.on_trial_result("leg", result)
            search.on_trial_complete("leg", last)
            self.legs -= 1


def _made_up(sweep: Sweep, leg: dict[str, Any]) -> list[dict[str, Any]]:
    scores = [score_of(member) + 1e-3 * (member["seed"] % 7) for member in leg["members"]]
    return [{**reports({"until": sweep.budget, **leg}), "confirmed": scores}]


def _trained(sweep: Sweep, leg: dict[str, Any]) -> list[dict[str, Any]]:
    worker = trainable_of(sweep.loop, sweep.metric, sweep.direction)(leg)
    results = [worker.train()]
    while not results[-1]["done"]:
        results.append(worker.train())
    worker.stop()
    return results


def finished(study: Study, diverged: Sequence[int] = (), failing: str | None = None) -> None:
    """Drive the search by hand to its end. In the first leg these members diverge; `failing`: why every leg fails."""
    driven(
        study,
        result=lambda leg: failing or reports(leg, diverged=diverged if leg["leg"].endswith("00000") else ()),
    )


def assert_sound(study: Study, trials: int) -> None:
    """A search that has come to its end has as many trials as it should, and its records and Optuna agree on each."""
    told = study.optuna.get_trials()
    assert [trial.number for trial in told] == list(range(trials))
    records = study.legs()
    for place, record in enumerate(records):
        later = {number for each in records[place + 1 :] for number in each.numbers}
        assert record.state != "open" or {*record.numbers} <= later, "a leg is open that nobody trains"
    plans, ends = study.plans(), study.ends()
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
