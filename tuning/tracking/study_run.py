"""The run of a study as a whole, under which the runs of its trials hang: found, or made."""

from dataclasses import dataclass
from functools import partial

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from tuning.study.file_locks import alone
from tuning.study.study import Study
from tuning.tracking.dataset_input import dataset_input
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import KIND, as_params, study_params, study_tags
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.run_writer import RunWriter
from tuning.tracking.server import restored, tracking_uri


@dataclass(frozen=True)
class StudyRun:
    """The run of a study.

    of_trials: runs of its trials that an earlier life of the study has made.
    """

    experiment_id: str
    run_id: str
    of_trials: dict[int, Run]


def study_run(study: Study, client: MlflowClient, writes: Writes) -> StudyRun | None:
    """The study's own run, running again, or a new one; None where MLflow did not say or take what is needed."""
    experiment = writes.insist(partial(_experiment, study, client))
    if experiment is None:
        return None
    known = writes.insist(partial(runs_of_study, client, experiment, study.attributes.key))
    if known is None:
        return None
    of_trials = {number: several[0] for number, several in known.items() if number is not None}
    writer, found = RunWriter(client, writes), next(iter(known.get(None, [])), None)
    if found is None:
        run_id = writer.make(experiment, study.name, study_tags(study))
    else:
        run_id = str(found.info.run_id)
        writer.go_on(run_id)
    if run_id is None:
        return None
    study.attributes.set_tracking({"experiment_id": experiment, "run_id": run_id})
    # Its parameters can't be changed later, the file can.
    if found is None or not found.data.params:
        writer.tell(run_id, params=as_params(study_params(study.sweep)))
    learns_from = dataset_input(study.sweep)
    if learns_from is not None:
        # Told again, MLflow knows it by its name and digest.
        writes.insist(partial(client.log_inputs, run_id, [learns_from]))
    writer.keep_text(run_id, study.sweep.to_yaml(), "sweep.yaml")
    return StudyRun(experiment, run_id, of_trials)


def _experiment(study: Study, client: MlflowClient) -> str:
    """The experiment of the sweep; made where there is none, brought back where it was deleted."""
    name, home = study.sweep.name, study.home
    with alone(home.tracking_lock):
        found = restored(client, name)
        if found is not None:
            return str(found.experiment_id)
        ours = tracking_uri(home) == home.tracking_uri
        place = (home.artifacts / name).as_uri() if ours else None
        return str(client.create_experiment(name, artifact_location=place, tags=KIND))
