"""Studies that have ended, with MLflow told of them, to be broken and audited."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import legs_by_hand
import sweeps
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from tracked import client_of, tracked, trained

from tuning.study.study import Study
from tuning.study.summary import StudyState
from tuning.tracking.tracker import Tracker


@dataclass(frozen=True)
class Kept:
    """A study that has ended, and what MLflow has of it."""

    root: Path

    @cached_property
    def study(self) -> Study:
        return sweeps.opened(self.root)

    @property
    def client(self) -> MlflowClient:
        return client_of(self.root)

    def run(self, trial: int | None) -> Run:
        """The run of a trial as the study has it, or the study's own."""
        summary = self.study.summary()
        return self.client.get_run(summary.tracking["run_id"] if trial is None else str(summary.trials[trial].run_id))

    def another_run(self, trial: int | None, **more: str) -> str:
        """A second run that says that it is this trial's."""
        theirs = self.run(trial)
        tags = {key: tag for key, tag in theirs.data.tags.items() if key.startswith("lockstep.")} | more
        made = self.client.create_run(theirs.info.experiment_id, tags={**tags, "lockstep.state": "complete"})
        self.client.set_terminated(made.info.run_id)
        return str(made.info.run_id)


def ended(root: Path, state: StudyState = "finished", legs: int = 9, **changes: Any) -> Kept:
    """A study of trials in packs of two, ended after so many legs; of trial 1 the training diverges."""
    study = sweeps.created(root, **{"trials": 6, "pack_size": 2, **changes})

    def drive(tracker: Tracker) -> None:
        search = legs_by_hand.Searching(study, 1, [tracker])
        for _ in range(legs):
            leg = search.next("leg")
            if leg is None:
                break
            search.trained("leg", trained(leg, diverged=[1] if 1 in legs_by_hand.numbers(leg) else []))
        search.policy.put_back()

    tracked(study, drive, state)
    return Kept(root)
