"""What results mean: what a report adds to a member's result, and what a trial has come to."""

import math
import statistics
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.base.report import Report
from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import (
    Aggregate,
    MemberResult,
    Outcome,
    advanced,
    outcome,
    pruned,
)

NAN, INF = math.nan, math.inf
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def report(*points: tuple[int, dict[str, float]], **more: Any) -> Report:
    return Report(points[-1][0], list(points), **more)


@pytest.mark.parametrize(
    ("values", "direction", "value", "at"),
    [
        ([3.0, 5.0, 4.0], "maximize", 5.0, 2),
        ([3.0, 5.0, 4.0], "minimize", 3.0, 1),
        ([5.0, 5.0], "maximize", 5.0, 1),
        ([NAN, 2.0, INF], "maximize", 2.0, 2),
        ([-INF, 2.0, NAN], "minimize", 2.0, 2),
        ([NAN, NAN], "maximize", None, None),
        ([INF], "minimize", None, None),
    ],
)
def test_the_value_of_a_member_is_its_best_finite_one_the_first_of_equals(
    values: list[float], direction: Direction, value: float | None, at: int | None
) -> None:
    points = [(steps, {"score": each}) for steps, each in enumerate(values, 1)]
    together = advanced(MemberResult(), report(*points), "score", direction)
    one_by_one = MemberResult()
    for point in points:
        one_by_one = advanced(one_by_one, report(point), "score", direction)
    assert together == one_by_one
    assert (together.steps, together.value, together.value_steps) == (len(values), value, at)


def test_the_average_is_of_all_finite_points_each_counted_once() -> None:
    points = [(10, {"score": 1.0}), (20, {"score": NAN}), (30, {"score": 2.0}), (40, {"score": 6.0})]
    begun = advanced(MemberResult(), report(*points[:3]), "score", "maximize")
    assert (begun.average, begun.points) == (1.5, 2)
    # Gone on from a checkpoint, it tells all of its curve again.
    assert advanced(begun, report(*points), "score", "maximize").average == pytest.approx(3.0)
    assert advanced(MemberResult(), report((10, {"other": 1.0})), "score", "maximize").average is None


def test_a_report_without_the_metric_moves_the_steps_alone() -> None:
    before = MemberResult(10, 2.0, 5, seconds=3.0)
    after = advanced(before, report((20, {"other": 9.0})), "score", "maximize")
    assert after == MemberResult(20, 2.0, 5, seconds=3.0)


def test_a_report_says_that_a_member_has_diverged_and_the_best_before_stays_known() -> None:
    before = MemberResult(10, 2.0, 5)
    flaw = {"diverged_at": 13, "reason": "the gradient is not finite"}
    after = advanced(before, replace(report((20, {"score": NAN}), **flaw), steps=13), "score", "maximize")
    assert after == MemberResult(13, 2.0, 5, 13, "the gradient is not finite")


FINE, WORSE, EMPTY = MemberResult(9, 4.0, 9), MemberResult(9, 1.0, 3), MemberResult(9)
EARLY = MemberResult(2, 3.0, 1, diverged_at=2, reason="the loss is not finite")
LATE = MemberResult(7, 5.0, 6, diverged_at=7, reason="the weights are not finite")
AT_ONCE = MemberResult(0, diverged_at=0, reason="the gradient is not finite")
NEVER = "the metric was never a finite number"


@pytest.mark.parametrize(
    ("members", "error", "expected"),
    [
        ([FINE], None, Outcome("complete", 4.0)),
        ([FINE, WORSE], None, Outcome("complete", 2.5)),
        ([EARLY], None, Outcome("pruned", None, 2, EARLY.reason)),
        ([FINE, LATE, EARLY], None, Outcome("pruned", None, 2, EARLY.reason)),
        ([LATE, AT_ONCE, EARLY], None, Outcome("pruned", None, 0, AT_ONCE.reason)),
        ([EMPTY], None, Outcome("failed", reason=NEVER)),
        ([FINE, EMPTY], None, Outcome("failed", reason=NEVER)),
        ([EMPTY, EARLY], None, Outcome("failed", reason=NEVER)),
        ([FINE], "the worker died", Outcome("failed", reason="the worker died")),
        ([EARLY], "the worker died", Outcome("failed", reason="the worker died")),
        ([EMPTY], "the worker died", Outcome("failed", reason="the worker died")),
    ],
)
def test_outcome(members: list[MemberResult], error: str | None, expected: Outcome) -> None:
    assert outcome(members, error) == expected


X = None
"""A member that has diverged."""


@pytest.mark.parametrize(
    ("values", "aggregate", "direction", "expected"),
    [
        ([1.0, 2.0, 6.0], "mean", "maximize", 3.0),
        ([1.0, 2.0, 6.0], "median", "maximize", 2.0),
        ([1.0, 2.0, 6.0], "worst", "maximize", 1.0),
        ([1.0, 2.0, 6.0], "worst", "minimize", 6.0),
        ([1.0, 3.0], "median", "minimize", 2.0),
        ([1.0, 2.0, X], "mean", "maximize", X),
        ([1.0, 2.0, X], "mean", "minimize", X),
        ([1.0, 2.0, X], "worst", "maximize", X),
        ([1.0, 2.0, X], "worst", "minimize", X),
        ([1.0, 2.0, X], "median", "maximize", 1.0),
        ([1.0, 2.0, X], "median", "minimize", 2.0),
        ([1.0, X], "median", "maximize", X),
        ([1.0, X], "median", "minimize", X),
        ([1.0, X, X], "median", "maximize", X),
        ([X], "median", "minimize", X),
    ],
)
def test_a_member_that_diverged_counts_as_worse_than_any_number(
    values: list[float | None], aggregate: Aggregate, direction: Direction, expected: float | None
) -> None:
    members = [EARLY if value is None else MemberResult(9, value, 9) for value in values]
    found = outcome(members, None, direction, aggregate)
    diverged = Outcome("pruned", None, EARLY.diverged_at, EARLY.reason)
    assert found == (diverged if expected is None else Outcome("complete", expected))


def test_who_is_pruned_is_told_where_and_has_no_value() -> None:
    assert pruned(12_000) == Outcome("pruned", reason="not among the best at 12,000")


@given(st.lists(finite, min_size=1, max_size=8))
def test_a_trial_is_worth_the_mean_of_its_members(values: list[float]) -> None:
    found = outcome([MemberResult(9, value, 9) for value in values])
    assert found.value == pytest.approx(statistics.mean(values), rel=1e-9, abs=1e-30)
