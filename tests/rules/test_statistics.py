"""Statistics of confirmation: against numbers worked by hand, against SciPy, and against simulated truth."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tuning.rules.objective import Direction
from tuning.rules.statistics import (
    Verdict,
    counted,
    difference_interval,
    far_outside,
    interquartile_mean,
    interval,
    probability_of_improvement,
    verdict,
)

NAN, INF = math.nan, math.inf
numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def normal(random: np.random.Generator, mean: float = 0.0, size: int = 10) -> list[float]:
    return [float(value) for value in random.normal(mean, 1.0, size)]


@pytest.mark.parametrize(
    ("samples", "direction", "expected"),
    [
        ({0: [1.0, 2.0]}, "maximize", {0: [1.0, 2.0]}),
        ({0: [4.0, None], 1: [1.0, NAN, INF, -INF]}, "maximize", {0: [4.0, -2.0], 1: [1.0, -2.0, -2.0, -2.0]}),
        ({0: [4.0, None], 1: [1.0, NAN, INF, -INF]}, "minimize", {0: [4.0, 7.0], 1: [1.0, 7.0, 7.0, 7.0]}),
        ({0: [500.0, 500.0], 1: [None]}, "maximize", {0: [500.0, 500.0], 1: [0.0]}),
        ({0: [0.0], 1: [None]}, "minimize", {0: [0.0], 1: [1.0]}),
        ({0: [None], 1: [NAN]}, "maximize", {0: [-INF], 1: [-INF]}),
        ({0: [None], 1: [NAN]}, "minimize", {0: [INF], 1: [INF]}),
    ],
)
def test_what_diverged_counts_as_worse_than_all_others(
    samples: dict[int, list[float | None]], direction: Direction, expected: dict[int, list[float]]
) -> None:
    assert counted(samples, direction) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], 7.0),
        ([1.0, 3.0], 2.0),
        ([0.0, 1.0, 5.0], 2.0),
        ([100.0, 2.0, 4.0, -100.0], 3.0),
        ([100.0, 2.0, 4.0, 6.0, -100.0], 4.0),
        ([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 9.0, 9.0], 2.5),
        ([-50.0, -60.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 70.0, 80.0], 3.5),
        # a quarter may be infinitely bad, more may not
        ([-INF, 2.0, 4.0, 9.0], 3.0),
        ([-INF, -INF, 4.0, 9.0], -INF),
        ([INF, INF, INF, INF], INF),
        ([-INF, 1.0, 2.0], -INF),
    ],
)
def test_interquartile_mean_by_hand(values: list[float], expected: float) -> None:
    assert interquartile_mean(values) == pytest.approx(expected)


@given(numbers)
def test_interquartile_mean_equals_scipys(values: list[float]) -> None:
    assert interquartile_mean(values) == pytest.approx(float(scipy.stats.trim_mean(values, 0.25)), abs=1e-6)


@pytest.mark.parametrize("values", [[], [NAN], [1.0, NAN]])
def test_no_values_and_nan_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="one number or more, none of them NaN"):
        interquartile_mean(values)
    with pytest.raises(ValueError, match="one number or more, none of them NaN"):
        interval(values, seed=0)
    with pytest.raises(ValueError, match="one number or more, none of them NaN"):
        difference_interval([1.0, 2.0], values, seed=0)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7.0], (-INF, INF)),
        ([7.0, 7.0], (7.0, 7.0)),
        ([7.0] * 10, (7.0, 7.0)),
        ([-INF] * 10, (-INF, -INF)),
        ([-INF, -INF], (-INF, -INF)),
        ([0.0] * 5 + [1.0] * 5, (0.0, 1.0)),
    ],
)
def test_interval_of_what_hardly_varies(values: list[float], expected: tuple[float, float]) -> None:
    assert interval(values, seed=3) == expected


@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("size", [5, 10, 23])
def test_intervals_equal_scipys_bootstrap(size: int, confidence: float) -> None:
    random = np.random.default_rng(size)
    x, y = random.lognormal(size=size), random.normal(size=size + 2)

    def scipys(samples: Sequence[np.ndarray], statistic: object) -> tuple[float, float]:
        found = scipy.stats.bootstrap(
            samples, statistic, method="percentile", confidence_level=confidence, n_resamples=10_000, rng=random
        )
        return found.confidence_interval.low, found.confidence_interval.high

    def mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
        return scipy.stats.trim_mean(values, 0.25, axis=axis)

    def difference(left: np.ndarray, right: np.ndarray, axis: int = -1) -> np.ndarray:
        return mean(left, axis) - mean(right, axis)

    # Both draw: the tolerance is some four standard errors of an end.
    assert interval(list(x), 0, confidence) == pytest.approx(scipys((x,), mean), abs=0.06)
    assert difference_interval(list(x), list(y), 0, confidence) == pytest.approx(scipys((x, y), difference), abs=0.08)


def test_intervals_are_repeatable_and_drawn_by_their_seed() -> None:
    random = np.random.default_rng(0)
    x, y = normal(random), normal(random)
    assert interval(x, 1) == interval(x, 1) != interval(x, 2)
    assert difference_interval(x, y, 1) == difference_interval(x, y, 1) != difference_interval(x, y, 2)


@given(st.lists(st.floats(-1e6, 1e6) | st.just(-INF), min_size=2, max_size=12))
def test_more_confidence_is_a_wider_interval_within_the_values(values: list[float]) -> None:
    low, high = interval(values, seed=0)
    inner_low, inner_high = interval(values, seed=0, confidence=0.5)
    assert low <= inner_low <= inner_high <= high
    assert min(values) <= low
    assert high <= max(values)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ([3.0] * 5, [1.0] * 7, (2.0, 2.0)),
        ([1.0] * 5, [1.0] * 5, (0.0, 0.0)),
        ([3.0], [1.0] * 5, (-INF, INF)),
        ([3.0] * 5, [1.0], (-INF, INF)),
        ([1.0] * 5, [-INF] * 5, (INF, INF)),
        ([INF] * 5, [1.0] * 5, (INF, INF)),
        ([-INF] * 5, [1.0] * 5, (-INF, -INF)),
        ([-INF] * 5, [-INF] * 5, (0.0, 0.0)),
        ([1.0] * 10, [0.0] * 5 + [-INF] * 5, (1.0, INF)),
    ],
)
def test_difference_interval_of_what_hardly_varies(
    x: list[float], y: list[float], expected: tuple[float, float]
) -> None:
    assert difference_interval(x, y, seed=0) == expected


@pytest.mark.parametrize(
    ("x", "y", "direction", "expected"),
    [
        ([2.0], [1.0], "maximize", 1.0),
        ([2.0], [1.0], "minimize", 0.0),
        ([1.0], [1.0], "maximize", 0.5),
        ([1.0, 3.0], [2.0, 2.0], "maximize", 0.5),
        ([1.0, 2.0, 3.0], [2.0, 0.0], "maximize", 4.5 / 6),
        ([1.0, 2.0, 3.0], [2.0, 0.0], "minimize", 1.5 / 6),
        # a diverged training loses against any other, and ties with its like
        ([NAN, 1.0], [0.0, 0.0], "maximize", 0.5),
        ([NAN, 1.0], [2.0, 2.0], "minimize", 0.5),
        ([NAN, None], [INF, -INF], "maximize", 0.5),
        ([None], [1e300], "minimize", 0.0),
    ],
)
def test_probability_of_improvement_by_hand(
    x: list[float | None], y: list[float | None], direction: Direction, expected: float
) -> None:
    assert probability_of_improvement(x, y, direction) == pytest.approx(expected)


@given(numbers, numbers)
def test_probability_of_improvement_is_the_mann_whitney_statistic(x: list[float], y: list[float]) -> None:
    found = probability_of_improvement(x, y, "maximize")
    statistic = scipy.stats.mannwhitneyu(x, y, method="asymptotic").statistic if {*x, *y} > {x[0]} else None
    assert found == pytest.approx(0.5 if statistic is None else statistic / (len(x) * len(y)))
    assert probability_of_improvement(y, x, "maximize") == pytest.approx(1 - found)
    assert probability_of_improvement(x, y, "minimize") == pytest.approx(1 - found)


LOW, MIDDLE, HIGH = [1.0, 1.1, 1.2, 1.3, 1.4], [3.0, 3.1, 3.2, 3.3, 3.4], [9.0, 9.1, 9.2, 9.3, 9.4]
TEN = [float(number) for number in range(10)]
DIVERGED = [NAN, None, INF, -INF, NAN]


@pytest.mark.parametrize(
    ("candidates", "direction", "expected"),
    [
        # clear winners, both ways
        ({0: LOW, 1: HIGH, 2: MIDDLE}, "maximize", Verdict(1, 1, (), 0)),
        ({0: MIDDLE, 1: HIGH, 2: LOW}, "minimize", Verdict(2, 2, (), 0)),
        ({0: HIGH, 1: LOW}, "maximize", Verdict(0, 0, (), 0)),
        ({1: LOW, 2: HIGH}, "maximize", Verdict(2, 2, (), 0)),
        ({3: [5.0]}, "maximize", Verdict(3, 3, (), 0)),
        # no telling apart: the first of equals leads
        ({2: HIGH, 1: HIGH, 0: LOW}, "maximize", Verdict(None, 1, (2,), None)),
        ({2: HIGH, 1: HIGH, 0: HIGH}, "minimize", Verdict(None, 0, (1, 2), None)),
        ({0: HIGH, 1: HIGH}, "maximize", Verdict(None, 0, (1,), None)),
        ({0: [0.1] * 10, 1: [0.1] * 7}, "maximize", Verdict(None, 0, (1,), None)),
        # a difference too small for any number of seeds, and a leader that loses more often than it wins
        ({0: [*TEN], 1: [*TEN[:4], 5.5, *TEN[5:]]}, "maximize", Verdict(None, 1, (0,), None)),
        ({0: [3.5] * 7, 1: [0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0]}, "maximize", Verdict(None, 1, (0,), None)),
        # too few seeds for any evidence, however clear they look
        ({0: LOW[:3], 1: HIGH[:3]}, "maximize", Verdict(None, 1, (0,), 3)),
        ({0: LOW[:4], 1: HIGH}, "maximize", Verdict(None, 1, (0,), 2)),
        ({0: [1.0], 1: [2.0]}, "maximize", Verdict(None, 1, (0,), 5)),
        # diverged trainings count
        ({0: DIVERGED, 1: LOW}, "maximize", Verdict(1, 1, (), 0)),
        ({0: DIVERGED, 1: LOW}, "minimize", Verdict(1, 1, (), 0)),
        ({0: DIVERGED, 1: DIVERGED}, "minimize", Verdict(None, 0, (1,), None)),
        ({3: DIVERGED}, "maximize", Verdict(None, 3, (), 0)),
        ({0: LOW * 2, 1: [*HIGH, *HIGH[1:], None]}, "maximize", Verdict(1, 1, (), 0)),
        ({0: HIGH * 2, 1: [*LOW, *LOW[1:], NAN]}, "maximize", Verdict(0, 0, (), 0)),
        ({0: HIGH * 2, 1: [*LOW, *LOW[1:], NAN]}, "minimize", Verdict(1, 1, (), 0)),
        ({0: LOW, 1: [*HIGH[2:], None, NAN]}, "maximize", Verdict(None, 1, (0,), 126)),
        # ... and a leader of which more than a quarter diverged is no champion
        ({0: DIVERGED * 4, 1: [*HIGH, *HIGH, *HIGH, *DIVERGED]}, "maximize", Verdict(1, 1, (), 0)),
        ({0: DIVERGED * 4, 1: [*HIGH, *HIGH, *DIVERGED]}, "maximize", Verdict(None, 1, (), 0)),
    ],
)
def test_verdict(candidates: dict[int, list[float | None]], direction: Direction, expected: Verdict) -> None:
    assert verdict(candidates, direction, seed=0) == expected


@pytest.mark.parametrize(
    ("value", "sample", "far"),
    [
        (-2.5, [-25.0, -24.0, -26.0, -23.0, -27.0], True),
        (-25.0, [-2.5, -2.0, -3.0, -2.4, -2.6], True),
        (-2.5, [-25.0, -24.0, -26.0, -23.0, None], False),
        (-2.5, [-25.0, -24.0, -26.0, -23.0, -27.0, NAN], True),
        (-2.5, [-25.0, -24.0, -26.0, -23.0, -2.0], False),
        (500.0, [480.0, 470.0, 490.0, 475.0, 485.0], False),
        (500.0, [200.0, 100.0, 300.0, 150.0, 250.0], True),
        (500.0, [400.0, 100.0, 300.0, 150.0, 450.0], False),
        (0.0, [0.0] * 5, False),
        (1.0, [0.0] * 5, True),
    ],
)
def test_far_outside(value: float, sample: list[float | None], far: bool) -> None:
    assert far_outside(value, sample) is far


def test_no_candidate_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        verdict({}, "maximize", seed=0)


def test_more_seeds_by_hand() -> None:
    """x beats y in 16 of 25 pairs, so Noether's n is (1.95996 + 0.84162)**2 / (6 * 0.14**2) = 66.7; 5 are there."""
    x, y = [1.0, 3.0, 5.0, 7.0, 9.0], [0.0, 2.0, 4.0, 6.5, 6.6]
    assert probability_of_improvement(x, y, "maximize") == pytest.approx(16 / 25)
    assert verdict({0: y, 1: x}, "maximize", seed=0) == Verdict(None, 1, (0,), 62)


def test_more_seeds_are_those_that_the_closest_needs() -> None:
    random = np.random.default_rng(0)
    leader, close, far = normal(random, 0.5), normal(random, 0.4), normal(random, 0.0)
    both = verdict({0: far, 1: leader, 2: close}, "maximize", seed=0)
    alone = [verdict({1: leader, 2: other}, "maximize", seed=0).more_seeds for other in (close, far)]
    assert both.tied == (0, 2)
    assert both.more_seeds == max(count for count in alone if count is not None)


def test_the_number_of_more_seeds_tells_four_times_in_five() -> None:
    """Normal values half a deviation apart: p = 0.638, n = 69."""
    random = np.random.default_rng(7)
    told = [
        verdict({0: normal(random, 0.0, 69), 1: normal(random, 0.5, 69)}, "maximize", seed=run).champion == 1
        for run in range(150)
    ]
    assert 0.7 <= np.mean(told) <= 0.9


@pytest.mark.parametrize(("shape", "size"), [("normal", 10), ("lognormal", 20)])
def test_intervals_cover_the_truth_as_often_as_they_say(shape: str, size: int) -> None:
    random = np.random.default_rng(size)
    draw = random.normal if shape == "normal" else random.lognormal
    truth = np.mean([interquartile_mean(list(row)) for row in draw(size=(20_000, size))])
    found = [interval(list(row), seed=run) for run, row in enumerate(draw(size=(600, size)))]
    # The standard error of a share of 600 is 0.009, and ten values are a little too few for the full 95 %.
    assert np.mean([low <= truth <= high for low, high in found]) == pytest.approx(0.95, abs=0.035)


@pytest.mark.parametrize("size", [5, 10])
@pytest.mark.parametrize("count", [2, 4])
def test_of_equal_candidates_a_champion_is_rare(count: int, size: int) -> None:
    random = np.random.default_rng(13)
    found = [
        verdict({number: normal(random, size=size) for number in range(count)}, "maximize", seed=run).champion
        for run in range(200)
    ]
    assert sum(champion is not None for champion in found) < 0.1 * len(found)


@pytest.mark.parametrize(("direction", "gain"), [("maximize", 2.5), ("minimize", -2.5)])
def test_a_clearly_better_candidate_is_nearly_always_named(direction: Direction, gain: float) -> None:
    random = np.random.default_rng(17)
    found = [
        verdict({0: normal(random), 1: normal(random), 2: normal(random, gain)}, direction, seed=run)
        for run in range(100)
    ]
    assert sum(each.champion == 2 for each in found) >= 95
    assert all(each.champion in (2, None) for each in found)
