"""Locks on files: they end with their process, however it ends."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

HOLD_TRIES, HOLD_WAIT_S = 100, 0.01


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """One process at a time; another waits."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def held(lock: Path) -> Iterator[bool]:
    """Hold a lock; whether it could be had: another process may hold it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        # Who looks at a lock touches it for a moment (is_held); who holds it does not let go.
        yield any(_locked(file) for _ in range(HOLD_TRIES))


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock now."""
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


def _locked(file: TextIO) -> bool:
    """Whether the file's lock could be had; where not, after a moment."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(HOLD_WAIT_S)
        return False
    return True
