"""Mends a study whose storage, MLflow and checkpoints tell different stories."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.tracking.audit import has_weights, lasting_differences, without_end
from tuning.tracking.run_contents import ARTIFACTS
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.server import connected, restored
from tuning.tracking.sync import told_again


def mend(study: Study) -> str | None:
    """Mend what can be: trials that nobody runs wait; runs are made, ended, or told what they lack.

    A run that differs for good is deleted and made anew; so are doubles and runs of no trial. An experiment that was
    deleted is brought back, and best weights that are lost here, where MLflow has them.
    Returns what MLflow did not take, and why; None where it took all.
    Raises ServerError where MLflow does not answer.
    """
    with study.held():
        for number in study.records.take_back():
            study.records.put_back(number, study.records.members(number))
        summary = study.summary()
        ended = summary.stored_state != "running" and not without_end(summary)
        study.attributes.set_state(summary.stored_state if ended else "interrupted", study.clock.seconds)
        if study.sweep.tracking != "mlflow":
            return None
        with connected(study.home) as client:
            _delete_wrong_runs(client, study)
            _bring_back_weights(client, study.summary())
        return told_again(study, study.summary()).shortfall


def _delete_wrong_runs(client: MlflowClient, study: Study) -> None:
    experiment = restored(client, study.sweep.name)
    if experiment is None:
        return
    summary, known = study.summary(), study.attributes.runs()
    trials = {trial.number: trial for trial in summary.trials}
    for number, runs in runs_of_study(client, str(experiment.experiment_id), study.attributes.key).items():
        kept = summary.tracking.get("run_id") if number is None else known.get(number)
        for run in runs:
            double = len(runs) > 1 and run.info.run_id != kept
            wrong = number is not None and (number not in trials or any(lasting_differences(trials[number], run)))
            if double or wrong:
                client.delete_run(run.info.run_id)


def _bring_back_weights(client: MlflowClient, summary: StudySummary) -> None:
    for trial in summary.trials:
        if trial.state != "complete" or has_weights(trial) or trial.run_id is None or trial.checkpoint is None:
            continue
        path = Path(trial.checkpoint)
        kept = f"{ARTIFACTS}/{path.name}"
        if kept not in [file.path for file in client.list_artifacts(trial.run_id, ARTIFACTS)]:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent) as aside:
            found = Path(client.download_artifacts(trial.run_id, kept, aside))
            if checkpoint.is_whole(found):
                os.replace(found, path)
