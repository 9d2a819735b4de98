"""What MLflow is told of a study when it ends or rests: which trials are first, how sure that is, what was best."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlflow.entities import Metric

from trainables.base import checkpoint
from tuning.study.summary import Confirmation, StudySummary
from tuning.tracking import run_contents, shared_view
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import FRONT, RANK, ROLE
from tuning.tracking.run_names import run_name
from tuning.tracking.run_notes import NOTE, Address, fitting, leader_note, study_note
from tuning.tracking.run_writer import RunWriter
from tuning.tracking.study_models import StudyModels
from tuning.tracking.study_run import StudyRun


class StudyEnd:
    """Tells it, and nothing that MLflow has already."""

    def __init__(self, key: str, default: Mapping[str, Any], mlflow: RunWriter, writes: Writes, own: StudyRun) -> None:
        """key: the study's own name among all there are. default: parameters of the default configuration. own: the
        study's own run.
        """
        self._key, self._default, self._mlflow, self._writes, self._own = key, default, mlflow, writes, own
        data = {number: run.data for number, run in own.of_trials.items()}
        self._on_front = {number for number, each in data.items() if each.tags.get(FRONT) == "true"}
        self._roles: dict[int, str] = {n: each.tags[ROLE] for n, each in data.items() if ROLE in each.tags}
        self._ranks: dict[int, float] = {n: each.metrics[RANK] for n, each in data.items() if RANK in each.metrics}

    def prepare_view(self, summary: StudySummary) -> None:
        """Bring the prepared page of the study up to date."""
        key, view = shared_view.tag(summary, self._key, now_ms())
        self._mlflow.tag_experiment(self._own.experiment_id, key, view)

    def tell(self, summary: StudySummary, runs: Mapping[int, str], models: StudyModels | None) -> None:
        """Keep the best weights, mark the trials to look at first, and end the study's own run.

        runs: the ids of the runs of trials.
        models: makes models of what is best; None of what has no leader.
        """
        checkpoints = {trial.number: trial.checkpoint for trial in summary.trials}
        for number in run_contents.kept_artifacts(summary):
            run_id, weights = runs.get(number), checkpoints[number]
            if run_id and weights and checkpoint.is_whole(Path(weights)):
                self._mlflow.keep_weights(run_id, Path(weights))
        self._mark_front({trial.number for trial in summary.front}, runs)
        if summary.state == "finished":
            # Each is a write: whoever interrupts a search of thousands is not kept waiting for them.
            self._tell_ranks(summary.ranks(), runs)
        if summary.confirmation is not None:
            self._tell_confirmed(summary.confirmation, runs)
        # The model has the metrics of its run, and the note of the run says where the model is.
        self._mark_roles(summary, runs, None if models is None else models.keep(summary, runs))
        now = now_ms()
        metrics = [Metric(name, value, now, step) for name, value, step in run_contents.end_metrics(summary)]
        state = "complete" if summary.state == "finished" else "waiting"
        self.prepare_view(summary)
        note = fitting(study_note(summary, self._own.experiment_id, runs), run_contents.LONGEST_TAG)
        self._mlflow.end(self._own.run_id, state, metrics, tags={**run_contents.end_tags(summary), NOTE: note})

    def _mark_front(self, front: set[int], runs: Mapping[int, str]) -> None:
        for number in sorted(front ^ self._on_front):
            if number in runs:
                self._mlflow.tag(runs[number], FRONT, str(number in front).lower())
        self._on_front = front

    def _mark_roles(self, summary: StudySummary, runs: Mapping[int, str], model: Address | None) -> None:
        """Say which runs are to be looked at first, by tags and names; and no more of those that were."""
        roles, trials = run_contents.roles(summary), {trial.number: trial for trial in summary.trials}
        for number in sorted(trials.keys() & runs.keys() & {*roles, *self._roles}):
            trial, run_id, role = trials[number], runs[number], roles.get(number)
            if role in ("leader", "champion"):
                self._mlflow.tag(run_id, NOTE, leader_note(summary, run_id, model))
            if role == self._roles.get(number):
                continue
            if role is None:
                self._mlflow.drop_tag(run_id, ROLE)
            else:
                self._mlflow.tag(run_id, ROLE, role)
            said = [*([role] if role else []), *["default"] * trial.default]
            self._mlflow.rename(run_id, run_name(number, trial.params, self._default, *said))
        self._roles = roles

    def _tell_ranks(self, ranks: Mapping[int, int], runs: Mapping[int, str]) -> None:
        now = now_ms()
        for number, rank in ranks.items():
            if number in runs and self._ranks.get(number) != rank:
                with self._writes.of(number):
                    self._mlflow.tell(runs[number], [Metric(RANK, rank, now, 0)])
        self._ranks = dict(ranks)

    def _tell_confirmed(self, confirmation: Confirmation, runs: Mapping[int, str]) -> None:
        """Tell each trial's run what fresh seeds say of it, once; after more seeds again."""
        for candidate in confirmation.candidates:
            run_id = runs.get(candidate.number)
            if run_id is None:
                continue
            with self._writes.of(candidate.number):
                run = self._mlflow.read(run_id)
                lacking = {} if run is None else run_contents.lacking_confirmed(candidate, run)
                now, seeds = now_ms(), len(candidate.scores)
                self._mlflow.tell(run_id, [Metric(name, value, now, seeds) for name, value in lacking.items()])


def now_ms() -> int:
    """The time of day as MLflow has it."""
    return int(time.time() * 1000)
