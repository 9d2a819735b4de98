"""The summary of a study, out of what is kept of it."""

import statistics
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from trainables.base.checkpoint_files import BEST
from tuning.errors import Note
from tuning.rules import trial_outcome
from tuning.rules.objective import Direction, best
from tuning.rules.trial_outcome import MemberResult
from tuning.study import attributes, changes
from tuning.study.experiment import FOUND
from tuning.study.lease import LEASE, seems_alive
from tuning.study.paths import Home
from tuning.study.records import DIAGNOSES, DIAGNOSIS, PLAN, RESULT
from tuning.study.summary import StudySummary, TrialSummary
from tuning.sweep.model import Sweep

_STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def summarise(study: optuna.Study, home: Home, sweep: Sweep, flaw: str | None, held: bool) -> StudySummary:
    """All that there is to show of a study as it is now, also of one that can't be run here.

    study: as Optuna's storage has it.
    home: where its files lie.
    sweep: what it runs.
    flaw: why it can't be run here, if it can't.
    held: whether a process runs it now.
    """
    kept, name = study.user_attrs, study.study_name
    state, runs = kept.get(attributes.STATE, "running"), attributes.runs_in(kept)
    running = held or seems_alive(kept.get(LEASE))
    confirmed = kept.get(attributes.CONFIRMED)
    told = [*kept.get(attributes.NOTES, []), *kept.get(attributes.REMARKS, [])]
    return StudySummary(
        name=name,
        state="interrupted" if state == "running" and not running else state,
        stored_state=state,
        sweep=sweep,
        flaw=flaw,
        seconds=kept.get(attributes.SECONDS, 0.0),
        confirm_seconds=kept.get(attributes.CONFIRM_SECONDS, 0.0),
        confirm_spent=attributes.confirm_spent_in(kept),
        ended_by=kept.get(attributes.ENDED_BY) if state == "finished" else None,
        waits_for=kept.get(attributes.WAITS_FOR) if state == "waiting" else None,
        created=datetime.fromisoformat(kept[attributes.CREATED]),
        tracking=kept.get(attributes.TRACKING, {}),
        changes=changes.read(kept),
        importances=kept.get(attributes.IMPORTANCES, {}),
        notes=[Note(**{**each, "place": None}) for each in told],
        trials=[
            _trial(each, home, name, runs.get(each.number), held, sweep.direction)
            for each in study.get_trials(deepcopy=False)
            if PLAN in each.user_attrs
        ],
        trivial=attributes.TRIVIAL_ANSWERS.validate_python(kept.get(attributes.TRIVIAL, [])),
        found=kept.get(FOUND),
        confirmation=None if confirmed is None else attributes.CONFIRMATION.validate_python(confirmed),
    )


def _trial(
    trial: FrozenTrial, home: Home, study: str, run_id: str | None, held: bool, direction: Direction
) -> TrialSummary:
    plan: Mapping[str, Any] = trial.user_attrs[PLAN]
    result: Mapping[str, Any] = trial.user_attrs.get(RESULT, {})
    members = [MemberResult(**member) for member in result.get("members", [])]
    found = result.get("outcome") or {}
    state = _STATES[trial.state]
    place = _best_member(members, direction)
    return TrialSummary(
        number=trial.number,
        state="waiting" if state == "running" and not held else state,
        value=trial.values[0] if trial.state == TrialState.COMPLETE else None,
        params=plan["params"],
        run_id=run_id,
        seeds=plan["seeds"],
        steps=sum(member.steps for member in members),
        seconds=round(sum(member.seconds for member in members), 3),
        diverged_at=found.get("diverged_at"),
        reason=found.get("reason"),
        default=plan["default"],
        average=_mean([member.average for member in members]),
        second=found.get("second"),
        given_up_at=found.get("given_up_at"),
        values=trial_outcome.by_seed(members),
        rungs=dict(trial.intermediate_values),
        ended=trial.datetime_complete,
        worker_s=round(sum(member.share_s for member in members), 3),
        lost_steps=sum(member.lost_steps for member in members),
        lost_s=round(sum(member.lost_s for member in members), 3),
        diagnosis=None if DIAGNOSIS not in trial.user_attrs else DIAGNOSES.validate_python(trial.user_attrs[DIAGNOSIS]),
        checkpoint=None if place is None else str(home.member(study, trial.number, place) / BEST),
    )


def _best_member(members: Sequence[MemberResult], direction: Direction) -> int | None:
    values = [(place, each.value) for place, each in enumerate(members) if each.value is not None]
    return best(values, direction)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [each for each in values if each is not None]
    return statistics.fmean(known) if known else None
