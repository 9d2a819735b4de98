"""The watch over the workers: whom it ends, and when. The clock and the workers are made up."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pytest

from trainables.base.pulse import COMPILING, Sign
from tuning.rules.silence import StallTimeout
from tuning.workers.borrowed import InHand
from tuning.workers.watch import Watch


@dataclass
class Workers:
    """Stands for Ray: who has which leg, and who was ended."""

    legs: list[InHand]
    ended: list[tuple[str, bool]] = field(default_factory=list)

    def in_hand(self) -> list[InHand]:
        return [leg for leg in self.legs if leg.ticket not in dict(self.ended)]

    def end(self, leg: InHand, for_good: bool) -> None:
        self.ended.append((leg.ticket, for_good))


class Watched:
    """A watch over some legs, second by second."""

    def __init__(
        self, folder: Path, timeout: StallTimeout = 20, own: bool = False, legs: Collection[str] = ("one",)
    ) -> None:
        self.now, self._folder = 0.0, folder
        self.workers: Any = Workers([_in_hand(each) for each in legs])
        self.watch = Watch(timeout, own, folder, lambda: self.now)

    def pass_s(self, seconds: float, **given: Sign) -> "Watched":
        """So many seconds pass, in each of which these legs give a sign."""
        for _ in range(int(seconds)):
            self.now += 1
            for ticket, sign in given.items():
                (self._folder / ticket).write_text(json.dumps(asdict(sign)))
            self.watch.look(self.workers, lambda ticket: ticket == "last")
        return self

    @property
    def ended(self) -> list[tuple[str, bool]]:
        ended: list[tuple[str, bool]] = self.workers.ended
        return ended


def _in_hand(ticket: str, stage: Any = "training") -> InHand:
    anything: Any = object()
    return InHand(ticket, anything, stage, anything)


def sign(beats: int, signs: int = 1, what: str = "training", cpu_s: float = 0.0) -> Sign:
    return Sign(beats, signs, cpu_s, what)


def test_a_worker_that_trains_is_left_alone_however_long_its_report_takes(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for second in range(500):
        watched.pass_s(1, one=sign(second))
    assert watched.ended == []


def test_a_worker_that_reports_is_left_alone_though_it_gives_no_signs(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for _ in range(20):
        watched.pass_s(15).watch.reported("one", 15.0)
    assert watched.ended == []


@pytest.mark.parametrize("given", [{}, {"one": sign(3)}], ids=["it gave no sign", "it gives the same one"])
def test_a_worker_that_is_silent_for_too_long_is_ended_once(tmp_path: Path, given: dict[str, Sign]) -> None:
    watched = Watched(tmp_path, legs=("one", "two"))
    for second in range(19):
        watched.pass_s(1, two=sign(second), **given)
    assert watched.ended == []
    for second in range(100):
        watched.pass_s(1, two=sign(100 + second), **given)
    assert watched.ended == [("one", False)]
    assert watched.watch.stalls["one"].worker == 1
    assert 20 <= watched.watch.stalls["one"].silent_s <= 23


def test_its_leg_is_ended_for_good_where_it_is_not_to_be_tried_again(tmp_path: Path) -> None:
    assert Watched(tmp_path, legs=("last", "other")).pass_s(30).ended == [("last", True), ("other", False)]


@pytest.mark.parametrize(
    ("timeout", "own", "reported_s", "ends_after"),
    [
        ("auto", False, None, 600),
        ("auto", False, 2.0, 120),
        ("auto", False, 10.0, 200),
        ("auto", True, 2.0, 3_600),
        (30.0, False, 100.0, 30),
    ],
)
def test_when_it_is_ended(
    tmp_path: Path, timeout: StallTimeout, own: bool, reported_s: float | None, ends_after: float
) -> None:
    watched = Watched(tmp_path, timeout, own)
    if reported_s is not None:
        watched.watch.reported("another", reported_s)
    # It is looked at every five seconds.
    assert watched.pass_s(ends_after - 6).ended == []
    assert watched.pass_s(15).ended != []


def test_never_is_never(tmp_path: Path) -> None:
    watched = Watched(tmp_path, None)
    assert watched.pass_s(10_000).ended == []
    assert watched.watch.pulse_of("one") is None


def test_a_compiler_has_longer(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for second in range(95):
        watched.pass_s(1, one=sign(1, second, COMPILING))
    assert watched.ended == []
    for second in range(95, 110):
        watched.pass_s(1, one=sign(1, second, COMPILING))
    assert watched.ended != []
    assert "compile: never" in watched.watch.stalls["one"].why


def test_a_worker_that_starts_has_longer_and_then_no_more_than_any(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.workers.legs = [_in_hand("one", "starting")]
    assert watched.pass_s(95).ended == []
    watched.workers.legs = [InHand("one", watched.workers.legs[0].worker, "training", watched.workers.legs[0].trial)]
    assert watched.pass_s(15).ended == []
    assert watched.pass_s(15).ended != []


def test_the_worker_that_takes_over_begins_anew(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.pass_s(15)
    watched.workers.legs = [_in_hand("one")]
    assert watched.pass_s(15).ended == []
    assert watched.pass_s(10).ended != []
    assert watched.watch.stalls["one"].worker == 2


def test_a_loop_of_ones_own_is_left_alone_as_long_as_it_computes(tmp_path: Path) -> None:
    watched = Watched(tmp_path, own=True)
    for second in range(200):
        watched.pass_s(1, one=sign(1, second, cpu_s=0.9 * second))
    assert watched.ended == []
    # What Ray itself needs of the processor is no training.
    for second in range(200, 240):
        watched.pass_s(1, one=sign(1, second, cpu_s=180 + 0.02 * second))
    assert watched.ended != []


def test_a_driver_that_was_stopped_takes_nobody_for_silent(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.pass_s(5, one=sign(1))
    watched.now += 3_600
    assert watched.pass_s(3, one=sign(1)).ended == []
    for second in range(40):
        watched.pass_s(1, one=sign(2 + second))
    assert watched.ended == []
