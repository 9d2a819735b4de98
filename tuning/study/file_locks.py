"""Locks on files, which end with their process however it ends.

filelock was tried in their place: it can't tell whether a lock is held without taking it (docs/findings.md).
"""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

TRIES, WAIT_S = 100, 0.01


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Hold a lock, after waiting for whoever holds it."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def held(lock: Path) -> Iterator[bool]:
    """Hold a lock if nobody else does; yields whether it is ours."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        # Whoever asks `is_held` shares the lock for a moment; a holder keeps it.
        yield any(_taken(file) for _ in range(TRIES))


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock now; several may ask at once and never take each other for the holder."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _taken(file: TextIO) -> bool:
    """Whether the lock could be taken; waits a moment where it could not."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(WAIT_S)
        return False
    return True
