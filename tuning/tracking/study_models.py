"""The networks of a study that has ended as models of MLflow: those to be looked at, and in its registry the leader."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from trainables.base import checkpoint
from tuning.rules.succession import Claim
from tuning.study.file_locks import alone
from tuning.study.paths import Home
from tuning.study.summary import Confirmation, StudySummary, TrialSummary
from tuning.study.urls import without_password
from tuning.tracking.logged_models import LoggedModels
from tuning.tracking.registry import Entry, Registered, Registry
from tuning.tracking.retries import Writes, is_passing
from tuning.tracking.run_notes import Address, sure
from tuning.tracking.server import tracking_uri
from tuning.tracking.study_run import StudyRun


class StudyModels:
    """Makes them, once: whatever is there already is found again."""

    def __init__(self, home: Home, key: str, client: MlflowClient, writes: Writes, own: StudyRun) -> None:
        """home: in which the study lies. key: the study's own name among all there are. own: the study's own run."""
        self._home, self._key, self._writes = home, key, writes
        self._models = LoggedModels(client, writes, own.experiment_id)
        self._registry = Registry(client)
        self.news: list[str] = []
        """What a person should know, a line each."""

    def keep(self, summary: StudySummary, runs: Mapping[int, str]) -> Address | None:
        """Make models of the leader and of all candidates that were confirmed, and register the leader.

        runs: the ids of the runs of trials.
        Returns where the leader is registered; None where it is not, as where there is a front and no single leader, or
        where it is no better than who has learnt nothing.
        """
        leader, trials = summary.chosen, {trial.number: trial for trial in summary.trials}
        if leader is None or summary.state != "finished":
            return None
        confirmed = summary.confirmation.candidates if summary.confirmation else []
        numbers = dict.fromkeys([leader.number, *(each.number for each in confirmed)])
        made = {number: self._made(summary, trials[number], runs[number]) for number in numbers if number in runs}
        model = made.get(leader.number)
        if (why := self._models.unmade.get(runs.get(leader.number, ""))) is not None:
            self.news.append(f"trial {leader.number} could not be made a model of MLflow: {why}")
        # Who has learnt nothing is nobody's candidate.
        if model is None or summary.unbeaten is not None:
            return None
        return self._registered(_entry(summary, self._key, leader, model))

    def _made(self, summary: StudySummary, trial: TrialSummary, run_id: str) -> LoggedModel | None:
        if trial.checkpoint is None or not checkpoint.is_whole(Path(trial.checkpoint)):
            return None
        tags = {"lockstep.key": self._key, "lockstep.study": summary.name, "lockstep.trial": str(trial.number)}
        # MLflow takes no dots.
        name = f"{summary.sweep.name}-{trial.number}".replace(".", "-")
        with self._writes.of(trial.number):
            return self._models.kept(run_id, Path(trial.checkpoint), name, tags)

    def _registered(self, entry: Entry) -> Address | None:
        """Register the leader; where MLflow has no registry, or refuses, a person is told and that is all."""
        with self._writes.of(entry.trial), alone(self._home.tracking_lock):
            answer = self._writes.insist(partial(self._tried, entry))
        if isinstance(answer, str):
            where = f"models:/{entry.model.model_id}"
            self.news.append(f"MLflow did not register trial {entry.trial} ({answer}); its model is {where}")
            return None
        if answer is None:
            return None
        self.news += answer.news
        return Address(without_password(tracking_uri(self._home)), answer.address)

    def _tried(self, entry: Entry) -> Registered | str:
        try:
            return self._registry.register(entry)
        except MlflowException as error:
            if is_passing(error):
                raise
            return error.message.partition("\n")[0]


def _entry(summary: StudySummary, key: str, leader: TrialSummary, model: LoggedModel) -> Entry:
    sweep, confirmed = summary.sweep, summary.confirmation
    measure = f"{sweep.metric} of {sweep.environment or Path(sweep.data or sweep.loop).name}"
    claim = Claim(key, measure, None if confirmed is None else _worse_end(confirmed, leader, summary), leader.value)
    champion = confirmed is not None and confirmed.champion == leader.number
    said = f"Trial {leader.number} of {summary.name}."
    return Entry(
        name=sweep.name,
        study=summary.name,
        trial=leader.number,
        model=model,
        standing="champion" if champion else "candidate",
        claim=claim,
        direction=sweep.direction,
        description=said if confirmed is None else f"{said} {sure(summary)}",
    )


def _worse_end(confirmed: Confirmation, leader: TrialSummary, summary: StudySummary) -> float:
    low, high = next(each.interval for each in confirmed.candidates if each.number == leader.number)
    return low if summary.sweep.direction == "maximize" else high
