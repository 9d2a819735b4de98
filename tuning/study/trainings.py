"""The trainings of a study's trials, as their diagnosis sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

from trainables import environments
from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError, DamagedCheckpoint
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.training import Loop, Training
from tuning.errors import StudyError, UnusableCheckpoint
from tuning.rules.trial_outcome import MemberResult
from tuning.study.study import Study
from tuning.sweep.model import Sweep

LOOPS: tuple[Loop, ...] = ("supervised", "dqn", "reinforce")


def of_trial(study: Study, number: int) -> list[Training]:
    """The trainings of a trial, one a seed.

    Raises StudyError where there is no such trial, UnusableCheckpoint for checkpoints of another version.
    """
    plan = study.records.plans().get(number)
    if plan is None:
        count = len(study.records.plans())
        raise StudyError(f"{study.name!r} has no trial {number}; it has {count}, from 0 on")
    config = study.sweep.config(plan.values).model_dump(mode="json")
    solved = _solved(study.sweep, config)
    members = study.records.members(number) or [MemberResult() for _ in plan.seeds]
    return [
        _training(study.sweep, config, solved, result, _points(study, number, place))
        for place, result in enumerate(members)
    ]


def _points(study: Study, number: int, place: int) -> Sequence[tuple[int, Mapping[str, float]]]:
    try:
        return checkpoint.curve(study.home.member(study.name, number, place))
    except DamagedCheckpoint:
        return []  # it counts as none: its member begins at an earlier moment
    except CheckpointError as error:
        raise UnusableCheckpoint(str(error)) from error


def _training(
    sweep: Sweep,
    config: Mapping[str, Any],
    solved: float | None,
    result: MemberResult,
    points: Sequence[tuple[int, Mapping[str, float]]],
) -> Training:
    names = {name for _, metrics in points for name in metrics}
    return Training(
        curves={name: Curve.of((at, each[name]) for at, each in points if name in each) for name in names},
        config=config,
        loop=next((loop for loop in LOOPS if loop == sweep.loop), None),
        budget=config.get("budget", sweep.budget),
        score=sweep.metric,
        direction=sweep.direction,
        solved=solved,
        diverged_at=result.diverged_at,
        reason=result.reason,
    )


def _solved(sweep: Sweep, config: Mapping[str, Any]) -> float | None:
    """The return from which on the environment is solved; None where nobody says, or where it can't be made here."""
    if sweep.environment is None or not str(sweep.metric).startswith("evaluation/return"):
        return None
    try:
        described = environments.describe(
            str(sweep.environment), config.get("environment_args", {}), config.get("wrappers", ())
        )
    except environments.EnvironmentMisfit:
        return None
    return described.reward_threshold
