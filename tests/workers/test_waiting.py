"""When a person is told that a leg waits for a worker."""

from tuning.workers.waiting import AGAIN_S, SILENT_S, Waiting


def said_at(waits: list[tuple[float, bool]]) -> list[float]:
    """The times at which something is to be said, of all at which somebody asks."""
    waiting = Waiting()
    return [now for now, each in waits if waiting.is_to_be_said(each, now)]


def test_it_is_said_after_a_while_and_not_again_soon() -> None:
    assert said_at([(float(now), True) for now in range(round(SILENT_S + AGAIN_S) + 1)]) == [
        SILENT_S,
        SILENT_S + AGAIN_S,
    ]


def test_a_short_wait_is_not_worth_a_word() -> None:
    assert not said_at(
        [(0.0, True), (SILENT_S - 1, True), (SILENT_S, False), (SILENT_S + 1, True), (SILENT_S + 9, True)]
    )


def test_short_waits_after_a_long_one_are_not_said_each_time() -> None:
    assert said_at([(0.0, True), (30.0, True), (40.0, False), (50.0, True), (100.0, True)]) == [30.0]
