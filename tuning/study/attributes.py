"""What is kept of a study as a whole, as attributes of Optuna's study: its sweep, its state, MLflow's runs, scores."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import optuna
from pydantic import TypeAdapter

from trainables.base.trivial_answer import TrivialAnswer
from tuning.errors import Note
from tuning.rules.ledger import Spent
from tuning.study import changes
from tuning.study.changes import Change
from tuning.study.experiment import (
    CONFIGURATIONS,
    FOUND,
    Configuration,
    Experiment,
    as_data,
    configurations_in,
    experiment_in,
)
from tuning.study.optuna_tables import Tables
from tuning.study.summary import Confirmation, Limit, StudyState
from tuning.sweep.model import Sweep

KEY, CREATED, START, SWEEP, FORMAT = "key", "created", "start", "sweep", "format"
STATE, SECONDS, CONFIRM_SECONDS = "state", "seconds", "confirm_seconds"
ENDED_BY, WAITS_FOR = "ended_by", "waits_for"
TRACKING, RUN = "mlflow", "mlflow_run"
NOTES, REMARKS = "notes", "remarks"
SCORES, CONFIRMED, IMPORTANCES, TRIVIAL = "confirm_scores", "confirmation", "importances", "trivial"
CONFIRM_SPENT = "confirm_spent"

CONFIRMATION = TypeAdapter(Confirmation)
TRIVIAL_ANSWERS = TypeAdapter(list[TrivialAnswer])


class Attributes:
    """The attributes of one study, read and written by name.

    Whatever is written through `Tables` joins the transaction that the writing thread has open.
    """

    def __init__(self, study: optuna.Study, tables: Tables) -> None:
        self._study, self._tables = study, tables

    def everything(self) -> dict[str, Any]:
        """All attributes at once, for whoever reads many: each reading asks the database."""
        return self._study.user_attrs

    @property
    def key(self) -> str:
        """The study's own name among all there are: two of the same name may be told to one MLflow."""
        return str(self._study.user_attrs[KEY])

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromisoformat(self._study.user_attrs[CREATED])

    @property
    def start(self) -> list[dict[str, Any]]:
        """Parameters of an earlier study's best trials, which are tried after those that the sweep lists."""
        start: list[dict[str, Any]] = self._study.user_attrs.get(START, [])
        return start

    @property
    def experiment(self) -> Experiment | None:
        """What the study is for, if it searches nothing."""
        return experiment_in(self._study.user_attrs)

    def set_found(self, found: Mapping[str, Any]) -> None:
        """Keep what an experiment has found, as its command prints it for scripts."""
        self._study.set_user_attr(FOUND, dict(found))

    @property
    def found(self) -> dict[str, Any] | None:
        """What an experiment has found; None while it has not come to its end."""
        found: dict[str, Any] | None = self._study.user_attrs.get(FOUND)
        return found

    @property
    def configurations(self) -> list[Configuration]:
        """What an experiment is to train so far, in the order of its trials."""
        return configurations_in(self._study.user_attrs)

    def set_configurations(self, configurations: Sequence[Configuration]) -> None:
        """Keep what is to be trained from now on: what was before, and more."""
        self._tables.set_study_attribute(CONFIGURATIONS, as_data(list(configurations)))

    @property
    def sweep(self) -> Any:
        """The sweep as plain data."""
        return self._study.user_attrs[SWEEP]

    @property
    def kept_as(self) -> int:
        """The format of the sweep."""
        kept_as: int = self._study.user_attrs.get(FORMAT, 1)
        return kept_as

    def set_sweep(self, sweep: Sweep) -> None:
        """Keep what is to be run from now on."""
        self._tables.set_study_attribute(SWEEP, sweep.model_dump(mode="json"))

    @property
    def changes(self) -> list[Change]:
        """What was changed in the search since its study was made, the earliest first."""
        return changes.read(self._study.user_attrs)

    def add_change(self, change: Change) -> None:
        """Keep that the search is changed."""
        self._tables.set_study_attribute(changes.CHANGES, changes.as_data([*self.changes, change]))

    def set_state(self, state: StudyState, seconds: float) -> None:
        """Keep how the study stands, and the seconds that it has run."""
        self._study.set_user_attr(STATE, state)
        self._study.set_user_attr(SECONDS, round(seconds, 3))

    def seconds(self, what: str) -> float:
        """The seconds that are kept as SECONDS or CONFIRM_SECONDS."""
        seconds: float = self._study.user_attrs.get(what, 0.0)
        return seconds

    def set_seconds(self, what: str, seconds: float) -> None:
        """Keep the seconds of SECONDS or CONFIRM_SECONDS."""
        self._tables.set_study_attribute(what, round(seconds, 3))

    def set_ended_by(self, limit: Limit | None) -> None:
        """Keep which limit of the sweep has ended it before its last trial."""
        self._study.set_user_attr(ENDED_BY, limit)

    @property
    def waits_for(self) -> str | None:
        """Why trials could not be trained, where that was no fault of theirs."""
        why: str | None = self._study.user_attrs.get(WAITS_FOR)
        return why

    def set_waits_for(self, why: str | None) -> None:
        """Keep why trials could not be trained, where that was no fault of theirs."""
        self._study.set_user_attr(WAITS_FOR, why)

    def set_remarks(self, remarks: Sequence[Note]) -> None:
        """Keep what has come to light of the study by its end."""
        self._study.set_user_attr(REMARKS, [each.as_json() for each in remarks])

    @property
    def is_confirming(self) -> bool:
        """Whether a limit has ended the search, and the confirmation was cut off."""
        attributes = self._study.user_attrs
        return attributes.get(ENDED_BY) is not None and attributes.get(STATE) != "finished"

    def set_importances(self, importances: Mapping[str, float]) -> None:
        """Keep how much of the differences between trials each parameter makes."""
        self._study.set_user_attr(IMPORTANCES, dict(importances))

    @property
    def trivial(self) -> list[TrivialAnswer] | None:
        """What trivial answers score; None while nobody has said it."""
        kept = self._study.user_attrs.get(TRIVIAL)
        return None if kept is None else TRIVIAL_ANSWERS.validate_python(kept)

    def set_trivial(self, answers: Sequence[TrivialAnswer]) -> None:
        """Keep what trivial answers score."""
        self._tables.set_study_attribute(TRIVIAL, TRIVIAL_ANSWERS.dump_python(list(answers), mode="json"))

    @property
    def tracking(self) -> dict[str, str]:
        """Where MLflow has the study, as `set_tracking` keeps it; empty where it has not."""
        tracking: dict[str, str] = self._study.user_attrs.get(TRACKING, {})
        return tracking

    def set_tracking(self, where: Mapping[str, str]) -> None:
        """Keep where MLflow has the study: `experiment_id`, and `run_id` of the study's own run."""
        self._study.set_user_attr(TRACKING, dict(where))

    def runs(self) -> dict[int, str]:
        """The ids of MLflow's runs, by trial."""
        return runs_in(self._study.user_attrs)

    def set_run(self, number: int, run_id: str) -> None:
        """Keep the MLflow run of a trial; written before the run's first metric.

        It is the study's attribute and not the trial's: Optuna closes a finished trial to writing, and a short trial is
        finished before the thread that tracks it has heard of it.
        """
        self._tables.set_study_attribute(f"{RUN}/{number}", run_id)

    def scores(self) -> dict[tuple[int, int], float | None]:
        """What trainings that confirm have scored, by trial and seed; None of one that diverged."""
        return {(number, seed): score for number, seed, score in self._study.user_attrs.get(SCORES, [])}

    def keep_scores(self, scores: Sequence[tuple[int, int, float | None]]) -> None:
        """Keep further scores: trial, seed, score."""
        known = [*([number, seed, score] for (number, seed), score in self.scores().items()), *map(list, scores)]
        self._tables.set_study_attribute(SCORES, known)

    def add_confirm_spent(self, trainings: int, steps: int, seconds: float) -> None:
        """Keep what further trainings that confirm have taken: their steps, and seconds of workers."""
        spent = confirm_spent_in(self._study.user_attrs) + Spent(trainings, steps, seconds)
        self._tables.set_study_attribute(CONFIRM_SPENT, vars(spent))

    def set_confirmation(self, confirmation: Confirmation) -> None:
        """Keep what the confirmation has come to."""
        self._study.set_user_attr(CONFIRMED, CONFIRMATION.dump_python(confirmation, mode="json"))


def confirm_spent_in(attributes: Mapping[str, Any]) -> Spent:
    """What trainings that confirm have taken, among all attributes."""
    return Spent(**attributes.get(CONFIRM_SPENT, {}))


def runs_in(attributes: Mapping[str, Any]) -> dict[int, str]:
    """The ids of MLflow's runs, by trial, among all attributes."""
    prefix = f"{RUN}/"
    return {int(key.removeprefix(prefix)): run for key, run in attributes.items() if key.startswith(prefix)}
