"""Which searched dimension something went with: by hand, on cuts that are clear, and on pure chance."""

import math
import random

import pytest

from tuning.rules.split import best_split, between

RATES = [10 ** (-5 + place / 8) for place in range(32)]


def test_a_clean_cut_of_numbers_is_told_by_a_number_that_people_can_read() -> None:
    trials = [{"learning_rate": rate, "gamma": (7 * place % 32) / 32} for place, rate in enumerate(RATES)]
    found = best_split(trials, [rate > 3e-3 for rate in RATES])
    assert found is not None
    assert (found.name, found.side, found.at) == ("learning_rate", "above", 0.003)
    assert (found.struck, found.inside, found.struck_in_all, found.known) == (12, 12, 12, 32)
    # Fisher's exact test of a clean cut is one over the ways to choose the struck; 62 cuts were tried.
    assert found.chance == pytest.approx(62 / math.comb(32, 12))


def test_the_side_that_is_struck_is_told_whichever_it_is() -> None:
    trials = [{"rate": rate} for rate in RATES]
    found = best_split(trials, [rate < 1e-3 or place == 31 for place, rate in enumerate(RATES)])
    assert found is not None
    assert (found.side, found.struck, found.inside, found.struck_in_all) == ("below", 16, 16, 17)


@pytest.mark.parametrize("struck", ["sgd", True, None])
def test_a_choice_is_told(struck: object) -> None:
    kinds = {"sgd": ["sgd", "adam", "rmsprop"], True: [True, False], None: [None, 1.0]}[struck]
    trials = [{"x": kinds[place % len(kinds)], "y": place // 10} for place in range(30)]
    found = best_split(trials, [trial["x"] == struck for trial in trials])
    assert found is not None
    assert (found.name, found.side, found.at) == ("x", "is", struck)
    assert found.struck == found.inside == found.struck_in_all == 30 // len(kinds)


def test_a_trial_that_lacks_a_dimension_counts_in_no_cut_of_it() -> None:
    trials = [{"kind": "a", "depth": float(place)} if place % 2 else {"kind": "b"} for place in range(60)]
    found = best_split(trials, [trial.get("depth", 0.0) > 30 for trial in trials])
    assert found is not None
    assert (found.name, found.known, found.struck) == ("depth", 30, 15)


def test_chance_is_hardly_ever_told() -> None:
    told = 0
    for seed in range(200):
        chance = random.Random(seed)
        trials = [{"a": chance.random(), "b": chance.random(), "c": chance.choice("xyz")} for _ in range(32)]
        told += best_split(trials, [chance.random() < 0.5 for _ in trials]) is not None
    assert told <= 2


@pytest.mark.parametrize("struck", [[True] * 32, [False] * 32, [True] + [False] * 31])
def test_nothing_is_told_where_no_cut_could_be_clear(struck: list[bool]) -> None:
    assert best_split([{"rate": rate} for rate in RATES], struck) is None


def test_of_many_values_some_cuts_are_tried() -> None:
    trials = [{"x": min(place, 700) / 700} for place in range(1_000)]
    found = best_split(trials, [trial["x"] > 0.5 for trial in trials])
    assert found is not None
    assert found.at == pytest.approx(0.5, abs=0.02)
    assert found.struck == found.struck_in_all <= found.inside <= 1.01 * found.struck


@pytest.mark.parametrize(
    ("low", "high", "short"),
    [(0.00291, 0.00324, 0.003), (1.0, 2.0, 1.0), (0.0, 1.0, 0.5), (-2.0, 0.0, -1.0), (0.1234, 0.1235, 0.1234)],
)
def test_a_short_number_parts_as_its_neighbours_do(low: float, high: float, short: float) -> None:
    assert between(low, high) == short
    assert low <= between(low, high) < high
