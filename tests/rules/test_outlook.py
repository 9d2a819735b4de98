"""Whether more trials would pay: worked by hand, and held against what more trials of known distributions came to."""

import math

import numpy as np
import pytest

from tuning.rules.outlook import chance_to_beat, newest


def test_worked_by_hand() -> None:
    # Twelve values, of which the tail is five: 8 to 12 lie beyond 7 by 1 to 5, 15 in all.
    values = [float(value) for value in range(1, 13)]
    assert chance_to_beat(values, 12.0, 12, "maximize") == pytest.approx(0.5)
    assert chance_to_beat(values, 12.0, 4, "maximize") == pytest.approx(4 / 16)
    assert chance_to_beat(values, 15.0, 12, "maximize") == pytest.approx(0.5 * (1 + 3 / 15) ** -5)
    negative = [-value for value in values]
    assert chance_to_beat(negative, -15.0, 12, "minimize") == chance_to_beat(values, 15.0, 12, "maximize")


def test_what_is_minimised_and_positive_is_compared_by_its_logarithm() -> None:
    values = [float(value) for value in range(1, 13)]
    losses = [math.exp(-value) for value in values]
    expected = chance_to_beat(values, 15.0, 12, "maximize")
    assert chance_to_beat(losses, math.exp(-15.0), 12, "minimize") == pytest.approx(expected)
    assert chance_to_beat(losses, 0.0, 12, "minimize") == 0.0


def test_of_too_few_values_nothing_is_said_and_of_many_the_newest_count() -> None:
    assert chance_to_beat([1.0] * 11, 2.0, 10, "maximize") is None
    assert [len(newest([0.0] * count)) for count in (12, 20, 24, 40)] == [12, 12, 12, 20]
    assert list(newest(range(30))) == list(range(15, 30))


def test_values_that_are_all_alike_are_not_expected_to_be_beaten() -> None:
    assert chance_to_beat([500.0] * 20, 500.0, 20, "maximize") == 0.0


@pytest.mark.parametrize("margin", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("kind", ["normal", "exponential"])
def test_it_foretells_what_more_trials_come_to(kind: str, margin: float) -> None:
    chance = np.random.default_rng(0)
    told, seen = [], []
    for _ in range(1_500):
        values, more = (getattr(chance, kind)(size=24) for _ in range(2))
        told.append(chance_to_beat(list(values), values.max() + margin, 24, "maximize") or 0.0)
        seen.append(more.max() > values.max() + margin)
    assert np.mean(told) == pytest.approx(np.mean(seen), abs=0.12)
