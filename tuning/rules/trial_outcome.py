"""What the results of a trial's members mean; nothing else decides that. Pure: values in, a value out."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from tuning.rules.objective import Direction, better, cost, worst

Aggregate = Literal["mean", "median", "worst"]
SECONDS, STEPS = "seconds", "steps"
"""What a second objective may be, beside another metric."""

_AGGREGATES: dict[str, Callable[[Sequence[float]], float]] = {"mean": statistics.fmean, "median": statistics.median}


@dataclass(frozen=True)
class MemberResult:
    """What is known of one member so far.

    steps: that it has taken, in the budget's unit.
    value: the metric at its best point; None before there is a finite one.
    value_steps: where that point is.
    diverged_at: the step at which it stopped being finite.
    reason: what stopped being finite.
    seconds: for which its packs have trained.
    error: why it can't be trained any further.
    share_s: its share of those seconds, a pack's divided evenly among its members.
    second: where trials are compared by another metric as well, that metric at the best point.
    average: the mean of the metric over all its points.
    points: how many these are.
    last_point: the step of the last of them.
    score: of its best weights on fresh episodes, where that was asked for; None of one that diverged.
    lost_steps: that it took and lost, since it had to go back to an earlier checkpoint; not among `steps`.
    lost_s: its share of the seconds that they took; among `share_s`.
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
    score: float | None = None
    lost_steps: int = 0
    lost_s: float = 0.0


class MemberReport(Protocol):
    """What is read of a report of a member (trainables.Report)."""

    @property
    def steps(self) -> int:
        """The budget that is spent."""

    @property
    def points(self) -> Sequence[tuple[int, Mapping[str, float]]]:
        """Steps, and what was measured there."""

    @property
    def diverged_at(self) -> int | None:
        """Where its numbers stopped being finite."""

    @property
    def reason(self) -> str | None:
        """Which of them."""

    @property
    def error(self) -> str | None:
        """Why it can't be trained any further."""


@dataclass(frozen=True)
class Outcome:
    """What a trial has come to.

    state: complete, so it has a value; pruned, so it is given up and has none, or has diverged; or failed, so it could
        not be trained.
    value: of the metric.
    diverged_at: the step at which it diverged.
    reason: why it has no value.
    second: the value of the second objective, where there is one.
    given_up_at: of a trial that was trained to the end although halving had given it up, the rung where it had.
    """

    state: Literal["complete", "pruned", "failed"]
    value: float | None = None
    diverged_at: int | None = None
    reason: str | None = None
    second: float | None = None
    given_up_at: int | None = None

    @property
    def values(self) -> list[float]:
        """One for each objective; none where it has no value."""
        return [value for value in (self.value, self.second) if value is not None]


def advanced(
    result: MemberResult, report: MemberReport, metric: str, direction: Direction, second: str | None = None
) -> MemberResult:
    """The member's result after one more report.

    result: the one before.
    report: what it has reported (trainables.Report).
    metric: that trials are compared by.
    direction: of the metric.
    second: another metric that they are compared by as well.
    """
    value, steps, beside = result.value, result.value_steps, result.second
    average, points, last = result.average, result.points, result.last_point
    for at, metrics in report.points:
        if metric in metrics and better(metrics[metric], value, direction):
            value, steps, beside = metrics[metric], at, metrics.get(second or "")
        # A member that goes on from a checkpoint reports earlier points again.
        if at > last and math.isfinite(metrics.get(metric, math.nan)):
            points, last = points + 1, at
            average = (average or 0.0) + (metrics[metric] - (average or 0.0)) / points
    return replace(
        result,
        average=average,
        points=points,
        last_point=last,
        steps=report.steps,
        value=value,
        value_steps=steps,
        second=beside,
        diverged_at=report.diverged_at,
        reason=report.reason,
        error=report.error,
    )


def outcome(
    members: Sequence[MemberResult],
    error: str | None = None,
    direction: Direction = "maximize",
    aggregate: Aggregate = "mean",
    second: str | None = None,
) -> Outcome:
    """What a trial has come to when all its members have stopped.

    A member that diverged counts as worse than any number. So the trial has diverged if that decides its value: always
    for the mean and the worst, for the median if half of the members have.

    members: their results.
    error: why they could not go on.
    direction: of the metric.
    aggregate: what the trial's value is of its members' values.
    second: what trials are compared by as well: seconds, steps or another metric. Of that it is always the mean over
        the members that did not diverge.
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


def gone_back(result: MemberResult, to: int) -> MemberResult:
    """The member's result where it goes on from these steps: what it took beyond them is lost."""
    lost = max(0, result.steps - to)
    if not lost:
        return result
    seconds = (result.share_s - result.lost_s) * lost / result.steps
    return replace(result, steps=to, lost_steps=result.lost_steps + lost, lost_s=result.lost_s + seconds)


def by_seed(members: Sequence[MemberResult]) -> list[float | None]:
    """The value of each member; None of one that diverged or has none."""
    return [member.value if member.diverged_at is None else None for member in members]


def spread(values: Iterable[float | None]) -> float | None:
    """The sample standard deviation of the members' values; None of fewer than two."""
    known = [value for value in values if value is not None]
    return statistics.stdev(known) if len(known) > 1 else None


def _beside(member: MemberResult, second: str) -> float:
    """A member's second objective: what its training cost, how soon it was at its best, or another metric."""
    known = {SECONDS: member.share_s, STEPS: member.value_steps}.get(second, member.second)
    return math.nan if known is None else known


def pruned(at: int) -> Outcome:
    """A trial whose value is not good enough to go on from this budget."""
    return Outcome("pruned", reason=f"not among the best at {at:,}")
