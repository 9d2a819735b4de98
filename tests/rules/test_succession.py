"""Whose network a name stands for: a later study's only where more is known of it."""

import math

import pytest

from tuning.rules.objective import Direction
from tuning.rules.succession import Claim, best, succeeds


def claim(
    worse_end: float | None = None, value: float | None = 1.0, study: str = "a", measure: str = "return"
) -> Claim:
    return Claim(study, measure, worse_end, value)


@pytest.mark.parametrize(
    ("new", "holder", "expected"),
    [
        (claim(0.6), claim(0.5, study="b"), True),
        (claim(0.5), claim(0.5, study="b"), False),
        (claim(0.4, value=9.0), claim(0.5, study="b"), False),
        (claim(math.inf), claim(0.5, study="b"), False),
        (claim(0.1, value=0.1), claim(None, value=9.0, study="b"), True),
        (claim(None, value=9.0), claim(0.1, study="b"), False),
        (claim(None, value=2.0), claim(None, study="b"), True),
        (claim(None, value=1.0), claim(None, study="b"), False),
        (claim(None, value=None), claim(None, value=None, study="b"), False),
        (claim(0.6, measure="loss"), claim(0.5, study="b"), False),
        (claim(0.1), claim(0.5), True),
        (claim(0.1, measure="loss"), claim(0.5), True),
        (claim(0.9), None, False),
    ],
    ids=[
        "the worse end is better",
        "as good",
        "worse, with a better value",
        "not finite",
        "confirmed before not confirmed",
        "not confirmed after confirmed",
        "a better value of two that were not confirmed",
        "as good a value",
        "no values",
        "of something else",
        "the same study",
        "the same study, of something else",
        "given by a person",
    ],
)
def test_a_name_goes_over_where_more_is_known(new: Claim, holder: Claim | None, expected: bool) -> None:
    assert succeeds(new, holder, "maximize") is expected


@pytest.mark.parametrize(("direction", "expected"), [("maximize", False), ("minimize", True)])
def test_the_direction_says_which_end_is_better(direction: Direction, expected: bool) -> None:
    assert succeeds(claim(0.4), claim(0.5, study="b"), direction) is expected
    assert succeeds(claim(None, 0.4), claim(None, 0.5, study="b"), direction) is expected


def test_the_best_is_the_first_of_equals() -> None:
    claims = {"1": claim(0.2, study="a"), "2": claim(0.7, study="b"), "3": claim(0.7, study="c"), "4": claim(study="d")}
    assert best(claims, "maximize") == "2"
    assert best({}, "maximize") is None
