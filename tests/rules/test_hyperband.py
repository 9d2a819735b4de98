"""The brackets of Hyperband, in the proportions of the paper."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.rules.halving import rungs
from tuning.rules.hyperband import bracket_of


def brackets(ladder: tuple[int, ...]) -> list[tuple[int, ...]]:
    return [ladder[start:] for start in range(len(ladder))]


@pytest.mark.parametrize(
    ("budget", "reduction", "minimum", "sizes"),
    [
        # Li et al. (2018), table 1: R = 81, eta = 3; by the formula the second bracket has ceil(5 / 4 * 27) = 34
        (81, 3, 1, [81, 34, 15, 8, 5]),
        (9, 3, 1, [9, 5, 3]),
        (20_000, 3, 2_000, [9, 5, 3]),
        (16, 2, 4, [4, 3, 3]),
        (3, 3, 1, [3, 2]),
        (2, 3, 1, [1]),
    ],
)
def test_brackets_take_turns_in_hyperbands_proportions(
    budget: int, reduction: int, minimum: int, sizes: list[int]
) -> None:
    ladders = brackets(rungs(budget, reduction, minimum))
    one_round = [bracket_of(place, ladders) for place in range(sum(sizes))]
    assert one_round == [bracket for bracket, size in enumerate(sizes) for _ in range(size)]
    again = [bracket_of(place + sum(sizes), ladders) for place in range(sum(sizes))]
    assert again == one_round


@given(st.integers(27, 10**6), st.integers(2, 4))
def test_no_bracket_begins_more_trials_than_a_longer_one(budget: int, reduction: int) -> None:
    ladders = brackets(rungs(budget, reduction, count=3))
    begun = Counter(bracket_of(place, ladders) for place in range(1_000))
    assert sorted(begun) == [0, 1, 2]
    assert begun[0] > begun[1] >= begun[2]
