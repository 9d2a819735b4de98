"""What is kept of a study's trials and legs, in Optuna's storage: all that it takes to go on, and nothing twice."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from copy import copy
from dataclasses import replace
from typing import Any, TypeAlias

import optuna
from optuna.trial import FrozenTrial, TrialState
from pydantic import TypeAdapter

from tuning.diagnosis.verdict import Diagnosis
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import changes
from tuning.study.clock import Clock
from tuning.study.legs import Decision, Leg, LegRecord, Plan, record_of
from tuning.study.optuna_tables import Tables

PLAN, RESULT, DIAGNOSIS = "plan", "result", "diagnosis"
"""Attributes of Optuna's trials; the last is lacking where a trial failed, or an earlier version ended it."""

LEG = "leg"
"""Attributes of Optuna's study begin with it, one a leg."""

Ended: TypeAlias = tuple[Outcome, list[MemberResult]]
"""What a trial has come to, and its members."""

DIAGNOSES = TypeAdapter(Diagnosis)
_LEGS = TypeAdapter(LegRecord)
_GOING = (TrialState.RUNNING, TrialState.WAITING)
_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
_STATES = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}


class Records:
    """The trials and legs of one study; what is written within `at_once` is one transaction."""

    def __init__(self, study: optuna.Study, tables: Tables, clock: Clock) -> None:
        self._study, self._tables, self._clock = study, tables, clock

    def at_once(self) -> AbstractContextManager[None]:
        """What this thread keeps within reaches the database at the end, in one transaction, or not at all."""
        return self._tables.at_once()

    def begin(self, asked: FrozenTrial, plan: Plan) -> None:
        """Keep a new trial as a sampler was asked for it, with what it is to train."""
        trial = copy(asked)
        trial.user_attrs = {**asked.user_attrs, PLAN: vars(plan)}
        self._tables.begin(trial)

    def plans(self) -> dict[int, Plan]:
        """What each trial trains, by its number; of a search that was changed with the values that it has had."""
        trials, known = self._study.get_trials(deepcopy=False), changes.read(self._study.user_attrs)
        return {
            trial.number: changes.completed(Plan(**trial.user_attrs[PLAN]), known)
            for trial in trials
            if PLAN in trial.user_attrs
        }

    def take_back(self) -> set[int]:
        """The trials that are begun and have not ended; those that were put back are running again."""
        trials = self._planned(_GOING)
        with self.at_once():
            for trial in trials:
                if trial.state == TrialState.WAITING:
                    self._tables.set_state(trial.number, TrialState.RUNNING)
        return {trial.number for trial in trials}

    def put_back(self, number: int, members: Sequence[MemberResult]) -> None:
        """Keep how far a trial has come that could not be finished; it waits to be gone on with."""
        with self.at_once():
            self._set_result(number, None, members)
            self._tables.set_state(number, TrialState.WAITING)

    def finish(
        self,
        number: int,
        found: Outcome,
        members: Sequence[MemberResult],
        curve: Mapping[int, float] | None = None,
        diagnosis: Diagnosis | None = None,
    ) -> None:
        """Keep what a trial has come to, and tell Optuna the truth of it.

        found, members: its outcome, and where its members stand.
        curve: its values at the rungs that it has come to, by their budgets. Optuna sees no curve of a trial that
        diverged: samplers take a pruned trial without values for the worst there is.
        diagnosis: what ails it.
        """
        state = _STATES[found.state]
        values = {} if found.diverged_at is not None else dict(curve or {})
        last = [values[max(values)]] if values and state == TrialState.PRUNED else found.values
        with self.at_once():
            self._set_result(number, found, members)
            if diagnosis is not None:
                self._tables.set_attribute(number, DIAGNOSIS, DIAGNOSES.dump_python(diagnosis, mode="json"))
            self._tables.end(number, state, last, values)

    def ends(self) -> dict[int, Ended]:
        """What each trial that has ended has come to."""
        results = {trial.number: trial.user_attrs.get(RESULT) for trial in self._planned(_ENDED)}
        return {
            number: (Outcome(**result["outcome"]), [MemberResult(**member) for member in result["members"]])
            for number, result in results.items()
            if result is not None
        }

    def diagnoses(self) -> dict[int, Diagnosis]:
        """What ails each trial that has ended, as far as it is kept."""
        return {
            trial.number: DIAGNOSES.validate_python(trial.user_attrs[DIAGNOSIS])
            for trial in self._planned(_ENDED)
            if DIAGNOSIS in trial.user_attrs
        }

    def members(self, number: int) -> list[MemberResult]:
        """How far a trial's members have come, as far as it is kept with the trial."""
        return _kept_members(self._study.get_trials(deepcopy=False)[number])

    def standing(self) -> dict[int, list[MemberResult]]:
        """How far the members of trials have come that are begun and have not ended, as far as it is kept."""
        found = {plan.number: [MemberResult() for _ in plan.seeds] for plan in self.plans().values()}
        for record in self.legs():
            found.update(record.decision.going_on)

        def how_far(members: Sequence[MemberResult]) -> tuple[int, float]:
            return sum(one.steps for one in members), sum(one.seconds for one in members)

        # A trial that was put back may have come further than at the end of its last leg.
        return {
            trial.number: max(found[trial.number], _kept_members(trial), key=how_far) for trial in self._planned(_GOING)
        }

    def open_leg(self, leg: Leg) -> None:
        """Keep that a leg is handed out."""
        self._set_leg(record_of(leg))

    def split_leg(self, leg: Leg, into: Sequence[Leg]) -> None:
        """Keep that a leg could not be trained as one, and that others take its place."""
        with self.at_once():
            for part in into:
                self.open_leg(part)
            self._set_leg(replace(record_of(leg), state="split"))

    def close_leg(self, leg: Leg, decision: Decision) -> None:
        """Keep that a leg has ended, and what becomes of its trials."""
        self._set_leg(
            replace(
                record_of(leg),
                state="closed",
                values=decision.values,
                promoted=decision.promoted,
                audited=decision.audited,
            )
        )

    def legs(self) -> list[LegRecord]:
        """All legs in the order in which they were first handed out."""
        kept = [value for key, value in self._study.user_attrs.items() if key.startswith(f"{LEG}/")]
        # Names are numbered, with more digits from some number on.
        return sorted(map(_LEGS.validate_python, kept), key=lambda record: (len(record.name), record.name))

    def _planned(self, states: tuple[TrialState, ...]) -> list[FrozenTrial]:
        trials = self._study.get_trials(deepcopy=False, states=states)
        return [trial for trial in trials if PLAN in trial.user_attrs]

    def _set_leg(self, record: LegRecord) -> None:
        with self.at_once():
            self._tables.set_study_attribute(f"{LEG}/{record.name}", _LEGS.dump_python(record, mode="json"))
            self._clock.keep()

    def _set_result(self, number: int, found: Outcome | None, members: Sequence[MemberResult]) -> None:
        result: dict[str, Any] = {"outcome": found and vars(found), "members": [vars(each) for each in members]}
        self._tables.set_attribute(number, RESULT, result)


def _kept_members(trial: FrozenTrial) -> list[MemberResult]:
    return [MemberResult(**member) for member in trial.user_attrs.get(RESULT, {}).get("members", [])]
