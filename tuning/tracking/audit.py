"""Whether Optuna's storage, MLflow and the checkpoints tell the same story of a study; and mending what can be."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from tuning.errors import ServerError
from tuning.study import sqlite
from tuning.study.study import Study
from tuning.study.summary import StudySummary, TrialSummary
from tuning.tracking.run_contents import (
    ARTIFACTS,
    FRONT,
    PARENT,
    STATUSES,
    confirmed_tags,
    kept_artifacts,
    lacking_confirmed,
)
from tuning.tracking.server import refuse_unusable, restored, tracking_uri
from tuning.tracking.tracker import Tracker

ENDED = ("complete", "pruned", "failed")


@dataclass(frozen=True)
class Finding:
    """One place where the story differs: `trial 12`, or the study as a whole."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def audit(study: Study) -> list[Finding]:
    """All that differs; nothing is changed. Raises ServerError where MLflow does not answer."""
    summary = study.summary()
    if summary.state == "running":
        return [Finding("study", "is running now; what is on its way would look like a difference")]
    found = [*_of_study(summary)]
    came_to = _came_to(study)
    for trial in summary.trials:
        folders = [study.home.member(study.name, trial.number, place) for place in range(len(trial.seeds))]
        lost = [*_of_best(trial), *(_of_latest(trial, folders, came_to.get(trial.number)))]
        found += [Finding(f"trial {trial.number}", each) for each in lost]
    if summary.sweep.tracking == "mlflow":
        with _asked(study) as client:
            experiment = client.get_experiment_by_name(study.sweep.name)
            if experiment is not None and experiment.lifecycle_stage == LifecycleStage.DELETED:
                message = f"its experiment in MLflow, {experiment.name!r}, is deleted, and its runs with it"
                return [*found, Finding("study", message)]
            runs = _runs(client, study)
            found += [*_of_runs(summary, runs), *_of_artifacts(client, summary, runs)]
    return found


@contextmanager
def _asked(study: Study) -> Iterator[MlflowClient]:
    refuse_unusable(study.home)
    uri = tracking_uri(study.home)
    try:
        yield MlflowClient(tracking_uri=uri)
    except MlflowException as error:
        raise ServerError(f"MLflow at {sqlite.without_password(uri)} can't be asked: {error.message}") from error


def repair(study: Study) -> str | None:
    """Mend what can be: trials that nobody runs wait; runs are made, ended, or told what they lack.

    A run that can't be mended, as MLflow changes no parameter, is deleted and made anew; so are doubles and strays.
    An experiment that was deleted is brought back, and best weights that are lost, where MLflow has them. Returns what
    MLflow did not take, and why.
    Raises ServerError where MLflow does not answer.
    """
    with study.held():
        for number in study.take_back():
            study.put_back(number, study.members(number))
        summary = study.summary()
        ended = summary.stored_state != "running" and not _unended(summary)
        study.set_state(summary.stored_state if ended else "interrupted", study.seconds)
        return _repair_runs(study) if study.sweep.tracking == "mlflow" else None


def _repair_runs(study: Study) -> str | None:
    summary = study.summary()
    trials = {trial.number: trial for trial in summary.trials}
    with _asked(study) as client:
        restored(client, study.sweep.name)
        for number, several in _runs(client, study).items():
            keep = summary.tracking.get("run_id") if number is None else study.runs().get(number)
            for run in several:
                double = len(several) > 1 and run.info.run_id != keep
                stray = number is not None and number not in trials
                if double or stray or (number is not None and any(_beyond_mending(trials[number], run))):
                    client.delete_run(run.info.run_id)
        _bring_back(client, summary)
    tracker = Tracker(study)
    with tracker.open():
        tracker.ended(study.summary())
    return tracker.shortfall


def _bring_back(client: MlflowClient, summary: StudySummary) -> None:
    """Best weights that are lost here, where MLflow has them."""
    for trial in summary.trials:
        if trial.state != "complete" or _has_weights(trial) or trial.run_id is None or trial.checkpoint is None:
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


def _runs(client: MlflowClient, study: Study) -> dict[int | None, list[Run]]:
    """All runs of the study in MLflow, by trial; the study's own under None."""
    found: dict[int | None, list[Run]] = {}
    experiment = client.get_experiment_by_name(study.sweep.name)
    token: str | None = None
    while experiment is not None:
        page = client.search_runs(
            [experiment.experiment_id], f"tags.lockstep.key = '{study.key}'", max_results=1_000, page_token=token
        )
        for run in page:
            number = run.data.tags.get("lockstep.trial")
            found.setdefault(None if number is None else int(number), []).append(run)
        token = page.token
        if not token:
            break
    return found


def _of_study(summary: StudySummary) -> Iterator[Finding]:
    if len(summary.trials) > summary.sweep.trials:
        yield Finding("study", f"has {len(summary.trials)} trials, of {summary.sweep.trials} asked for")
    if _unended(summary):
        yield Finding("study", f"is finished, but {_unended(summary)} of its trials have no end")
    if summary.stored_state == "running":
        yield Finding("study", "was cut off; `tuning resume` goes on with it")


def _unended(summary: StudySummary) -> int:
    """How many trials have no end in a study that says that it is finished, and that no limit has ended."""
    limits = (summary.sweep.time_limit, summary.sweep.max_steps, summary.sweep.target)
    if summary.stored_state != "finished" or any(limit is not None for limit in limits):
        return 0
    return sum(trial.state not in ENDED for trial in summary.trials)


def _of_artifacts(client: MlflowClient, summary: StudySummary, runs: dict[int | None, list[Run]]) -> Iterator[Finding]:
    """Weights that MLflow should have; it is given them when a study ends or is interrupted."""
    trials = {trial.number: trial for trial in summary.trials}
    for number in kept_artifacts(summary) if summary.stored_state != "running" else ():
        told = runs.get(number, [])
        lacking = [run for run in told if not client.list_artifacts(run.info.run_id, ARTIFACTS)]
        if _has_weights(trials[number]) and len(told) == len(lacking) == 1:
            yield Finding(f"trial {number}", "is one of the best, and MLflow does not have its weights")


def _of_runs(summary: StudySummary, runs: dict[int | None, list[Run]]) -> Iterator[Finding]:
    yield from _of_parent(runs.get(None, []))
    yield from _of_confirmation(summary, runs)
    front = {trial.number for trial in summary.front}
    for trial in summary.trials:
        several = runs.get(trial.number, [])
        found = [*_of_trial(trial, several, trial.number in front), *_of_place(several, runs.get(None, []))]
        yield from (Finding(f"trial {trial.number}", each) for each in found)
    known = {trial.number for trial in summary.trials}
    for stray in runs:
        if stray is not None and stray not in known:
            yield Finding(f"trial {stray}", "is in MLflow, and the study knows nothing of it")


def _of_parent(runs: list[Run]) -> Iterator[Finding]:
    if len(runs) != 1:
        yield Finding("study", f"has {len(runs)} runs of its own in MLflow, should have one")
    elif runs[0].info.status == "RUNNING":
        yield Finding("study", "its own run in MLflow is still running")


def _of_confirmation(summary: StudySummary, runs: Mapping[int | None, list[Run]]) -> Iterator[Finding]:
    found, parents = summary.confirmation, runs.get(None, [])
    if found is None:
        return
    expected = confirmed_tags(found)
    if len(parents) == 1 and {key: parents[0].data.tags.get(key) for key in expected} != expected:
        yield Finding("study", "its own run in MLflow does not say who is first on fresh seeds")
    for each in found.candidates:
        several = runs.get(each.number, [])
        if len(several) == 1 and lacking_confirmed(each, several[0]):
            yield Finding(f"trial {each.number}", "its run in MLflow does not say how it does on fresh seeds")


def _of_place(runs: list[Run], parents: list[Run]) -> Iterator[str]:
    if len(runs) == len(parents) == 1 and runs[0].data.tags.get(PARENT) != parents[0].info.run_id:
        yield "its run in MLflow hangs under another than the study's"


def _of_trial(trial: TrialSummary, runs: list[Run], on_front: bool) -> Iterator[str]:
    if not runs and trial.state == "waiting":
        return
    if len(runs) != 1:
        yield f"has {len(runs)} runs in MLflow, should have one"
        return
    (run,) = runs
    state = "diverged" if trial.diverged_at is not None else trial.state
    if run.info.run_id != trial.run_id:
        yield f"the study knows of run {trial.run_id}, MLflow has {run.info.run_id}"
    if run.info.status != STATUSES[state]:
        yield f"is {state}, its run in MLflow is {run.info.status}"
    if (run.data.tags.get(FRONT) == "true") != on_front:
        yield f"is{'' if on_front else ' not'} on the front, and MLflow says otherwise"
    yield from _beyond_mending(trial, run)


def _beyond_mending(trial: TrialSummary, run: Run) -> Iterator[str]:
    if run.data.params != {name: str(value) for name, value in trial.params.items()}:
        yield "its parameters in MLflow are others"
    for name, value in (("value", trial.value), ("second", trial.second)):
        told = run.data.metrics.get(name)
        if (told is None) != (value is None) or (
            told is not None and value is not None and not math.isclose(told, value)
        ):
            yield f"its {name} is {value}, in MLflow {told}"


def _came_to(study: Study) -> dict[int, int]:
    """The rungs from which trials go on."""
    return {number: leg.until for leg in study.legs() for number in (*leg.promoted, *leg.audited)}


def _of_best(trial: TrialSummary) -> Iterator[str]:
    if trial.state == "complete" and not _has_weights(trial):
        there = trial.checkpoint and Path(trial.checkpoint).exists()
        yield f"its best weights are {'damaged' if there else 'missing'}: {trial.checkpoint}"


def _has_weights(trial: TrialSummary) -> bool:
    return trial.checkpoint is not None and checkpoint.is_whole(Path(trial.checkpoint))


def _of_latest(trial: TrialSummary, folders: Sequence[Path], came_to: int | None) -> Iterator[str]:
    """What one that waits would go on from; before its first checkpoint has no folder."""
    for folder in folders if trial.state == "waiting" else ():
        if came_to is None and not folder.exists():
            continue
        if not any(checkpoint.is_whole(folder / name) for name in (checkpoint.LATEST, checkpoint.NEXT)):
            reached = "" if came_to is None else f", though it had come to {came_to:,}"
            yield f"{folder / checkpoint.LATEST} is missing or damaged: its training begins again{reached}"
