"""Which configuration to use: champions, equals, the undecided, and searches that found nothing better."""

import numpy as np
import pytest

from tuning.rules import statistics
from tuning.rules.choice import MARGIN, Choice, choice
from tuning.rules.objective import Direction

DEFAULT = [200.0, 210.0, 190.0, 205.0, 195.0, 200.0]
FULL = [500.0] * 6
NEARLY = [500.0, 500.0, 500.0, 500.0, 500.0, 490.0]
FAR = [500.0, 500.0, 420.0, 400.0, 410.0, 430.0]


def chosen(
    candidates: dict[int, list[float | None]],
    direction: Direction = "maximize",
    default: int | None = 0,
    base: float | None = None,
    seconds: dict[int, float] | None = None,
    averages: dict[int, float] | None = None,
) -> Choice:
    samples = statistics.counted(candidates, direction, [9.0])
    found = statistics.verdict(candidates, direction, 0, [9.0], averages)
    return choice(samples, found, direction, 0, default, base, seconds)


def test_who_is_told_apart_from_all_others_is_the_champion() -> None:
    found = chosen({0: DEFAULT, 1: FULL, 2: FAR})
    assert (found.kind, found.use, found.equals, found.reason) == ("champion", 1, (1,), None)


def test_equals_are_within_the_margin_and_the_one_with_the_better_worse_end_is_used() -> None:
    found = chosen({0: DEFAULT, 1: NEARLY, 2: FULL})
    assert found.margin == pytest.approx(MARGIN * 300)
    assert (found.kind, found.use, found.equals, found.reason) == ("equals", 2, (2, 1), "worst end")


@pytest.mark.parametrize(
    ("seconds", "use", "reason"), [({1: 9.0, 2: 3.0}, 2, "seconds"), ({1: 3.0, 2: 3.0}, 1, "number")]
)
def test_among_equals_in_everything_the_cheaper_one_is_used(seconds: dict[int, float], use: int, reason: str) -> None:
    found = chosen({0: DEFAULT, 1: FULL, 2: FULL}, seconds=seconds)
    assert (found.kind, found.use, found.reason) == ("equals", use, reason)


def test_who_may_differ_by_more_than_the_margin_is_undecided_and_more_seeds_are_asked_for() -> None:
    found = chosen(
        {0: DEFAULT, 1: [490.0, 480.0, 500.0, 470.0, 495.0, 460.0], 2: [470.0, 500.0, 455.0, 480.0, 490.0, 440.0]}
    )
    assert (found.kind, found.use, found.reason) == ("undecided", 1, None)
    assert found.more_seeds is not None
    assert 1 <= found.more_seeds < 100


@pytest.mark.parametrize(
    "candidates",
    [
        {0: DEFAULT, 1: [205.0, 212.0, 190.0, 204.0, 199.0, 201.0]},
        {0: FULL, 1: NEARLY},
        {0: FULL, 1: FULL},
        {0: [*DEFAULT] * 2, 1: [*FULL, *FULL[:2], None, None, None, None]},
    ],
)
def test_who_is_not_told_from_the_default_is_no_winner(candidates: dict[int, list[float | None]]) -> None:
    assert chosen(candidates).kind == "no winner"


def test_a_default_that_is_better_than_all_others_is_the_champion() -> None:
    found = chosen({0: FULL, 1: DEFAULT})
    assert (found.kind, found.use) == ("champion", 0)


def test_without_a_default_the_margin_is_held_against_who_has_learnt_nothing() -> None:
    assert chosen({1: FULL, 2: NEARLY}, default=None, base=20.0).margin == pytest.approx(MARGIN * 480)
    assert chosen({1: FULL, 2: FULL}, default=None).kind == "equals"
    assert chosen({1: FULL, 2: [*NEARLY[:-2], 400.0, 390.0]}, default=None).kind == "undecided"


def test_losses_are_compared_the_other_way_round() -> None:
    low = [0.10, 0.11, 0.10, 0.10, 0.11, 0.10]
    found = chosen({0: [1.0, 1.1, 0.9, 1.0, 1.05, 1.0], 1: [0.101, 0.11, 0.10, 0.101, 0.11, 0.101], 2: low}, "minimize")
    assert (found.kind, found.use) == ("equals", 2)


def test_ties_of_means_go_to_the_better_worse_end_then_to_the_mean_over_the_training() -> None:
    shaky = [500.0, 500.0, 500.0, 500.0, 400.0, 300.0, 500.0, 500.0]
    steady = [500.0] * 8
    assert chosen({0: DEFAULT, 1: shaky, 2: steady}).use == 2
    assert statistics.verdict({1: steady, 2: steady}, "maximize", 0, (), {1: 377.0, 2: 487.0}).leader == 2


def test_what_diverged_counts_as_the_worst_that_was_possible() -> None:
    samples = statistics.counted({1: [500.0, 490.0, None]}, "maximize", [21.0, 242.0])
    assert samples[1] == [500.0, 490.0, 21.0]
    low, _ = statistics.interval(samples[1], 0)
    assert low >= 21.0


def test_real_differences_are_seldom_called_equal() -> None:
    """Two normal configurations that differ by exactly the margin: at most 5 % of the pairs may be called equal."""
    random = np.random.default_rng(3)
    called = 0
    for _ in range(300):
        one, other = (list(random.normal(mean, 4.0, 10)) for mean in (500.0, 494.0))
        found = chosen({0: DEFAULT, 1: one, 2: other}, base=None)
        called += found.kind == "equals"
    assert called <= 0.05 * 300


def test_what_is_equal_is_mostly_called_so_where_seeds_hardly_differ() -> None:
    random = np.random.default_rng(4)
    kinds = [
        chosen({0: DEFAULT, 1: list(random.normal(500, 2.0, 10)), 2: list(random.normal(500, 2.0, 10))}).kind
        for _ in range(50)
    ]
    assert kinds.count("equals") >= 40
