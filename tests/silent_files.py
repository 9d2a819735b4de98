"""Files that do not answer, as those of a dead file system: whoever opens them waits."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def silent(path: Path) -> Iterator[None]:
    """For so long nobody opens the file: this process has a lease of it, and does not give it back when it is asked.

    Linux takes it back by itself after /proc/sys/fs/lease-break-time seconds, which is 45.
    """
    descriptor = os.open(path, os.O_WRONLY)
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        os.close(descriptor)
        pytest.skip(f"this file system has no leases: {error}")
    try:
        yield
    finally:
        os.close(descriptor)
        signal.signal(signal.SIGIO, before)
