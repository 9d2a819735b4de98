"""A study whose tracker is told what happens, and what MLflow says of it afterwards."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlflow.entities import Run, ViewType
from mlflow.tracking import MlflowClient

from tuning.study.paths import Home
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.tracking.retries import PATIENCE, Patience
from tuning.tracking.tracker import Tracker


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def client_of(root: Path) -> MlflowClient:
    return MlflowClient(tracking_uri=Home.at(root).tracking_uri)


def runs_of(client: MlflowClient, experiment: str = "tiny") -> list[Run]:
    """All runs of the experiment, the deleted ones too."""
    found = client.get_experiment_by_name(experiment)
    assert found is not None
    return list(client.search_runs([found.experiment_id], run_view_type=ViewType.ALL))


def by_trial(runs: list[Run]) -> dict[int, Run]:
    children = [run for run in runs if "lockstep.trial" in run.data.tags]
    assert len({run.data.tags["lockstep.trial"] for run in children}) == len(children), "two runs of one trial"
    return {int(run.data.tags["lockstep.trial"]): run for run in children}


def curve(client: MlflowClient, run: Run, name: str = "evaluation/return_mean") -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in client.get_metric_history(run.info.run_id, name)]


def tracked(
    study: Study,
    drive: Callable[[Tracker], Any] | None = None,
    state: Any = "finished",
    say: Callable[[str], None] = lambda line: None,
    patience: Patience = PATIENCE,
) -> Tracker:
    """Track what happens while `drive` runs, or what has happened if nothing does, then end the study."""
    tracker = Tracker(study, patience)
    with study.held(), tracker.open(say):
        study.attributes.set_state("running", 0.0)
        if drive is None:
            replay(study.records, tracker)
        else:
            drive(tracker)
        study.attributes.set_state(state, 1.0)
        tracker.ended(study.summary())
    return tracker
