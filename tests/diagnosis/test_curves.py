"""Levels, noise and trends of curves, against numbers worked by hand."""

import math

import numpy as np
import pytest

from tuning.diagnosis.curves import Curve


def of(*values: float) -> Curve:
    return Curve.of(enumerate(values, 1))


def test_points_are_ordered_and_what_is_not_finite_is_left_out_and_noted() -> None:
    found = Curve.of([(3, 30.0), (1, 10.0), (2, math.nan), (4, math.inf), (3, 31.0)])
    assert found.steps.tolist() == [1, 3]
    assert found.values.tolist() == [10.0, 31.0]
    assert found.broken_at == 2


@pytest.mark.parametrize(
    ("values", "trend"),
    [
        ((1, 2, 3, 4, 5), 1),
        ((5, 4, 3, 2, 1), -1),
        ((1, 2, 3, 4), 0),  # four in order come by chance once in twelve times
        ((1, 1, 1, 1, 1, 1), 0),
        ((1, 3, 2, 1, 3, 2, 2, 1), 0),
        ((1, 3, 2, 4, 3, 5, 6, 5, 7), 1),
    ],
)
def test_trends(values: tuple[float, ...], trend: int) -> None:
    assert of(*values).trend == trend


def test_noise_is_about_the_course_and_not_the_course_itself() -> None:
    chance = np.random.default_rng(0)
    slope = 0.5 * np.arange(2_000)
    found = Curve(np.arange(2_000.0), slope + 3.0 * chance.standard_normal(2_000))
    assert found.noise == pytest.approx(3.0, rel=0.1)
    assert of(1, 2, 3, 4).noise == 0


def test_levels_forget_a_single_leap() -> None:
    assert of(9, 1, 1, 1, 1, 1).start == 9  # the first has one neighbour only
    assert of(1, 1, 50, 1, 1, 1).smoothed().values.tolist() == [1] * 6
    assert of(5, 4, 3, 2, 1).end == 1
    assert math.isnan(of().end)


def test_parts_go_by_steps_and_not_by_points() -> None:
    found = Curve.of([(0, 1.0), (1, 2.0), (2, 3.0), (100, 4.0)])
    assert found.part(0.5, 1.0).values.tolist() == [4.0]
    assert found.part(0.0, 0.02).values.tolist() == [1.0, 2.0, 3.0]
