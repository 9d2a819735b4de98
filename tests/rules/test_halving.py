"""Halving: where trials are compared, who goes on, what that saves, and the brackets of Hyperband."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tuning.rules.halving import expected, promoted, rungs
from tuning.rules.objective import Direction

NAN, INF = math.nan, math.inf
DIRECTIONS: tuple[Direction, Direction] = ("maximize", "minimize")
directions = st.sampled_from(DIRECTIONS)
budgets, reductions = st.integers(1, 10**7), st.integers(2, 10)
values = st.one_of(st.none(), st.floats(width=16), st.integers(-3, 3).map(float))
rung_results = st.dictionaries(st.integers(0, 60), values, min_size=1, max_size=40)


@pytest.mark.parametrize(
    ("budget", "reduction", "minimum", "count", "expected"),
    [
        # auto: three at most, and none below five units
        (20_000, 3, None, None, (2_222, 6_666, 20_000)),
        (60, 3, None, None, (6, 20, 60)),
        (45, 3, None, None, (5, 15, 45)),
        (44, 3, None, None, (14, 44)),
        (15, 3, None, None, (5, 15)),
        (14, 3, None, None, (14,)),
        (3, 3, None, None, (3,)),
        (1, 3, None, None, (1,)),
        (80, 4, None, None, (5, 20, 80)),
        (20, 2, None, None, (5, 10, 20)),
        # a minimum: as many as fit
        (81, 3, 1, None, (1, 3, 9, 27, 81)),
        (81, 3, 3, None, (3, 9, 27, 81)),
        (81, 3, 4, None, (9, 27, 81)),
        (81, 3, 27, None, (27, 81)),
        (81, 3, 28, None, (81,)),
        (81, 3, 81, None, (81,)),
        (100, 3, 1, None, (1, 3, 11, 33, 100)),
        # a count: exactly so many, whatever their size
        (81, 3, None, 1, (81,)),
        (81, 3, None, 4, (3, 9, 27, 81)),
        (81, 3, None, 5, (1, 3, 9, 27, 81)),
        (9, 3, None, 3, (1, 3, 9)),
        (1, 2, None, 1, (1,)),
        # both
        (81, 3, 3, 2, (27, 81)),
        (81, 3, 3, 4, (3, 9, 27, 81)),
    ],
)
def test_rungs(budget: int, reduction: int, minimum: int | None, count: int | None, expected: tuple[int, ...]) -> None:
    assert rungs(budget, reduction, minimum, count) == expected


@pytest.mark.parametrize(
    ("budget", "reduction", "minimum", "count", "message"),
    [
        (80, 3, None, 5, r"5 rungs do not fit: from 80 down by a reduction of 3, 4 are at least 1$"),
        (81, 3, 3, 5, r"5 rungs do not fit: .*, 4 are at least 3$"),
        (81, 3, None, 0, "rungs should be at least 1, is 0"),
        (81, 3, 82, None, "minimum, 82, is above the budget, 81"),
        (81, 3, 0, None, "minimum should be at least 1, is 0"),
        (81, 1, None, None, "reduction should be at least 2, is 1"),
        (0, 3, None, None, "budget should be at least 1, is 0"),
    ],
)
def test_rungs_that_do_not_fit_are_refused(
    budget: int, reduction: int, minimum: int | None, count: int | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rungs(budget, reduction, minimum, count)


@given(budgets, reductions, st.none() | st.integers(1, 10**7))
def test_rungs_rise_to_the_budget_by_at_least_the_reduction(budget: int, reduction: int, minimum: int | None) -> None:
    assume(minimum is None or minimum <= budget)
    ladder = rungs(budget, reduction, minimum)
    assert ladder[-1] == budget
    assert all(low * reduction <= high for low, high in pairwise(ladder))
    assert len(ladder) == 1 or ladder[0] >= (minimum or 5)
    assert minimum is None or ladder[0] // reduction < minimum


@given(budgets, reductions, st.integers(1, 24))
def test_a_count_is_met_or_refused(budget: int, reduction: int, count: int) -> None:
    if budget // reduction ** (count - 1) >= 1:
        ladder = rungs(budget, reduction, None, count)
        assert ladder == tuple(budget // reduction**step for step in reversed(range(count)))
    else:
        with pytest.raises(ValueError, match=f"{count} rungs do not fit"):
            rungs(budget, reduction, None, count)


@pytest.mark.parametrize(
    ("results", "leg", "direction", "expected"),
    [
        # the share of all results, rounded up
        ({0: 5.0}, [0], "maximize", {0}),
        ({0: 5.0, 1: 4.0, 2: 3.0}, [0, 1, 2], "maximize", {0}),
        ({0: 5.0, 1: 4.0, 2: 3.0}, [0, 1, 2], "minimize", {2}),
        ({0: 5.0, 1: 4.0, 2: 3.0, 3: 2.0}, [0, 1, 2, 3], "maximize", {0, 1}),
        ({number: float(number) for number in range(9)}, range(9), "maximize", {6, 7, 8}),
        ({number: float(number) for number in range(9)}, range(9), "minimize", {0, 1, 2}),
        # only of the leg, but against all
        ({0: 9.0, 1: 8.0, 2: 1.0, 3: 2.0, 4: 0.0, 5: 0.5}, [2, 3], "maximize", set()),
        ({0: 9.0, 1: 1.0, 2: 8.5, 3: 2.0, 4: 0.0, 5: 0.5}, [2, 3], "maximize", {2}),
        ({0: 9.0, 1: 8.0, 2: 8.5, 3: 9.5, 4: 0.0, 5: 0.5}, [2, 3], "maximize", {3}),
        ({0: 9.0, 1: 8.0, 2: 7.0}, [], "maximize", set()),
        # ties: the earlier trial
        ({4: 1.0, 2: 1.0, 3: 1.0}, [2, 3, 4], "maximize", {2}),
        ({4: 1.0, 2: 1.0, 3: 1.0}, [4, 3, 2], "minimize", {2}),
        ({0: 1.0, 1: 1.0, 2: 1.0, 3: 0.0}, [2, 3], "maximize", set()),
        ({0: 0.0, 1: -0.0, 2: 0.0}, [0, 1, 2], "maximize", {0}),
        ({0: -0.0, 1: 0.0, 2: 0.0}, [0, 1, 2], "minimize", {0}),
        # diverged: counted, as the worst, never promoted
        ({0: None, 1: NAN, 2: INF, 3: 1.0}, [0, 1, 2, 3], "maximize", {3}),
        ({0: None, 1: NAN, 2: -INF, 3: 1.0}, [0, 1, 2, 3], "minimize", {3}),
        ({0: None, 1: None, 2: NAN, 3: 1.0, 4: 2.0}, [3, 4], "maximize", {3, 4}),
        ({0: None, 1: None, 2: NAN, 3: 1.0, 4: 2.0, 5: 3.0}, [3, 4, 5], "maximize", {4, 5}),
        ({0: None}, [0], "maximize", set()),
        ({0: None, 1: NAN, 2: INF, 3: -INF}, [0, 1, 2, 3], "minimize", set()),
    ],
)
def test_promoted(results: dict[int, float | None], leg: list[int], direction: Direction, expected: set[int]) -> None:
    assert promoted(results, leg, 3, direction) == expected


@pytest.mark.parametrize(
    ("results", "leg", "expected"),
    [
        ({0: 0.0, 1: 1.0, 2: 2.0}, [0, 1, 2], {0, 2}),
        ({0: 3.0, 1: 1.0, 2: 2.0}, [0, 1, 2], {0}),
        ({0: None, 1: 1.0, 2: 2.0}, [0, 1, 2], {2}),
        ({0: NAN, 1: 1.0, 2: 2.0}, [0, 1, 2], {2}),
        ({0: -INF, 1: 1.0, 2: 2.0}, [0, 1, 2], {2}),
        ({0: 0.0, 1: 1.0, 2: 2.0}, [1, 2], {2}),
        ({1: 1.0, 2: 2.0}, [1, 2], {2}),
    ],
)
def test_those_always_promoted_take_no_place_and_must_have_a_value(
    results: dict[int, float | None], leg: list[int], expected: set[int]
) -> None:
    assert promoted(results, leg, 3, "maximize", frozenset({0})) == expected


def test_a_decision_does_not_hang_on_the_order_of_results() -> None:
    results: dict[int, float | None] = {0: 1.0, 1: 2.0, 2: 2.0, 3: None, 4: 0.5, 5: 2.0}
    backwards = dict(reversed(results.items()))
    assert promoted(results, range(6), 3, "maximize") == promoted(backwards, range(6), 3, "maximize") == {1, 2}


def legs_of(results: dict[int, float | None]) -> st.SearchStrategy[set[int]]:
    return st.sets(st.sampled_from(sorted(results)))


@given(st.data(), rung_results, reductions, directions)
def test_no_more_are_promoted_than_the_share_and_those_always_promoted(
    data: st.DataObject, results: dict[int, float | None], reduction: int, direction: Direction
) -> None:
    leg, always = data.draw(legs_of(results)), frozenset(data.draw(legs_of(results)))
    onward = promoted(results, leg, reduction, direction, always)
    assert onward <= leg
    assert len(onward - always) <= math.ceil(len(results) / reduction)
    assert all(math.isfinite(value) for value in map(results.__getitem__, onward) if value is not None)
    assert None not in map(results.__getitem__, onward)


@given(rung_results, reductions, directions)
def test_as_many_are_promoted_of_a_whole_rung_as_the_share_and_divergence_allow(
    results: dict[int, float | None], reduction: int, direction: Direction
) -> None:
    finite = sum(value is not None and math.isfinite(value) for value in results.values())
    onward = promoted(results, results.keys(), reduction, direction)
    assert len(onward) == min(finite, math.ceil(len(results) / reduction))


@given(st.data(), rung_results, reductions, directions, st.floats(0, 100))
def test_a_better_value_never_costs_a_promotion(
    data: st.DataObject, results: dict[int, float | None], reduction: int, direction: Direction, gain: float
) -> None:
    onward = promoted(results, results.keys(), reduction, direction)
    assume(onward)
    lucky = data.draw(st.sampled_from(sorted(onward)))
    better = (results[lucky] or 0.0) + (gain if direction == "maximize" else -gain)
    assert lucky in promoted({**results, lucky: better}, results.keys(), reduction, direction)


@given(rung_results, reductions)
def test_minimising_is_maximising_the_opposite(results: dict[int, float | None], reduction: int) -> None:
    opposite = {number: None if value is None else -value for number, value in results.items()}
    ours = promoted(results, results.keys(), reduction, "maximize")
    assert ours == promoted(opposite, results.keys(), reduction, "minimize")


@pytest.mark.parametrize(
    ("ladder", "reduction", "steps"),
    [((90,), 3, 90.0), ((10, 30, 90), 3, 10 + 20 / 3 + 60 / 9), ((1, 2), 2, 1.5)],
)
def test_what_a_trial_takes_on_average(ladder: tuple[int, ...], reduction: int, steps: float) -> None:
    assert expected(ladder, reduction) == pytest.approx(steps)


@pytest.mark.parametrize("done", [0, 1, 50, 60, 100, 199, 200])
def test_what_a_trial_has_still_to_take(done: int) -> None:
    ladder = (50, 100, 200)
    ahead = [rung for rung in ladder if rung > done]
    chance, at, steps = 1.0, done, 0.0
    for rung in ahead:
        steps += chance * (rung - at)
        chance, at = chance / 2, rung
    assert expected(ladder, 2, done=done) == pytest.approx(steps)


def test_what_is_audited_is_expected_to_be_trained_on() -> None:
    # 20, then a third for 40 more, then a ninth for 120 more; of two thirds a half for 160 more, of two ninths for 120.
    assert expected((20, 60, 180), 3, 0.5) == pytest.approx(20 + 40 / 3 + 120 / 9 + 160 / 3 + 120 / 9)
    assert expected((20, 60, 180), 3, 1.0) == pytest.approx(180)
    assert expected((180,), 3, 0.5) == 180
