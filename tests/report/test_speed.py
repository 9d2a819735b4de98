"""The speed of trainings, by a clock that is turned by hand."""

import pytest

from tuning.report.speed import Pace


class Clock:
    """Seconds, as they are set."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def reported(clock: Clock, pace: Pace, *moments: float, steps: int = 100, seconds: float = 1.0) -> None:
    for clock.seconds in moments:
        pace.report(steps, seconds)


def test_the_start_of_workers_counts_for_nothing(clock: Clock) -> None:
    pace = Pace(clock)
    assert pace.speed is None
    reported(clock, pace, 40.0, seconds=35.0)
    assert pace.speed is None, "one report alone says nothing"
    reported(clock, pace, 41.0, 42.0)
    assert pace.speed is None, "two seconds are too few"
    reported(clock, pace, 43.0, 44.0)
    assert pace.speed == pytest.approx(100)


def test_members_of_a_pack_report_at_once(clock: Clock) -> None:
    pace = Pace(clock)
    for second in range(10):
        reported(clock, pace, *[second] * 8)
    assert pace.speed == pytest.approx(800)


def test_only_of_late_counts(clock: Clock) -> None:
    pace = Pace(clock)
    reported(clock, pace, *range(60), steps=1_000)
    reported(clock, pace, *range(60, 100), steps=10)
    assert pace.speed == pytest.approx(10)


def test_of_long_reports_the_part_in_the_window_counts(clock: Clock) -> None:
    """Two workers, each with 6,000 steps a minute."""
    pace = Pace(clock)
    for moment in (60, 66, 120, 126, 180, 186):
        reported(clock, pace, moment, steps=6_000, seconds=60.0)
        assert pace.speed is None or pace.speed <= 200 + 1e-6, "never more than they are"
    # What the first worker trains since 180 is not told yet.
    assert pace.speed == pytest.approx(200, rel=0.06)


def test_who_is_silent_for_long_has_no_speed(clock: Clock) -> None:
    pace = Pace(clock)
    reported(clock, pace, *range(10))
    clock.seconds = 20.0
    assert pace.speed == pytest.approx(100)
    clock.seconds = 50.0
    assert pace.speed is None
