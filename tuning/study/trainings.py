"""The trainings of a study's trials, as their diagnosis sees them."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from trainables import environments
from trainables.base.checkpoint import CheckpointError
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.training import Loop, Training
from tuning.diagnosis.verdict import Verdict
from tuning.errors import StudyError, UnusableCheckpoint
from tuning.rules.trial_outcome import MemberResult
from tuning.study import kept_curves
from tuning.study.legs import Plan
from tuning.study.observer import Points
from tuning.study.study import Study
from tuning.sweep.model import Sweep

if TYPE_CHECKING:  # it imports what reads tables
    from trainables.data.datasets import Source

LOOPS: tuple[Loop, ...] = ("supervised", "dqn", "reinforce")


def of_trial(study: Study, number: int) -> list[Training]:
    """The trainings of a trial, one a seed, as far as their curves are kept.

    Raises StudyError where there is no such trial, UnusableCheckpoint for checkpoints of another version.
    """
    plan = study.records.plans().get(number)
    if plan is None:
        count = len(study.records.plans())
        raise StudyError(f"{study.name!r} has no trial {number}; it has {count}, from 0 on")
    members = study.records.members(number) or [MemberResult() for _ in plan.seeds]
    return trainings(study.sweep, plan, members, [_points(study, number, place) for place in range(len(members))])


def trainings(sweep: Sweep, plan: Plan, members: Sequence[MemberResult], curves: Sequence[Points]) -> list[Training]:
    """The trainings of a trial, one a seed. members, curves: where each stands, and all that it has reported."""
    settings = sweep.config(plan.values)
    config, solved, of_data = settings.model_dump(mode="json"), _solved(sweep), _of_data(sweep, settings)
    return [
        Training(
            curves={
                name: Curve.of((at, metrics[name]) for at, metrics in points if name in metrics)
                for name in {name for _, metrics in points for name in metrics}
            },
            config=config,
            loop=next((loop for loop in LOOPS if loop == sweep.loop), None),
            budget=config.get("budget", sweep.budget),
            score=sweep.metric,
            direction=sweep.direction,
            solved=solved,
            diverged_at=result.diverged_at,
            reason=result.reason,
            of_data=of_data,
        )
        for result, points in zip(members, curves, strict=True)
    ]


def _points(study: Study, number: int, place: int) -> Points:
    try:
        return kept_curves.curve(study.home.member(study.name, number, place))
    except CheckpointError as error:
        raise UnusableCheckpoint(str(error)) from error


def _solved(sweep: Sweep) -> float | None:
    """The return from which on the environment is solved; None where nobody says."""
    if sweep.environment is None or not str(sweep.metric).startswith("evaluation/return"):
        return None
    return environments.reward_threshold(str(sweep.environment))


def _of_data(sweep: Sweep, settings: Any) -> tuple[Verdict, ...]:
    """What is wrong with the data that a supervised training learnt from, where they can be read here."""
    return _flaws(settings.source, settings.standardise) if sweep.loop == "supervised" else ()


@lru_cache(maxsize=8)
def _flaws(source: "Source", standardised: bool) -> tuple[Verdict, ...]:
    from trainables.data import datasets, flaws

    try:
        found = flaws.flaws(datasets.load(source), standardised)
    except datasets.Unusable:
        return ()
    return tuple(Verdict(each.name, each.sentence, each.cause, each.evidence, each.patch) for each in found)
