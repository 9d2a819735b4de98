"""The study: the one truth about a sweep that runs or has run, kept in Optuna's storage.

The study's attributes hold the sweep; a trial's hold its plan (configuration, seeds, folders), its MLflow run and its
result. Whatever is needed to show a study or to go on with it is read from there.
"""

import copy
import random
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState
from pydantic import TypeAdapter

from trainables.base.checkpoint import BEST
from tuning.errors import Problem, StudyDiffers, StudyError, StudyRunning, SweepError
from tuning.rules import trial_outcome
from tuning.rules.objective import Direction, best
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import file_locks, legs
from tuning.study.legs import Leg, LegRecord, Plan
from tuning.study.optuna_tables import Tables
from tuning.study.paths import Home
from tuning.study.summary import CONFIRMATION, Confirmation, Limit, StudyState, StudySummary, TrialSummary
from tuning.sweep import model as sweeps
from tuning.sweep import warm_start
from tuning.sweep.model import Sweep

SWEEP, STATE, SECONDS, TRACKING, CREATED, KEY = "sweep", "state", "seconds", "mlflow", "created", "key"
CONFIRM_SECONDS, ENDED_BY = "confirm_seconds", "ended_by"
RUN, LEG = "mlflow_run", "leg"
SCORES, CONFIRMED, IMPORTANCES = "confirm_scores", "confirmation", "importances"
PLAN, RESULT = "plan", "result"

SEARCH_SEEDS = 2**30
"""Training seeds of a search are below this; those that confirm a winner are above."""


SECONDS_KEPT_EVERY_S = 10.0
"""So many of the study's seconds are lost at the most when its process is killed, and with them nothing else."""


class Study:
    """One study, open."""

    def __init__(self, home: Home, kept: RDBStorage, study: optuna.Study) -> None:
        self.home, self.optuna = home, study
        self.name = study.study_name
        self._tables = Tables(kept.engine, kept.get_study_id_from_name(self.name))
        self._desk = InMemoryStorage()
        self._counting: dict[str, tuple[float, float]] = {}
        """What is counted now: the seconds before, and since when."""
        self._seconds_kept_at = 0.0

    @cached_property
    def sweep(self) -> Sweep:
        """What it runs. Raises SweepError where it can't be run here, as where the loop can't be imported."""
        try:
            return sweeps.kept(self.optuna.user_attrs[SWEEP])
        except SweepError as error:
            flaws = [Problem(self.name, f"can't be gone on with here: {each}") for each in error.problems]
            raise SweepError(flaws) from error

    def best_for(self, sweep: Sweep) -> list[dict[str, Any]]:
        """The best of this study's trials that fit another sweep of the same loop, as that one's parameters."""
        if sweep.loop != self.sweep.loop:
            raise StudyError(
                f"start_from: {self.name!r} is a study of {self.sweep.loop}, this sweep one of {sweep.loop}"
            )
        plans = self.plans()
        configs = [self.sweep.config(plans[trial.number].values) for trial in self.summary().ranked()]
        return warm_start.fitting_best(sweep.space, [config.model_dump(mode="json") for config in configs])

    def set_importances(self, importances: Mapping[str, float]) -> None:
        """Keep how much of the differences between trials each parameter makes."""
        self.optuna.set_user_attr(IMPORTANCES, dict(importances))

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the study: this process runs it, as long as it lives. Raises StudyRunning where another one does."""
        with file_locks.held(self.home.lock(self.name)) as ours:
            if not ours:
                raise StudyRunning(f"another process is running {self.name!r} now")
            yield

    def change(self, sweep: Sweep) -> None:
        """Go on with another sweep: more trials, another time limit."""
        self.sweep = sweep
        self.optuna.set_user_attr(SWEEP, sweep.model_dump(mode="json"))

    def insist_on(self, sweep: Sweep) -> None:
        """Raises StudyDiffers, with what differs, where the study is not one of this sweep."""
        found = sweeps.differences(self.sweep, sweep)
        if found:
            raise StudyDiffers(f"{self.name!r} is a study of another sweep:\n" + "\n".join(map(str, found)))

    @property
    def key(self) -> str:
        """The study's own name among all there are: two of the same name may be told to one MLflow."""
        key: str = self.optuna.user_attrs[KEY]
        return key

    @property
    def seconds(self) -> float:
        """How long it has run until now, confirmation included."""
        return self._counted(SECONDS)

    @contextmanager
    def counting(self, what: str = SECONDS) -> Iterator[None]:
        """The seconds within are the study's; with CONFIRM_SECONDS also those of its confirmation.

        They are kept at the end, before with all legs and scores, and by `keep_seconds`.
        """
        self._counting[what] = self._counted(what), time.monotonic()
        try:
            yield
        finally:
            with self.at_once():
                self._set_seconds()
            del self._counting[what]

    def keep_seconds(self) -> None:
        """Keep the seconds until now, if that was not done just before."""
        if self._counting and time.monotonic() - self._seconds_kept_at > SECONDS_KEPT_EVERY_S:
            with self.at_once():
                self._set_seconds()

    def _counted(self, what: str) -> float:
        if what in self._counting:
            before, since = self._counting[what]
            return before + time.monotonic() - since
        seconds: float = self.optuna.user_attrs.get(what, 0.0)
        return seconds

    def _set_seconds(self) -> None:
        self._seconds_kept_at = time.monotonic()
        for what in self._counting:
            self._tables.set_study_attribute(what, round(self._counted(what), 3))

    def set_ended_by(self, limit: Limit | None) -> None:
        """Keep which of the sweep's limits has ended it before its last trial."""
        self.optuna.set_user_attr(ENDED_BY, limit)

    def set_state(self, state: StudyState, seconds: float) -> None:
        """How the study stands, and the seconds that it has run."""
        self.optuna.set_user_attr(STATE, state)
        self.optuna.set_user_attr(SECONDS, round(seconds, 3))

    def set_tracking(self, where: dict[str, str]) -> None:
        """Where MLflow keeps the study: `uri`, `experiment_id`, and `run_id` of the study's own run."""
        self.optuna.set_user_attr(TRACKING, where)

    def set_run(self, number: int, run_id: str) -> None:
        """Keep the MLflow run of a trial; written before the run's first metric.

        It is the study's attribute and not the trial's: Optuna closes a finished trial to writing, and a short trial is
        finished before the thread that tracks it has heard of it.
        """
        self._tables.set_study_attribute(f"{RUN}/{number}", run_id)

    def runs(self) -> dict[int, str]:
        """The MLflow runs of trials that are kept."""
        prefix = f"{RUN}/"
        attributes = self.optuna.user_attrs
        return {int(key.removeprefix(prefix)): run for key, run in attributes.items() if key.startswith(prefix)}

    def at_once(self) -> AbstractContextManager[None]:
        """What this thread keeps of trials and legs within is kept at its end, in one write, or not at all."""
        return self._tables.at_once()

    def seeds(self, number: int) -> list[int]:
        """The training seeds of a trial: its own, and the same whenever the study is run."""
        drawn = random.Random(f"{self.sweep.seed}/{number}")
        return [drawn.randrange(SEARCH_SEEDS) for _ in range(self.sweep.seeds)]

    def member(self, values: Mapping[str, Any], seed: int, folder: Path) -> dict[str, Any]:
        """One training as a member of a pack: a trial's configuration with a seed, and where its checkpoints are kept.

        values: of the fields that the trial sets.
        """
        return {**self.sweep.config(values, seed).model_dump(mode="json"), "folder": str(folder)}

    @cached_property
    def desk(self) -> optuna.Study:
        """The study's trials in memory, where samplers ask and are told.

        In a database each parameter of a trial is a transaction of its own; here a trial reaches it whole, as one.
        """
        with_all = optuna.create_study(storage=self._desk, directions=self.sweep.directions)
        for trial in self.optuna.get_trials(deepcopy=True):
            # A trial that was put back runs again, or will.
            trial.state = TrialState.RUNNING if trial.state == TrialState.WAITING else trial.state
            with_all.add_trial(trial)
        for record in self.legs():
            self._tell_rung(record)
        return with_all

    def _tell_rung(self, record: LegRecord) -> None:
        """At the desk, what trials that go on had come to when a leg ended."""
        for number in (*record.promoted, *record.audited):
            value = record.values[number]
            if value is not None and not self._desk.get_trial(number).state.is_finished():
                self._desk.set_trial_intermediate_value(number, record.until, value)

    def plan(self, plan: Plan) -> None:
        """Keep what a trial is to train: begin it, as it was asked for at the desk, in one write."""
        asked = copy.copy(self._desk.get_trial(plan.number))
        asked.user_attrs = {**asked.user_attrs, PLAN: vars(plan)}
        self._tables.begin(asked)

    def plans(self) -> dict[int, Plan]:
        """What every trial trains, by its number."""
        trials = self.optuna.get_trials(deepcopy=False)
        return {trial.number: Plan(**trial.user_attrs[PLAN]) for trial in trials if PLAN in trial.user_attrs}

    def take_back(self) -> set[int]:
        """The trials that have a plan and no end; those that were put back are running again."""
        trials = self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        planned = [trial for trial in trials if PLAN in trial.user_attrs]
        with self.at_once():
            for trial in planned:
                if trial.state == TrialState.WAITING:
                    self._tables.set_state(trial.number, TrialState.RUNNING)
        return {trial.number for trial in planned}

    def ends(self) -> dict[int, tuple[Outcome, list[MemberResult]]]:
        """What every trial that has ended has come to."""
        trials = self.optuna.get_trials(
            deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        )
        results = {trial.number: trial.user_attrs[RESULT] for trial in trials if RESULT in trial.user_attrs}
        return {
            number: (Outcome(**result["outcome"]), [MemberResult(**member) for member in result["members"]])
            for number, result in results.items()
        }

    def members(self, number: int) -> list[MemberResult]:
        """How far a trial's members have come, as far as it is kept."""
        return self._kept_members(self.optuna.get_trials(deepcopy=False)[number])

    def standing(self) -> dict[int, list[MemberResult]]:
        """How far the members of trials have come that are begun and have not ended, as far as it is kept."""
        found = {plan.number: [MemberResult() for _ in plan.seeds] for plan in self.plans().values()}
        for record in self.legs():
            found.update(record.promoted | record.audited)
        going = self.optuna.get_trials(deepcopy=False, states=(TrialState.RUNNING, TrialState.WAITING))
        # A trial that was put back has come further than in its last leg, or had since it came to this.
        several = {
            trial.number: [found[trial.number], self._kept_members(trial)]
            for trial in going
            if PLAN in trial.user_attrs
        }

        def how_far(members: list[MemberResult]) -> tuple[int, float]:
            return sum(one.steps for one in members), sum(one.seconds for one in members)

        return {trial: max(each, key=how_far) for trial, each in several.items()}

    def _kept_members(self, trial: FrozenTrial) -> list[MemberResult]:
        return [MemberResult(**member) for member in trial.user_attrs.get(RESULT, {}).get("members", [])]

    def open_leg(self, leg: Leg) -> None:
        """Keep that a leg is handed out."""
        self._set_leg(legs.opened(leg))

    def split_leg(self, leg: Leg, into: Sequence[Leg]) -> None:
        """Keep that a leg could not be trained as one, and that others take its place."""
        with self.at_once():
            for part in into:
                self.open_leg(part)
            self._set_leg(replace(legs.opened(leg), state="split"))

    def close_leg(
        self,
        leg: Leg,
        values: dict[int, float | None],
        promoted: dict[int, list[MemberResult]],
        audited: dict[int, list[MemberResult]],
    ) -> None:
        """Keep how a leg has ended: what its trials are compared by, and who goes on from where."""
        record = replace(legs.opened(leg), state="closed", values=values, promoted=promoted, audited=audited)
        self._set_leg(record)
        if "desk" in vars(self):
            self._tell_rung(record)

    def legs(self) -> list[LegRecord]:
        """All legs in the order in which they were first handed out."""
        kept = [value for key, value in self.optuna.user_attrs.items() if key.startswith(f"{LEG}/")]
        # Names are numbered, with more digits from some number on.
        return sorted(map(_LEGS.validate_python, kept), key=lambda record: (len(record.name), record.name))

    def _set_leg(self, record: LegRecord) -> None:
        with self.at_once():
            self._tables.set_study_attribute(f"{LEG}/{record.name}", _LEGS.dump_python(record, mode="json"))
            self._set_seconds()

    def finish(
        self,
        number: int,
        found: Outcome,
        members: Sequence[MemberResult],
        curve: Mapping[int, float] | None = None,
    ) -> None:
        """Keep what a trial has come to, and tell Optuna the truth of it; curve: its values by the steps of its rungs.

        Diverged is told as pruned without any value, which samplers take for the worst there is.
        """
        self._set_result(number, found, members)
        state = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}[found.state]
        values = {} if found.diverged_at is not None else dict(curve or {})
        last = [values[max(values)]] if values and state == TrialState.PRUNED else found.values
        self._tables.end(number, state, last, values)
        if "desk" in vars(self):
            for steps, value in values.items():
                self._desk.set_trial_intermediate_value(number, steps, value)
            self.desk.tell(number, found.values or None, state=state)

    def put_back(self, number: int, members: Sequence[MemberResult]) -> None:
        """Keep how far a trial has come that could not be finished; it waits to be gone on with."""
        self._set_result(number, None, members)
        self._tables.set_state(number, TrialState.WAITING)

    def keep_scores(self, scores: Sequence[tuple[int, int, float | None]]) -> None:
        """Keep what trainings that confirm have scored: trial, seed, score; in one write."""
        known = [*([number, seed, score] for (number, seed), score in self.scores().items()), *map(list, scores)]
        with self.at_once():
            self._tables.set_study_attribute(SCORES, known)
            self._set_seconds()

    def scores(self) -> dict[tuple[int, int], float | None]:
        """What trainings that confirm have scored, by trial and seed; None of one that diverged."""
        return {(number, seed): score for number, seed, score in self.optuna.user_attrs.get(SCORES, [])}

    def set_confirmation(self, confirmation: Confirmation) -> None:
        """Keep what the confirmation has come to."""
        self.optuna.set_user_attr(CONFIRMED, CONFIRMATION.dump_python(confirmation, mode="json"))

    def _set_result(self, number: int, found: Outcome | None, members: Sequence[MemberResult]) -> None:
        result = {"outcome": found and vars(found), "members": [vars(each) for each in members]}
        self._tables.set_attribute(number, RESULT, result)

    def summary(self) -> StudySummary:
        """All that there is to show, as it is now, also of a study that can't be run here."""
        sweep, flaw = self._shown
        attributes, held = self.optuna.user_attrs, file_locks.is_held(self.home.lock(self.name))
        state = attributes.get(STATE, "running")
        return StudySummary(
            name=self.name,
            state="interrupted" if state == "running" and not held else state,
            stored_state=state,
            sweep=sweep,
            flaw=flaw,
            seconds=attributes.get(SECONDS, 0.0),
            confirm_seconds=attributes.get(CONFIRM_SECONDS, 0.0),
            ended_by=attributes.get(ENDED_BY) if state == "finished" else None,
            created=datetime.fromisoformat(attributes[CREATED]),
            tracking=attributes.get(TRACKING, {}),
            importances=attributes.get(IMPORTANCES, {}),
            trials=[
                self._trial_summary(trial, attributes.get(f"{RUN}/{trial.number}"), held, sweep.direction)
                for trial in self.optuna.get_trials(deepcopy=False)
                if PLAN in trial.user_attrs
            ],
            confirmation=CONFIRMATION.validate_python(attributes[CONFIRMED]) if CONFIRMED in attributes else None,
        )

    @property
    def _shown(self) -> tuple[Sweep, str | None]:
        """The sweep to be shown, and why it can't be run here."""
        try:
            return self.sweep, None
        except SweepError as error:
            return sweeps.shown_as_kept(self.optuna.user_attrs[SWEEP]), str(error)

    def _trial_summary(self, trial: FrozenTrial, run_id: str | None, held: bool, direction: Direction) -> TrialSummary:
        plan, result = trial.user_attrs[PLAN], trial.user_attrs.get(RESULT, {})
        members, found = result.get("members", []), result.get("outcome") or {}
        state = _STATES[trial.state]
        best = _best_member(members, direction)
        return TrialSummary(
            number=trial.number,
            state="waiting" if state == "running" and not held else state,
            value=trial.values[0] if trial.state == TrialState.COMPLETE else None,
            params=plan["params"],
            run_id=run_id,
            seeds=plan["seeds"],
            steps=sum(member["steps"] for member in members),
            seconds=round(sum(member["seconds"] for member in members), 3),
            diverged_at=found.get("diverged_at"),
            reason=found.get("reason"),
            default=plan["default"],
            average=_mean([member.get("average") for member in members]),
            second=found.get("second"),
            given_up_at=found.get("given_up_at"),
            values=trial_outcome.by_seed([MemberResult(**member) for member in members]),
            checkpoint=None if best is None else str(self.home.member(self.name, trial.number, best) / BEST),
        )


def _best_member(members: Sequence[dict[str, Any]], direction: Direction) -> int | None:
    values = [(place, each["value"]) for place, each in enumerate(members) if each["value"] is not None]
    return best(values, direction)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return statistics.fmean(known) if known else None


_LEGS = TypeAdapter(LegRecord)

_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
