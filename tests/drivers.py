"""Sweeps run by the command in processes of their own, which can be interrupted, killed and looked at from outside."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sweeps
from mlflow.entities import Run, ViewType
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.tracking.audit import differences

STUDY = "tiny-1"


@dataclass(frozen=True)
class Ran:
    """A sweep that was run by the command, and what is left of it."""

    home: Home
    done: subprocess.CompletedProcess[str]
    mark: str

    @property
    def shown(self) -> dict[str, Any]:
        """What it printed: the whole of standard output is one object in one line."""
        assert self.done.stdout.count("\n") == 1, self.done.stderr
        shown: dict[str, Any] = json.loads(self.done.stdout)
        return shown

    @property
    def study(self) -> Study:
        return sweeps.opened(self.home.root)

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.home.tracking_uri)

    def mlflow(self) -> tuple[Run, dict[int, Run]]:
        """The study's run, and those of its trials by number."""
        (experiment,) = [each for each in self.client.search_experiments() if each.name == self.study.sweep.name]
        every = list(self.client.search_runs([experiment.experiment_id]))
        (parent,) = [run for run in every if "mlflow.parentRunId" not in run.data.tags]
        children = [run for run in every if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
        assert len(children) == len(every) - 1
        of_trial = {int(run.data.tags["lockstep.trial"]): run for run in children}
        assert len(of_trial) == len(children), "two runs of one trial"
        return parent, of_trial

    def curve(self, run: Run, name: str) -> list[tuple[int, float]]:
        return [(point.step, point.value) for point in self.client.get_metric_history(run.info.run_id, name)]


def ran(root: Path, source: str, *options: str, **variables: str) -> Ran:
    root.mkdir(exist_ok=True)
    mark, home = uuid4().hex, Home.at(root / "runs")
    arguments = ["run", source, "--root", str(home.root), "--json", *options]
    done = sweeps.tuning(*arguments, cwd=root, variables={"MARK": mark, **variables})
    return Ran(home, done, mark)


@dataclass(frozen=True)
class Driver:
    """A command under way, with a session of its own as a terminal would give it."""

    process: "subprocess.Popen[str]"
    root: Path
    mark: str

    def study(self) -> Study | None:
        """The study as another process sees it; None before it is run."""
        return self._opened if Home.at(self.root).lock(STUDY).exists() else None

    @cached_property
    def _opened(self) -> Study:
        # Once: to open it costs a tenth of a second of processor, which is looked at that often would miss.
        return sweeps.opened(self.root)

    def summary(self) -> StudySummary | None:
        study = self.study()
        return None if study is None else study.summary()

    def assert_alive(self) -> None:
        assert self.process.poll() is None, self.process.communicate()[1]

    def has_finished(self, trials: int) -> bool:
        summary = self.summary()
        self.assert_alive()
        return summary is not None and summary.count("complete") >= trials

    def is_training(self) -> bool:
        summary = self.summary()
        self.assert_alive()
        return summary is not None and summary.count("running") > 0

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def press_ctrl_c(self) -> None:
        """What a terminal does: every process of the foreground group is told."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL; Ray's processes notice by themselves, a little later, that their driver is gone."""
        self.process.kill()
        self.process.wait(10)


def command_of(process: int) -> str:
    """What a process calls itself; nothing of one that is gone."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


def working(mark: str) -> list[int]:
    """What is left of a command but for two helpers of Ray's, which try for a minute to report a head that is gone."""
    helpers = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
    return [each for each in sweeps.processes(mark) if not command_of(each).startswith(helpers)]


@contextmanager
def started(root: Path, *arguments: str, **variables: str) -> Iterator[Driver]:
    """The command under way, with the studies in runs/; whatever is left of it at the end is killed."""
    mark, home = uuid4().hex, root / "runs"
    process = subprocess.Popen(
        sweeps.command(*arguments, "--root", str(home)),
        cwd=root,
        env=sweeps.surrounding(MARK=mark, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield Driver(process, home, mark)
        finally:
            for left in sweeps.processes(mark):
                with suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)


@contextmanager
def running(root: Path, *options: str, **changes: Any) -> Iterator[Driver]:
    """A `tuning run` of the tiny sweep, changed so, under way."""
    with started(root, "run", sweeps.written(root, **changes), *options) as driver:
        yield driver


def every_run(root: Path) -> list[Run]:
    """All runs that MLflow keeps of the tiny sweep, the deleted ones too."""
    client = MlflowClient(tracking_uri=Home.at(root).tracking_uri)
    experiments = [each.experiment_id for each in client.search_experiments() if each.name == "tiny"]
    return list(client.search_runs(experiments, run_view_type=ViewType.ALL))


def statuses(root: Path) -> Counter[str]:
    """How the runs that MLflow keeps have ended."""
    return Counter(str(run.info.status) for run in every_run(root))


def assert_whole(root: Path, trials: int, untrained: Collection[int] = ()) -> None:
    """A study that has come to its end, whatever happened to it: nothing is lost, and nothing is there twice.

    The legs, Optuna, MLflow and the checkpoints tell the same story; of those `untrained` there are no checkpoints.
    """
    study = sweeps.opened(root)
    sweeps.assert_sound(study, trials)
    assert differences(study) == []
    summary = study.summary()
    assert summary.state == "finished"
    children = {
        int(run.data.tags["lockstep.trial"]): run for run in every_run(root) if "lockstep.trial" in run.data.tags
    }
    assert len(every_run(root)) == trials + 1, "a run a trial and one of the study"
    assert sorted(children) == list(range(trials))
    assert "RUNNING" not in statuses(root)
    for trial in summary.trials:
        run = children[trial.number]
        assert run.info.run_id == trial.run_id
        assert run.data.tags["lockstep.state"] == ("diverged" if trial.diverged_at is not None else trial.state)
        assert run.data.params == {name: str(value) for name, value in trial.params.items()}
        assert run.data.metrics.get("value") == trial.value
        if trial.number not in untrained:
            _assert_curves(root, run, Home.at(root).member(STUDY, trial.number, 0) / checkpoint.LATEST, trial.steps)


def _assert_curves(root: Path, run: Run, path: Path, steps: int) -> None:
    """Every point that a member reported is in MLflow, once."""
    latest = checkpoint.read(path)
    assert latest is not None
    assert latest["report"]["steps"] == steps
    expected: dict[str, list[tuple[int, float]]] = {}
    for step, shown in latest["report"]["points"]:
        for name, value in shown.items():
            expected.setdefault(name, []).append((step, value))
    assert expected
    client = MlflowClient(tracking_uri=Home.at(root).tracking_uri)
    for name, points in expected.items():
        logged = [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]
        assert [step for step, _ in logged] == [step for step, _ in points], name
        # What was told before the driver was lost may have been trained again in another pack.
        assert [value for _, value in logged] == pytest.approx([value for _, value in points], rel=1e-3, nan_ok=True)
    assert len(client.get_metric_history(run.info.run_id, "value")) == ("value" in run.data.metrics)
