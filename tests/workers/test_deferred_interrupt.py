"""Ctrl-C waits for the end of what must not be cut off."""

import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from tuning.workers.deferred_interrupt import deferred_interrupt


def pressed(times: int) -> list[str]:
    """How far one comes who is interrupted so often."""
    done = []
    try:
        with deferred_interrupt():
            for _ in range(times):
                signal.raise_signal(signal.SIGINT)
            done.append("the end of the block")
        done.append("what follows")
    except KeyboardInterrupt:
        done.append("interrupted")
    return done


@pytest.mark.parametrize(
    ("times", "done"),
    [
        (0, ["the end of the block", "what follows"]),
        (1, ["the end of the block", "interrupted"]),
        (2, ["interrupted"]),
    ],
)
def test_one_waits_and_two_do_not(times: int, done: list[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert pressed(times) == done
    assert signal.getsignal(signal.SIGINT) is before


def test_an_error_within_goes_before() -> None:
    def failing() -> None:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        failing()


def test_in_a_thread_there_is_no_ctrl_c_to_wait_for() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(pressed, 0).result() == ["the end of the block", "what follows"]
