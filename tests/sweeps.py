"""Sweeps of a second or two, results of members that nobody trained, and the command as a person gives it."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import yaml
from ray.tune.search import Searcher

from trainables.loop import Report
from tuning.outcome import MemberResult
from tuning.paths import Home
from tuning.search import PackSearch
from tuning.study import Study
from tuning.sweep import Sweep

Answer = TypeVar("Answer")

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
    return Study.create(home, home.storage_url, tiny(**changes), called)


def opened(root: Path, name: str | None = None) -> Study:
    """The study as another process would see it."""
    home = Home.at(root)
    return Study.open(home, home.storage_url, name)


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


def finished(study: Study, diverged: Sequence[int] = (), failing: str | None = None) -> None:
    """Drive the search by hand to its end. In the first leg these members diverge; `failing`: why every leg fails."""
    search = PackSearch(study, 1, [])
    while (leg := search.suggest("leg")) != Searcher.FINISHED:
        if failing:
            search.failed("leg", failing)
            continue
        first = leg["leg"].endswith("00000")
        search.on_trial_complete("leg", reports(leg, diverged=diverged if first else ()))


def results(*values: float | None, diverged_at: int | None = None) -> list[MemberResult]:
    """Members that have come to these values, a second each."""
    reason = None if diverged_at is None else "the loss is not finite"
    return [MemberResult(200, value, None if value is None else 150, diverged_at, reason, 1.0) for value in values]


def surrounding(**more: str) -> dict[str, str]:
    """The environment of a process that a person starts in a fresh shell."""
    return {**{key: value for key, value in os.environ.items() if not key.startswith(PRIVATE)}, **more}


def command(*arguments: str) -> list[str]:
    """The `tuning` command of this very installation."""
    return [str(Path(sys.executable).with_name("tuning")), *arguments]


def tuning(
    *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None, timeout: float = 180
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
