"""Locks on files: one holder at a time, lookers that disturb nobody, and no lock that outlives its process."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from tuning.study.file_locks import alone, held, is_held

HOLDER = """
import sys
from pathlib import Path
from tuning.study.file_locks import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "lock"


@contextmanager
def another_process(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock until it is killed."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


@contextmanager
def over_and_over(*looks: Callable[[], object]) -> Iterator[None]:
    """All of these are done in threads, again and again."""
    done = Event()

    def keep_on(look: Callable[[], object]) -> None:
        while not done.is_set():
            look()

    with ThreadPoolExecutor() as pool:
        looking = [pool.submit(keep_on, look) for look in looks]
        try:
            yield
        finally:
            done.set()
    assert [each.result() for each in looking] == [None] * len(looks)


def test_it_is_held_by_one_at_a_time(lock: Path) -> None:
    with held(lock) as ours:
        assert ours
        with held(lock) as theirs:
            assert not theirs
        assert is_held(lock), "whoever tried in vain has taken nothing away"
    with held(lock) as ours:
        assert ours


def test_it_ends_with_a_process_that_is_killed(lock: Path) -> None:
    assert not is_held(lock)
    assert not lock.exists(), "looking makes no file"
    with another_process(lock) as holder:
        assert is_held(lock)
        holder.kill()
        holder.wait(10)
        assert not is_held(lock)
        with held(lock) as ours:
            assert ours


def test_whoever_waits_gets_it_from_a_holder_that_is_killed(lock: Path) -> None:
    with another_process(lock) as holder, ThreadPoolExecutor() as pool:

        def wait() -> bool:
            with alone(lock):
                return is_held(lock)

        waiting = pool.submit(wait)
        assert not waiting.done()
        holder.kill()
        assert waiting.result(10)


def test_looking_keeps_nobody_from_holding_it_and_is_not_taken_for_holding(lock: Path) -> None:
    with held(lock):
        pass
    with over_and_over(lambda: is_held(lock), lambda: is_held(lock)):
        for _ in range(2_000):
            with held(lock) as ours:
                assert ours

    def look() -> None:
        assert not is_held(lock)

    with over_and_over(look, look):
        assert not any(is_held(lock) for _ in range(2_000))
