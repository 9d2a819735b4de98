"""Whether a file can be read to its end, found out by a process that nobody has to wait for.

Whoever reads from a dead file system may never return, and then can't even be killed: so it must not be this process.

    python -I -S answering_files.py PATH
"""

import contextlib
import os
import select
import stat
import subprocess
import sys
from functools import cache

STARTING_S = 60.0
"""Seconds in which Python has to be there; a loaded machine takes long."""

SILENCE_S = 10.0
"""Seconds in which more of a file has to come; a disk that has stood still, and a network, take some."""

STEP_BYTES = 2**18


class Silent(OSError):
    """The file does not answer."""


@cache
def insist_on_answer(path: str, silence_s: float = SILENCE_S) -> None:
    """Reads all of a file, once in this process. What is no regular file is left alone, as is one that is not there.

    Raises Silent where nothing more of it has come for so many seconds.
    """
    reader = subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert reader.stdout is not None
    limit_s = STARTING_S
    try:
        while select.select([reader.stdout], [], [], limit_s)[0]:
            if not os.read(reader.stdout.fileno(), STEP_BYTES):
                return
            limit_s = silence_s
    finally:
        reader.stdout.close()
        reader.kill()
        # One that a dead file system holds does not end.
        with contextlib.suppress(subprocess.TimeoutExpired):
            reader.wait(1.0)
    raise Silent(f"nothing of it has come for {silence_s:g} s; does its disk, or the network to it, still answer?")


def _read(path: str) -> None:
    """Reads a file, and writes a byte at first and for each part of it. Errors are left to who reads it next."""
    os.write(1, b".")
    with contextlib.suppress(OSError):
        if stat.S_ISREG(os.stat(path).st_mode):
            with open(path, "rb", buffering=0) as file:
                while file.read(STEP_BYTES):
                    os.write(1, b".")


if __name__ == "__main__":
    _read(sys.argv[1])
