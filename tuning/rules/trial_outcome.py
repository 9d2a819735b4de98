"""What the results of a trial's members mean: the one place where that is decided. Pure: values in, a value out."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tuning.rules.objective import Direction, better, cost, worst

Aggregate = Literal["mean", "median", "worst"]
SECONDS, STEPS = "seconds", "steps"
"""What trials may be compared by beside their metric, apart from another metric."""

_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {"mean": statistics.fmean, "median": statistics.median}


@dataclass(frozen=True)
class MemberResult:
    """What is known of one member so far.

    value: the metric at its best point; steps in the budget's unit; error: why it can't be trained any further;
    seconds: for which its packs trained; share_s: of these those that fall to it, a pack's shared out evenly; second:
    where trials are compared by another metric as well, that one at the best point. average: the mean of the metric
    over all its points, so many as `points`, the last of them at `last_point`.
    """

    steps: int = 0
    value: float | None = None
    value_steps: int | None = None
    diverged_at: int | None = None
    reason: str | None = None
    seconds: float = 0.0
    error: str | None = None
    share_s: float = 0.0
    second: float | None = None
    average: float | None = None
    points: int = 0
    last_point: int = -1


@dataclass(frozen=True)
class Outcome:
    """What a trial has come to.

    complete: it has a value, and a second one where trials are compared by two. pruned: it is given up and has none; a
    diverged trial is one of these, and has `diverged_at`. failed: it could not be trained, for the reason given.
    given_up_at: of one that was trained on to the end although halving had given it up, where that was.
    """

    state: Literal["complete", "pruned", "failed"]
    value: float | None = None
    diverged_at: int | None = None
    reason: str | None = None
    second: float | None = None
    given_up_at: int | None = None

    @property
    def values(self) -> list[float]:
        """Those of all objectives; none where it has no value."""
        return [value for value in (self.value, self.second) if value is not None]


def advanced(
    result: MemberResult, report: dict[str, Any], metric: str, direction: Direction, second: str | None = None
) -> MemberResult:
    """The result after one more report of the member (trainables.loop.Report as plain data); second: another metric."""
    value, steps, beside = result.value, result.value_steps, result.second
    average, points, last = result.average, result.points, result.last_point
    for at, metrics in report["points"]:
        if metric in metrics and better(metrics[metric], value, direction):
            value, steps, beside = metrics[metric], at, metrics.get(second or "")
        # A member that goes on from a checkpoint tells its points again.
        if at > last and math.isfinite(metrics.get(metric, math.nan)):
            points, last = points + 1, at
            average = (average or 0.0) + (metrics[metric] - (average or 0.0)) / points
    return replace(
        result,
        average=average,
        points=points,
        last_point=last,
        steps=report["steps"],
        value=value,
        value_steps=steps,
        second=beside,
        diverged_at=report["diverged_at"],
        reason=report["reason"],
        error=report["error"],
    )


def outcome(
    members: Sequence[MemberResult],
    error: str | None = None,
    direction: Direction = "maximize",
    aggregate: Aggregate = "mean",
    second: str | None = None,
) -> Outcome:
    """What a trial has come to when all its members have stopped; `error`: why they could not go on.

    Its value is the mean, the median or the worst of its members' values. A member that diverged counts as worse than
    any number, so the trial has diverged where that decides: always for mean and worst, for the median where half have.

    second: what trials are compared by as well, seconds, steps or another metric; of that always the mean, over the
    members that did not diverge.
    """
    errors = [each for each in (error, *(member.error for member in members)) if each is not None]
    if errors:
        return Outcome("failed", reason=errors[0])
    diverged = [member for member in members if member.diverged_at is not None]
    values = [member.value if member.diverged_at is None else worst(direction) for member in members]
    known = [value for value in values if value is not None]
    if len(known) < len(members):
        return Outcome("failed", reason="the metric was never a finite number")
    if aggregate == "worst":
        value = max(known, key=lambda each: cost(each, direction))
    else:
        value = _AGGREGATES[aggregate](known)
    if not math.isfinite(value):
        first = min(diverged, key=lambda member: member.diverged_at or 0)
        return Outcome("pruned", diverged_at=first.diverged_at, reason=first.reason)
    if second is None:
        return Outcome("complete", value=value)
    beside = statistics.fmean(_beside(member, second) for member in members if member.diverged_at is None)
    if not math.isfinite(beside):
        return Outcome("failed", reason=f"{second} was not a finite number where the metric was best")
    return Outcome("complete", value=value, second=beside)


def by_seed(members: Sequence[MemberResult]) -> list[float | None]:
    """The value of each member; None of one that diverged, or has none."""
    return [member.value if member.diverged_at is None else None for member in members]


def spread(values: Iterable[float | None]) -> float | None:
    """The standard deviation of the members' values as a sample; None of fewer than two."""
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) > 1 else None


def _beside(member: MemberResult, second: str) -> float:
    """The second objective of a member: what its training cost, how soon it was at its best, or another metric."""
    known = {SECONDS: member.share_s, STEPS: member.value_steps}.get(second, member.second)
    return math.nan if known is None else known


def pruned(found: Outcome, at: int) -> Outcome:
    """A trial with a value that is not good enough to go on from this budget."""
    return Outcome("pruned", reason=f"not among the best at {at:,}")
