"""The thread that tells MLflow: steps in their order, whatever one of them raises, and a step for its pauses."""

from threading import Event

import pytest

from tuning.tracking.background import Background


def test_steps_are_taken_in_their_order_and_the_one_for_pauses_last_of_all() -> None:
    taken: list[object] = []
    background = Background(lambda: taken.append("pause"), taken.append)
    for step in range(3):
        background.ask(lambda step=step: taken.append(step))
    background.start()
    background.close()
    background.ask(lambda: taken.append("too late"))
    assert background.has_ended()
    assert taken == [0, 1, 2, "pause"]


def test_a_step_that_fails_is_told_of_and_keeps_no_other_from_being_taken(caplog: pytest.LogCaptureFixture) -> None:
    taken, failed = list[str](), list[Exception]()

    def fail() -> None:
        raise RuntimeError("the database is locked")

    background = Background(lambda: taken.append("pause"), failed.append)
    background.ask(fail)
    background.ask(lambda: taken.append("next"))
    background.start()
    background.close()
    assert background.has_ended()
    assert taken == ["next", "pause"]
    assert [str(error) for error in failed] == ["the database is locked"]
    assert "the database is locked" in caplog.text


@pytest.mark.parametrize("waits", [{"pause_s": 0.0}, {"longest_s": 0.0}])
def test_there_are_pauses_when_nothing_is_asked_for_and_when_too_much_is(waits: dict[str, float]) -> None:
    paused, failed = Event(), list[Exception]()
    background = Background(paused.set, failed.append, **waits)
    background.start()
    if "longest_s" in waits:
        background.ask(lambda: None)
    assert paused.wait(60)
    background.close()
    assert background.has_ended()
    assert not failed


def test_whoever_waits_in_vain_is_told_so() -> None:
    goes_on = Event()
    background = Background(lambda: None, lambda error: None)
    background.ask(lambda: goes_on.wait() and None)
    background.start()
    background.close()
    assert not background.has_ended(0.0)
    goes_on.set()
    assert background.has_ended()
