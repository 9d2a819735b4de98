"""A race of candidates: who gets more seeds, how often it is wrong, and what it saves."""

import numpy as np
import pytest

from tuning.rules.choice import Choice
from tuning.rules.racing import LOOKS, going_on, judged
from tuning.rules.statistics import Verdict


def raced(samples: dict[int, list[float]], default: int | None = 0) -> tuple[Verdict, Choice, int]:
    """The end of a race in which each candidate has these scores, in this order; and how many trainings it took."""
    counts = dict.fromkeys(samples, LOOKS[0])

    def shown() -> tuple[Verdict, Choice]:
        known = {number: samples[number][:count] for number, count in counts.items()}
        return judged(known, "maximize", 0, len(LOOKS), default=default)

    for look in LOOKS[1:]:
        counts |= dict.fromkeys(going_on(*shown()), look)
    return *shown(), sum(counts.values())


def normal(chance: np.random.Generator, mean: float) -> list[float]:
    return chance.normal(mean, 1.0, LOOKS[-1]).tolist()


def test_where_it_is_clear_nobody_gets_more_seeds() -> None:
    chance = np.random.default_rng(0)
    found, used, trained = raced({0: normal(chance, 0), 1: normal(chance, 20), 2: normal(chance, 9)})
    assert (found.champion, used.kind, trained) == (1, "champion", 3 * LOOKS[0])


def test_who_is_clearly_behind_gets_no_more_and_the_others_do() -> None:
    chance = np.random.default_rng(1)
    samples = {0: normal(chance, 0), 1: normal(chance, 20.0), 2: normal(chance, 20.2), 3: normal(chance, 9)}
    found = judged({n: each[: LOOKS[0]] for n, each in samples.items()}, "maximize", 0, len(LOOKS), default=0)
    assert going_on(*found) == {1, 2}
    assert raced(samples)[2] == 2 * LOOKS[0] + 2 * LOOKS[-1]


def test_equals_are_settled() -> None:
    full = [500.0] * LOOKS[-1]
    _, used, trained = raced({0: [200.0] * LOOKS[-1], 1: full, 2: full})
    assert (used.kind, used.equals, trained) == ("equals", (1, 2), 3 * LOOKS[0])


@pytest.mark.parametrize("candidates", [2, 4])
def test_of_equal_candidates_a_champion_is_rare_however_often_one_looks(candidates: int) -> None:
    chance = np.random.default_rng(candidates)
    races = 80
    wrong = sum(
        raced({n: normal(chance, 0.0) for n in range(candidates)}, default=None)[0].champion is not None
        for _ in range(races)
    )
    # At 5 % more than nine of eighty would come up once in a hundred times.
    assert wrong <= 9
