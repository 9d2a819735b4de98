"""Studies whose tracker is told what happens, and what MLflow says of them afterwards."""

import math
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
from mlflow.entities import Run, ViewType
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from trainables.messages import PackReport, PackRequest
from tuning.study.paths import Home
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.tracking import server
from tuning.tracking.audit import differences
from tuning.tracking.database import make_database
from tuning.tracking.server import tracking_uri
from tuning.tracking.tracker import Tracker


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@cache
def _empty_store() -> sqlite3.Connection:
    """A database with all that MLflow lays out, and nothing else."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(folder)
        make_database(home)
        with closing(sqlite3.connect(home.tracking_database)) as made:
            made.backup(kept)
    return kept


def client_of(root: Path) -> MlflowClient:
    """A client of the MLflow that studies of this root are told to."""
    home = Home.at(root)
    # To have MLflow lay out its tables costs most of what a short test does.
    if tracking_uri(home) == home.tracking_uri and not home.tracking_database.exists():
        root.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(home.tracking_database)) as empty:
            _empty_store().backup(empty)
    return server.client_of(home)


def tracked(
    study: Study,
    drive: Callable[[Tracker], Any] | None = None,
    state: Any = "finished",
    say: Callable[[str], None] = lambda line: None,
    **waiting: Any,
) -> Tracker:
    """Track what happens while `drive` runs, or what has happened if nothing does, then end the study.

    waiting: how long MLflow is waited for, and by which clock, as Tracker takes it.
    """
    client_of(study.home.root)
    tracker = Tracker(study, **waiting)
    with study.held(), tracker.open(say):
        study.attributes.set_state("running", 0.0)
        if drive is None:
            replay(study.records, tracker)
        else:
            drive(tracker)
        study.attributes.set_state(state, 1.0)
        tracker.ended(study.summary())
    return tracker


def trained(leg: PackRequest, diverged: Sequence[int] = ()) -> PackReport:
    """What a leg reports at its end, with the checkpoints of its members left on disk."""
    result = legs_by_hand.reports(leg, diverged=diverged)
    for member, report in zip(leg.members, result.members, strict=True):
        assert member.folder is not None
        folder = Path(member.folder)
        legs_by_hand.left_weights(folder, f"weights of {member.config['seed']}")
        whole = asdict(replace(report, points=[*checkpoint.curve(folder), *report.points]))
        checkpoint.save([folder], [{"moment": leg.until or 200, "report": whole}], [None])
    return result


def searched(study: Study, **more: Any) -> Tracker:
    """Track a search to its end; more: of `tracked`."""
    return tracked(study, lambda tracker: legs_by_hand.driven(study, result=trained, observers=[tracker]), **more)


class Runs:
    """What MLflow says of a study, as it is now."""

    def __init__(self, study: Study) -> None:
        self.client = client_of(study.home.root)
        experiments = [each.experiment_id for each in self.client.search_experiments(view_type=ViewType.ALL)]
        ours = f"tags.lockstep.key = '{study.attributes.key}'"
        self.every: list[Run] = list(self.client.search_runs(experiments, ours, run_view_type=ViewType.ALL))
        """The deleted ones too."""

    @property
    def own(self) -> Run:
        """The study's own run."""
        (own,) = [run for run in self._active if "lockstep.trial" not in run.data.tags]
        return own

    @property
    def of_trial(self) -> dict[int, Run]:
        """The run of each trial."""
        runs = [run for run in self._active if "lockstep.trial" in run.data.tags]
        found = {int(run.data.tags["lockstep.trial"]): run for run in runs}
        assert len(found) == len(runs), "two runs of one trial"
        return found

    @property
    def statuses(self) -> Counter[str]:
        """How many runs have ended in which way."""
        return Counter(str(run.info.status) for run in self.every)

    def curve(self, trial: int, name: str = "evaluation/return_mean") -> list[tuple[int, float]]:
        """Steps, and what was logged there."""
        history = self.client.get_metric_history(self.of_trial[trial].info.run_id, name)
        return [(point.step, point.value) for point in history]

    def weights(self, trial: int) -> list[str]:
        """The files of the trial's weights."""
        return [file.path for file in self.client.list_artifacts(self.of_trial[trial].info.run_id, "checkpoint")]

    @property
    def _active(self) -> list[Run]:
        return [run for run in self.every if run.info.lifecycle_stage == "active"]


def assert_told(study: Study, untrained: Collection[int] = (), doubles: bool = False) -> None:
    """MLflow was told all of a study that has ended, and nothing twice.

    untrained: trials that have left no checkpoints to compare their curves with.
    doubles: whether runs may have come to be that were one too many, and been deleted.
    """
    assert [str(each) for each in differences(study)] == []
    runs, trials = Runs(study), study.summary().trials
    assert len(runs.of_trial) == len(trials)
    assert doubles or len(runs.every) == len(trials) + 1, "a run a trial, one of the study, and none was ever deleted"
    assert doubles or "RUNNING" not in runs.statuses
    assert "RUNNING" not in {run.info.status for run in [runs.own, *runs.of_trial.values()]}
    for trial in trials:
        state = runs.of_trial[trial.number].data.tags["lockstep.state"]
        assert state == ("diverged" if trial.diverged_at is not None else trial.state)
        if trial.number not in untrained:
            _assert_curves(runs, study, trial.number, trial.steps // len(trial.seeds))


def _assert_curves(runs: Runs, study: Study, trial: int, steps: int) -> None:
    """Every point that the trial's first member reported is in MLflow, once."""
    latest = checkpoint.read(study.home.member(study.name, trial, 0) / checkpoint.LATEST)
    assert latest is not None
    assert latest["report"]["steps"] == steps
    expected: dict[str, list[tuple[int, float]]] = {}
    for step, shown in latest["report"]["points"]:
        for name, value in shown.items():
            # MLflow knows no infinity that would not come first in a sort.
            expected.setdefault(name, []).append((step, value if math.isfinite(value) else math.nan))
    assert expected
    for name, points in expected.items():
        logged = runs.curve(trial, name)
        assert [step for step, _ in logged] == [step for step, _ in points], name
        # What was told before the driver was lost may have been trained again in another pack.
        assert [value for _, value in logged] == pytest.approx([value for _, value in points], rel=1e-3, nan_ok=True)
    assert len(runs.curve(trial, "value")) == ("value" in runs.of_trial[trial].data.metrics)
