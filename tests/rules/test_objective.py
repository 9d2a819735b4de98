"""Which values are better, and which is best: by hand, and by properties."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuning.rules.objective import Direction, best, better, cost, reaches, worst

NAN, INF = math.nan, math.inf
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)
directions = st.sampled_from(["maximize", "minimize"])


@pytest.mark.parametrize(
    ("value", "than", "direction", "expected"),
    [
        (1.0, 0.5, "maximize", True),
        (1.0, 0.5, "minimize", False),
        (0.5, 1.0, "maximize", False),
        (0.5, 1.0, "minimize", True),
        (1.0, 1.0, "maximize", False),
        (1.0, 1.0, "minimize", False),
        (0.0, -0.0, "maximize", False),
        (-1e30, None, "maximize", True),
        (1e30, None, "minimize", True),
        (NAN, None, "maximize", False),
        (NAN, None, "minimize", False),
        (NAN, 0.0, "minimize", False),
        (INF, 0.0, "maximize", False),
        (INF, None, "maximize", False),
        (-INF, 0.0, "minimize", False),
        (-INF, None, "minimize", False),
    ],
)
def test_better(value: float, than: float | None, direction: Direction, expected: bool) -> None:
    assert better(value, than, direction) is expected


@pytest.mark.parametrize(
    ("value", "target", "direction", "expected"),
    [
        (1.0, 0.5, "maximize", True),
        (0.5, 0.5, "maximize", True),
        (0.4, 0.5, "maximize", False),
        (0.4, 0.5, "minimize", True),
        (0.5, 0.5, "minimize", True),
        (1.0, 0.5, "minimize", False),
        (NAN, 0.5, "maximize", False),
        (NAN, 0.5, "minimize", False),
    ],
)
def test_reaches(value: float, target: float, direction: Direction, expected: bool) -> None:
    assert reaches(value, target, direction) is expected


@given(finite, directions)
def test_anything_costs_less_than_the_worst(value: float, direction: Direction) -> None:
    assert cost(value, direction) < cost(worst(direction), direction) == INF


@pytest.mark.parametrize(
    ("values", "direction", "expected"),
    [
        ([], "maximize", None),
        ([(4, 1.0)], "minimize", 4),
        ([(0, 1.0), (1, 3.0), (2, 2.0)], "maximize", 1),
        ([(0, 1.0), (1, 3.0), (2, 2.0)], "minimize", 0),
        ([(5, 3.0), (2, 3.0), (9, 3.0)], "maximize", 2),
        ([(5, 3.0), (2, 3.0), (9, 3.0)], "minimize", 2),
        ([(0, 0.0), (1, -0.0)], "minimize", 0),
    ],
)
def test_best(values: list[tuple[int, float]], direction: Direction, expected: int | None) -> None:
    assert best(values, direction) == expected


@given(st.lists(finite, min_size=1, max_size=20), directions)
def test_nothing_is_better_than_the_best(values: list[float], direction: Direction) -> None:
    number = best(list(enumerate(values)), direction)
    assert number is not None
    assert not any(better(value, values[number], direction) for value in values)
    assert values.index(values[number]) == number
