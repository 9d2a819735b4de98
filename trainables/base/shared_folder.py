"""Whether a folder of a worker's machine is the driver's: what one of them writes there, the other must find."""

import errno
import socket
import time
from pathlib import Path

from trainables.base.checkpoint_files import StorageAway

WAITS_S = (0.0, 0.1, 0.3, 1.0, 2.0, 4.0)
"""Between looks, since a network's file system may show what is new a little later."""


def found(path: Path) -> bool:
    """Whether a file is there, or comes to be there within seconds."""
    for wait_s in WAITS_S:
        time.sleep(wait_s)
        if path.exists():
            return True
    return False


def insist(proof: Path) -> None:
    """Raise StorageAway where this machine does not have a file that the driver has written."""
    if not found(proof):
        raise StorageAway(
            errno.ENOENT,
            f"{socket.gethostname()} does not have {proof}, which the driver wrote: the root is not shared",
        )


def answered(question: Path, answer: Path) -> str | None:
    """Write an answer beside the driver's file; why that can't be, if it can't.

    question: what the driver wrote.
    answer: what it then looks for.
    """
    if not found(question):
        return "does not have what the driver wrote there"
    try:
        answer.write_text(socket.gethostname(), encoding="utf-8")
    except OSError as error:
        return f"can't write there: {error.strerror or error}"
    return None
