"""What the results of a trial's members mean: the one place where that is decided. Pure: values in, a value out."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Direction = Literal["maximize", "minimize"]
Aggregate = Literal["mean", "median", "worst"]
_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {"mean": statistics.fmean, "median": statistics.median}


@dataclass(frozen=True)
class MemberResult:
    """What is known of one member so far.

    value: the metric at its best point; steps in the budget's unit; error: why it can't be trained any further.
    """

    steps: int = 0
    value: float | None = None
    value_steps: int | None = None
    diverged_at: int | None = None
    reason: str | None = None
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What a trial has come to.

    complete: it has a value, its members' mean. pruned: it is given up and has none; a diverged trial is one of these,
    and has `diverged_at`. failed: it could not be trained, for the reason given.
    """

    state: Literal["complete", "pruned", "failed"]
    value: float | None = None
    diverged_at: int | None = None
    reason: str | None = None


def better(value: float, than: float | None, direction: Direction) -> bool:
    """Whether a value beats another; any finite one beats none, one that is not finite beats nothing."""
    if not math.isfinite(value):
        return False
    return than is None or (value > than if direction == "maximize" else value < than)


def reaches(value: float, target: float, direction: Direction) -> bool:
    """Whether a value is as good as the target, or better."""
    return value >= target if direction == "maximize" else value <= target


def advanced(result: MemberResult, report: dict[str, Any], metric: str, direction: Direction) -> MemberResult:
    """The result after one more report of the member (trainables.loop.Report as plain data)."""
    value, steps = result.value, result.value_steps
    for at, metrics in report["points"]:
        if metric in metrics and better(metrics[metric], value, direction):
            value, steps = metrics[metric], at
    return replace(
        result,
        steps=report["steps"],
        value=value,
        value_steps=steps,
        diverged_at=report["diverged_at"],
        reason=report["reason"],
        error=report["error"],
    )


def outcome(
    members: Sequence[MemberResult],
    error: str | None = None,
    direction: Direction = "maximize",
    aggregate: Aggregate = "mean",
) -> Outcome:
    """What a trial has come to when all its members have stopped; `error`: why they could not go on.

    Its value is the mean, the median or the worst of its members' values. A member that diverged counts as worse than
    any number, so the trial has diverged where that decides: always for mean and worst, for the median where half have.
    """
    errors = [each for each in (error, *(member.error for member in members)) if each is not None]
    if errors:
        return Outcome("failed", reason=errors[0])
    diverged = [member for member in members if member.diverged_at is not None]
    worst = -math.inf if direction == "maximize" else math.inf
    values = [member.value if member.diverged_at is None else worst for member in members]
    known = [value for value in values if value is not None]
    if len(known) < len(members):
        return Outcome("failed", reason="the metric was never a finite number")
    value = _AGGREGATES[aggregate](known) if aggregate != "worst" else (min if worst < 0 else max)(known)
    if not math.isfinite(value):
        first = min(diverged, key=lambda member: member.diverged_at or 0)
        return Outcome("pruned", diverged_at=first.diverged_at, reason=first.reason)
    return Outcome("complete", value=value)


def pruned(found: Outcome, at: int) -> Outcome:
    """A trial with a value that is not good enough to go on from this budget."""
    return Outcome("pruned", reason=f"not among the best at {at:,}")


def best(values: Iterable[tuple[int, float]], direction: Direction) -> int | None:
    """The number of the best of (number, value), the first of equals; None of none."""
    sign = -1 if direction == "maximize" else 1
    return min(values, key=lambda pair: (sign * pair[1], pair[0]), default=(None, 0.0))[0]
