"""Who goes first: waits while it is taken, and no longer than fair. The clock is the test's own."""

from types import SimpleNamespace

import pytest

from tuning.tracking import yielding
from tuning.tracking.yielding import MOST, RightOfWay


class Clock:
    """Time passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(yielding, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    return clock


def test_nobody_waits_where_it_is_not_taken_or_no_longer(clock: Clock) -> None:
    way = RightOfWay()
    clock.sleep(100.0)
    way.give()
    way.take(0.3)
    clock.sleep(0.3)
    way.give()
    assert clock.now == pytest.approx(1_100.3)


def test_who_gives_way_waits_as_long_as_it_is_taken(clock: Clock) -> None:
    way = RightOfWay()
    clock.sleep(100.0)
    way.take(0.3)
    way.give()
    assert clock.now == pytest.approx(1_100.3, abs=0.006)


def test_who_takes_it_anew_may_ask_for_less(clock: Clock) -> None:
    way = RightOfWay()
    clock.sleep(100.0)
    way.take(0.3)
    way.take(0.05)
    way.give()
    assert clock.now == pytest.approx(1_100.05, abs=0.006)


def test_always_taken_it_costs_a_fair_share_of_the_time_and_no_more(clock: Clock) -> None:
    way, worked = RightOfWay(), 0.0
    while clock.now < 1_100.0:
        way.take(0.3)
        way.give()
        clock.sleep(0.02)
        worked += 0.02
    assert worked == pytest.approx((1 - MOST) * 100.0, rel=0.02)
