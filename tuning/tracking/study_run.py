"""The run of a study as a whole, under which the runs of its trials hang: found, or made."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tuning.study.file_locks import alone
from tuning.study.study import Study
from tuning.tracking.dataset_input import dataset_input
from tuning.tracking.live_metrics import DONE
from tuning.tracking.retries import Writes
from tuning.tracking.run_contents import KIND, as_params, study_params, study_tags
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.run_writer import RunWriter
from tuning.tracking.server import restored, tracking_uri


@dataclass(frozen=True)
class StudyRun:
    """The run of a study.

    of_trials: runs of its trials that an earlier life of the study has made.
    live_until: the second of its last live point (live_metrics.py), -1 of none.
    """

    experiment_id: str
    run_id: str
    of_trials: dict[int, Run]
    live_until: int


def study_run(study: Study, client: MlflowClient, writes: Writes) -> StudyRun | None:
    """The study's own run, running again, or a new one; None where MLflow did not say or take what is needed."""
    experiment = writes.insist(partial(_experiment, study, client))
    if experiment is None:
        return None
    known = writes.insist(partial(runs_of_study, client, experiment, study.attributes.key))
    if known is None:
        return None
    kept = study.attributes.runs()
    writer, found = RunWriter(client, writes), _chosen(known.get(None, []), study.attributes.tracking.get("run_id"))
    of_trials = {n: run for n, several in known.items() if n is not None and (run := _chosen(several, kept.get(n)))}
    delete_doubles(writer, known, {run.info.run_id for run in [*of_trials.values(), found] if run is not None})
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
    live = {-1} if found is None else writer.steps(found, DONE)
    return None if live is None else StudyRun(experiment, run_id, of_trials, max(live, default=-1))


def _chosen(several: Sequence[Run], known: str | None) -> Run | None:
    """Of several runs of one trial the one that the study knows of, else the newest."""
    return next((run for run in several if run.info.run_id == known), next(iter(several), None))


def delete_doubles(writer: RunWriter, known: Mapping[int | None, Sequence[Run]], used: Collection[str]) -> None:
    """Delete runs that were made though MLflow's answer was lost, and then made again.

    known: all runs of the study, by trial. used: the ids of those that are told. What holds metrics is left for people
    to look at; an audit names it.
    """
    for several in known.values():
        for run in several:
            empty = len(several) > 1 and not run.data.metrics and run.data.tags.get("lockstep.state") == "running"
            if empty and run.info.run_id not in used:
                writer.delete(run.info.run_id)


def _experiment(study: Study, client: MlflowClient) -> str:
    """The experiment of the sweep; made where there is none, brought back where it was deleted."""
    name, home = study.sweep.name, study.home
    with alone(home.tracking_lock):
        found = restored(client, name)
        if found is not None:
            return str(found.experiment_id)
        ours = tracking_uri(home) == home.tracking_uri
        place = (home.artifacts / name).as_uri() if ours else None
        try:
            return str(client.create_experiment(name, artifact_location=place, tags=KIND))
        except MlflowException as error:
            # Another machine has made it in this very moment.
            if error.error_code != "RESOURCE_ALREADY_EXISTS" or (made := restored(client, name)) is None:
                raise
            return str(made.experiment_id)
