"""For how long workers may be silent, and how that is counted."""

import math

import pytest

from tuning.rules.silence import Silences, Stage, StallTimeout, most_s


@pytest.mark.parametrize(
    ("timeout", "stage", "longest_s", "own", "expected"),
    [
        # The longest time between two reports so far counts twenty times, and two minutes are granted in any case.
        ("auto", "training", 2.0, False, 120),
        ("auto", "training", 6.0, False, 120),
        ("auto", "training", 30.0, False, 600),
        ("auto", "training", 3_600.0, False, 72_000),
        # Before any report data may have to be read.
        ("auto", "training", None, False, 600),
        # A loop that gives no signs between its reports.
        ("auto", "training", None, True, 3_600),
        ("auto", "training", 2.0, True, 3_600),
        ("auto", "training", 600.0, True, 12_000),
        # What a person has said.
        (45.0, "training", None, False, 45),
        (45.0, "training", 1_000.0, False, 45),
        (45.0, "training", 1_000.0, True, 45),
        # The start of a process, and a compiler.
        ("auto", "starting", None, False, 600),
        ("auto", "compiling", 100.0, False, 600),
        (45.0, "compiling", None, False, 225),
        (45.0, "starting", None, True, 225),
        (2.0, "starting", None, False, 60),
        # Never.
        (None, "training", 2.0, False, math.inf),
        (None, "starting", None, False, math.inf),
        (None, "compiling", None, True, math.inf),
    ],
)
def test_how_long_a_worker_may_be_silent(
    timeout: StallTimeout, stage: Stage, longest_s: float | None, own: bool, expected: float
) -> None:
    assert most_s(timeout, stage, longest_s, own) == expected


@pytest.mark.parametrize(
    ("heard", "silent_s"),
    [
        # (seconds, what was said): whoever says something else is alive.
        ([(0, "a")], [0]),
        ([(0, "a"), (4, "a"), (9, "a")], [0, 4, 9]),
        ([(0, "a"), (4, "a"), (9, "b"), (11, "b")], [0, 4, 0, 2]),
        ([(0, None), (5, None), (6, "a")], [0, 5, 0]),
        ([(0, "a"), (4, "b"), (8, "a")], [0, 0, 0]),
        # Nobody listened for an hour, as while the driver was stopped: ten seconds of it count.
        ([(0, "a"), (3_600, "a"), (3_605, "a")], [0, 10, 15]),
    ],
)
def test_silence_counts_while_somebody_listens(heard: list[tuple[float, str | None]], silent_s: list[float]) -> None:
    silences = Silences(most_between_s=10)
    assert [silences.of("leg", said, now) for now, said in heard] == silent_s


def test_each_worker_is_heard_by_itself_and_a_new_one_begins_anew() -> None:
    silences = Silences(most_between_s=10)
    assert [silences.of(who, "a", now) for who, now in (("one", 0), ("two", 3), ("one", 5), ("two", 5))] == [0, 0, 5, 2]
    silences.keep({"two"})
    assert silences.of("one", "a", 6) == 0
    assert silences.of("two", "a", 6) == 3
