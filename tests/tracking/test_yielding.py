"""Who goes first: waits while it is taken, and no longer than fair. The clock is the test's own."""

import pytest
from tracked import Clock

from tuning.tracking.yielding import LARGEST_SHARE, RightOfWay


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def way(clock: Clock) -> RightOfWay:
    """Long begun, so that a fair share of the time is more than any wait."""
    way = RightOfWay(clock, clock.sleep)
    clock.sleep(1_000.0)
    return way


def test_nobody_waits_where_it_is_not_taken_or_no_longer(clock: Clock, way: RightOfWay) -> None:
    way.give()
    way.take(0.3)
    clock.sleep(0.3)
    way.give()
    assert clock.now == pytest.approx(1_000.3)


def test_who_gives_way_waits_as_long_as_it_is_taken(clock: Clock, way: RightOfWay) -> None:
    way.take(0.3)
    way.give()
    assert clock.now == pytest.approx(1_000.3, abs=0.006)


def test_who_takes_it_anew_may_ask_for_less(clock: Clock, way: RightOfWay) -> None:
    way.take(0.3)
    way.take(0.05)
    way.give()
    assert clock.now == pytest.approx(1_000.05, abs=0.006)


def test_always_taken_it_costs_a_fair_share_of_the_time_and_no_more(clock: Clock) -> None:
    way, worked = RightOfWay(clock, clock.sleep), 0.0
    while clock.now < 100.0:
        way.take(0.3)
        way.give()
        clock.sleep(0.02)
        worked += 0.02
    assert worked == pytest.approx((1 - LARGEST_SHARE) * 100.0, rel=0.02)
