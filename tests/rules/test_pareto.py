"""The front of trials with two objectives, by hand and against every pair."""

import math
from collections.abc import Sequence
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.rules.objective import Direction
from tuning.rules.pareto import front, layers

Directions = tuple[Direction, Direction]
LESS: Directions = ("minimize", "minimize")
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("points", "directions", "expected"),
    [
        ([], LESS, []),
        ([(3.0, 4.0)], LESS, [0]),
        ([(3.0, 4.0)], ("maximize", "minimize"), [0]),
        # One is worse in both, one is between.
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)], LESS, [0, 1, 2]),
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)], ("maximize", "maximize"), [3]),
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)], ("maximize", "minimize"), [2]),
        ([(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (3.0, 3.0)], ("minimize", "maximize"), [0]),
        # As good in one and worse in the other is beaten, either way round.
        ([(1.0, 2.0), (1.0, 1.0)], LESS, [1]),
        ([(2.0, 1.0), (1.0, 1.0)], LESS, [1]),
        # Of equals none beats the other.
        ([(1.0, 1.0), (0.0, 2.0), (1.0, 1.0), (0.0, 2.0)], LESS, [1, 3, 0, 2]),
        ([(1.0, 1.0), (1.0, 1.0), (1.0, 2.0)], LESS, [0, 1]),
        # What is not finite is on no front, however good the rest of it.
        ([(NAN, 0.0), (0.0, NAN), (5.0, 5.0)], LESS, [2]),
        ([(-INF, 0.0), (0.0, -INF), (5.0, 5.0)], LESS, [2]),
        ([(-INF, INF), (INF, INF)], LESS, []),
        ([(NAN, NAN)], LESS, []),
    ],
)
def test_front_by_hand(points: Sequence[tuple[float, float]], directions: Directions, expected: list[int]) -> None:
    assert front(dict(enumerate(points)), directions) == expected


SMALL = st.integers(-3, 3).map(float)
POINTS = st.dictionaries(st.integers(0, 40), st.tuples(SMALL, SMALL), max_size=20)
DIRECTION = st.sampled_from(["maximize", "minimize"])


@given(points=POINTS, directions=st.tuples(DIRECTION, DIRECTION))
def test_who_is_on_it_is_beaten_by_nobody_and_all_others_are(
    points: dict[int, tuple[float, float]], directions: Directions
) -> None:
    def beats(one: int, other: int) -> bool:
        signs = [1 if direction == "maximize" else -1 for direction in directions]
        gains = [sign * (x - y) for sign, x, y in zip(signs, points[one], points[other], strict=True)]
        return min(gains) >= 0 and max(gains) > 0

    found = front(points, directions)
    assert set(found) == {number for number in points if not any(beats(other, number) for other in points)}
    order = [points[number][0] for number in found]
    assert order == sorted(order, reverse=directions[0] == "maximize")


@given(points=POINTS)
def test_layers_hold_every_point_once_and_each_is_a_front(points: dict[int, tuple[float, float]]) -> None:
    found = list(layers(points, LESS))
    assert sorted(chain(*found)) == sorted(points)
    left = dict(points)
    for layer in found:
        assert layer == front(left, LESS)
        left = {number: point for number, point in left.items() if number not in layer}


def test_layers_end_where_nothing_finite_is_left() -> None:
    assert list(layers({0: (NAN, 1.0), 1: (1.0, 1.0), 2: (2.0, 2.0)}, LESS)) == [[1], [2]]
