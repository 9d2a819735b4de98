"""Whether Optuna's storage, MLflow and the checkpoints tell the same story of a study."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import LifecycleStage, Run
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from tuning.study.study import Study
from tuning.study.summary import StudySummary, TrialSummary
from tuning.tracking.run_contents import (
    ARTIFACTS,
    FRONT,
    PARENT,
    ROLE,
    UNTOLD,
    VALUE_AT,
    VERDICT,
    confirmed_tags,
    ended_as,
    kept_artifacts,
    lacking_confirmed,
    roles,
    same_params,
)
from tuning.tracking.run_queries import runs_of_study
from tuning.tracking.server import connected

ENDED = ("complete", "pruned", "failed")
Runs = Mapping[int | None, Sequence[Run]]
"""The runs of a study in MLflow, by trial; the study's own under None."""


@dataclass(frozen=True)
class Difference:
    """One place where the story differs: `trial 12`, or the study as a whole."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def differences(study: Study) -> list[Difference]:
    """All places where the story differs; nothing is changed. Raises ServerError where MLflow does not answer."""
    summary = study.summary()
    if summary.state == "running":
        return [Difference("study", "is running now; what is on its way would look like a difference")]
    found = [*_in_storage(summary), *_in_checkpoints(study, summary)]
    if summary.sweep.tracking == "mlflow":
        with connected(study.home) as client:
            found += _in_mlflow(client, study, summary)
    return found


def without_end(summary: StudySummary) -> int:
    """How many trials have no end in a study that says that it is finished, and that no limit has ended."""
    limits = (summary.sweep.time_limit, summary.sweep.max_steps, summary.sweep.target)
    if summary.stored_state != "finished" or any(limit is not None for limit in limits):
        return 0
    return sum(trial.state not in ENDED for trial in summary.trials)


def has_weights(trial: TrialSummary) -> bool:
    """Whether the trial's best weights are on disk, whole."""
    return trial.checkpoint is not None and checkpoint.is_whole(Path(trial.checkpoint))


def lasting_differences(trial: TrialSummary, run: Run) -> Iterator[str]:
    """What differs in a run for good, since MLflow changes no parameter and forgets no metric."""
    if not same_params(run.data.params, trial.params):
        yield "its parameters in MLflow are others"
    reached = trial.value
    if reached is None and trial.state == "pruned" and trial.last is not None and VALUE_AT in run.data.metrics:
        # Earlier versions told no value of a trial that was given up.
        reached = trial.last[1]
    for name, value in (("value", reached), ("second", trial.second)):
        told = run.data.metrics.get(name)
        if (told is None) != (value is None) or (
            told is not None and value is not None and not math.isclose(told, value)
        ):
            yield f"its {name} is {value}, in MLflow {told}"


def _in_storage(summary: StudySummary) -> Iterator[Difference]:
    if len(summary.trials) > summary.sweep.trials:
        yield Difference("study", f"has {len(summary.trials)} trials, of {summary.sweep.trials} asked for")
    if without_end(summary):
        yield Difference("study", f"is finished, but {without_end(summary)} of its trials have no end")
    if summary.stored_state == "running":
        yield Difference("study", "was cut off; `tuning resume` goes on with it")


def _in_checkpoints(study: Study, summary: StudySummary) -> Iterator[Difference]:
    gone_on_from = {number: leg.until for leg in study.records.legs() for number in leg.decision.going_on}
    for trial in summary.trials:
        where, come_to = f"trial {trial.number}", gone_on_from.get(trial.number)
        if trial.state == "complete" and not has_weights(trial):
            there = trial.checkpoint and Path(trial.checkpoint).exists()
            yield Difference(where, f"its best weights are {'damaged' if there else 'missing'}: {trial.checkpoint}")
        for place in range(len(trial.seeds)) if trial.state == "waiting" else ():
            folder = study.home.member(study.name, trial.number, place)
            # Before its first checkpoint a member has no folder.
            if (come_to is not None or folder.exists()) and not _goes_on(folder):
                reached = "" if come_to is None else f", though it had come to {come_to:,}"
                lost = f"{folder / checkpoint.LATEST} is missing or damaged: its training begins again{reached}"
                yield Difference(where, lost)


def _goes_on(folder: Path) -> bool:
    return any(checkpoint.is_whole(folder / name) for name in (checkpoint.LATEST, checkpoint.NEXT))


def _in_mlflow(client: MlflowClient, study: Study, summary: StudySummary) -> Iterator[Difference]:
    experiment = client.get_experiment_by_name(study.sweep.name)
    if experiment is not None and experiment.lifecycle_stage == LifecycleStage.DELETED:
        yield Difference("study", f"its experiment in MLflow, {experiment.name!r}, is deleted, and its runs with it")
        return
    runs: Runs = (
        {} if experiment is None else runs_of_study(client, str(experiment.experiment_id), study.attributes.key)
    )
    yield from _in_own_run(summary, runs)
    yield from _in_confirmed_runs(summary, runs)
    yield from _in_roles(summary, runs)
    yield from _in_trials_runs(summary, runs)
    yield from _in_artifacts(client, summary, runs)


def _in_own_run(summary: StudySummary, runs: Runs) -> Iterator[Difference]:
    own = runs.get(None, [])
    if len(own) != 1:
        yield Difference("study", f"has {len(own)} runs of its own in MLflow, should have one")
        return
    if own[0].info.status == "RUNNING":
        yield Difference("study", "its own run in MLflow is still running")
    expected = {} if summary.confirmation is None else confirmed_tags(summary.confirmation)
    if any(own[0].data.tags.get(key) != tag for key, tag in expected.items()):
        yield Difference("study", "its own run in MLflow does not say who is first on fresh seeds")


def _in_trials_runs(summary: StudySummary, runs: Runs) -> Iterator[Difference]:
    front, own = {trial.number for trial in summary.front}, runs.get(None, [])
    for trial in summary.trials:
        several = runs.get(trial.number, [])
        if len(several) == 1:
            found = [*_in_run(trial, several[0], trial.number in front)]
            if len(own) == 1 and several[0].data.tags.get(PARENT) != own[0].info.run_id:
                found.append("its run in MLflow hangs under another than the study's")
        else:
            needed = several or trial.state != "waiting"
            found = [f"has {len(several)} runs in MLflow, should have one"] if needed else []
        yield from (Difference(f"trial {trial.number}", each) for each in found)
    known = {trial.number for trial in summary.trials}
    for number in runs:
        if number is not None and number not in known:
            yield Difference(f"trial {number}", "is in MLflow, and the study knows nothing of it")


def _in_run(trial: TrialSummary, run: Run, on_front: bool) -> Iterator[str]:
    state = "diverged" if trial.diverged_at is not None else trial.state
    if run.info.run_id != trial.run_id:
        yield f"the study knows of run {trial.run_id}, MLflow has {run.info.run_id}"
    if not ended_as(run, state):
        yield f"is {state}, its run in MLflow is {run.info.status}"
    if UNTOLD in run.data.tags:
        yield "MLflow did not take all that its run was to hold"
    if trial.verdict is not None and run.data.tags.get(VERDICT) != trial.verdict:
        yield f"its verdict is {trial.verdict}, in MLflow {run.data.tags.get(VERDICT, 'none')}"
    if (run.data.tags.get(FRONT) == "true") != on_front:
        yield f"is{'' if on_front else ' not'} on the front, and MLflow says otherwise"
    yield from lasting_differences(trial, run)


def _in_confirmed_runs(summary: StudySummary, runs: Runs) -> Iterator[Difference]:
    for each in summary.confirmation.candidates if summary.confirmation else ():
        several = runs.get(each.number, [])
        if len(several) == 1 and lacking_confirmed(each, several[0]):
            yield Difference(f"trial {each.number}", "its run in MLflow does not say how it does on fresh seeds")


def _in_roles(summary: StudySummary, runs: Runs) -> Iterator[Difference]:
    """Runs that are to be looked at first; earlier versions said of none that it is."""
    tags = {number: several[0].data.tags for number, several in runs.items() if number is not None and several}
    told = {number: each[ROLE] for number, each in tags.items() if ROLE in each}
    if not told or summary.stored_state == "running":
        return
    expected = {number: role for number, role in roles(summary).items() if number in tags}
    for number in sorted({*told, *expected}):
        if told.get(number) != expected.get(number):
            said = f"should have the role {expected.get(number, 'of none')}, has {told.get(number, 'none')} in MLflow"
            yield Difference(f"trial {number}", said)


def _in_artifacts(client: MlflowClient, summary: StudySummary, runs: Runs) -> Iterator[Difference]:
    """Weights that MLflow lacks; it is given them when a study ends or is interrupted."""
    trials = {trial.number: trial for trial in summary.trials}
    for number in kept_artifacts(summary) if summary.stored_state != "running" else ():
        several = runs.get(number, [])
        lacking = [run for run in several if not client.list_artifacts(run.info.run_id, ARTIFACTS)]
        if has_weights(trials[number]) and len(several) == len(lacking) == 1:
            yield Difference(f"trial {number}", "is one of the best, and MLflow does not have its weights")
