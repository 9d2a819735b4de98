"""Whether a trial beats who has learnt nothing."""

import pytest

from tuning.rules import trivial
from tuning.rules.objective import Direction


@pytest.mark.parametrize(
    ("direction", "value", "worst_end", "beaten_from", "beaten"),
    [
        # Against an answer of 10.
        ("maximize", 11.0, 11.0, 10.0, True),
        ("maximize", 10.0, 10.0, 10.0, False),
        ("maximize", 9.0, 9.0, 10.0, False),
        ("minimize", 9.0, 9.0, 10.0, True),
        ("minimize", 10.0, 10.0, 10.0, False),
        ("minimize", 11.0, 11.0, 10.0, False),
        # Better, but by no more than chance.
        ("maximize", 11.0, 11.0, 11.5, False),
        ("maximize", 11.5, 11.5, 11.5, True),
        ("minimize", 9.5, 9.5, 9.0, False),
        # Better on average, but not for sure.
        ("maximize", 12.0, 9.5, 11.0, False),
        ("maximize", 12.0, 10.5, 11.0, True),
        ("minimize", 8.0, 10.5, 9.0, False),
        # Some of its trainings diverged, and there is no end to how bad they are.
        ("minimize", 8.0, float("inf"), 9.0, False),
        ("maximize", float("-inf"), float("-inf"), 11.0, False),
    ],
)
def test_beaten(direction: Direction, value: float, worst_end: float, beaten_from: float, beaten: bool) -> None:
    assert trivial.beats(value, worst_end, 10.0, beaten_from, direction) is beaten
