"""Sweeps run by the command in processes of their own, which can be interrupted, killed and looked at from outside."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import commands
import sweeps
from tracked import Runs, assert_told

from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.study.summary import StudySummary

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
    def told(self) -> Runs:
        """What MLflow says of the study."""
        return Runs(self.study)


def ran(root: Path, source: str, *options: str, **variables: str) -> Ran:
    root.mkdir(exist_ok=True)
    mark, home = uuid4().hex, Home.at(root / "runs")
    arguments = ["run", source, "--root", str(home.root), "--json", *options]
    done = commands.tuning(*arguments, cwd=root, variables={"MARK": mark, **variables})
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
        self.tell_all(signal.SIGINT)

    def tell(self, what: signal.Signals) -> None:
        """Send a signal to the command alone, as Kubernetes does."""
        self.process.send_signal(what)

    def tell_all(self, what: signal.Signals) -> None:
        """Send a signal to all processes of its group, as Slurm does."""
        os.killpg(self.process.pid, what)

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
    return [each for each in commands.processes(mark) if not command_of(each).startswith(helpers)]


@contextmanager
def started(root: Path, *arguments: str, **variables: str) -> Iterator[Driver]:
    """The command under way, with the studies in runs/; whatever is left of it at the end is killed."""
    mark, home = uuid4().hex, root / "runs"
    process = subprocess.Popen(
        commands.command(*arguments, "--root", str(home)),
        cwd=root,
        env=commands.surrounding(MARK=mark, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield Driver(process, home, mark)
        finally:
            for left in commands.processes(mark):
                with suppress(ProcessLookupError):
                    os.kill(left, signal.SIGKILL)


@contextmanager
def running(root: Path, *options: str, variables: Mapping[str, str] | None = None, **changes: Any) -> Iterator[Driver]:
    """A `tuning run` of the tiny sweep, changed so, under way; variables: of its environment."""
    with started(root, "run", sweeps.written(root, **changes), *options, **(variables or {})) as driver:
        yield driver


def statuses(root: Path) -> Counter[str]:
    """How the runs that MLflow keeps of the study have ended."""
    return Runs(sweeps.opened(root)).statuses


def assert_whole(root: Path, trials: int, untrained: Collection[int] = ()) -> None:
    """A study that has come to its end, whatever happened to it: nothing is lost, and nothing is there twice.

    The legs, Optuna, MLflow and the checkpoints tell the same story; of those `untrained` there are no checkpoints.
    """
    study = sweeps.opened(root)
    sweeps.assert_sound(study, trials)
    assert study.summary().state == "finished"
    assert_told(study, untrained)
