"""A file for what our own code has to say while a display is on the terminal."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tuning.errors import StorageError
from tuning.study.paths import Home
from tuning.study.urls import without_password


class _Formatter(logging.Formatter):
    """Leaves out the passwords that URLs in a message, or in a traceback, may have."""

    def format(self, record: logging.LogRecord) -> str:
        return without_password(super().format(record))


class _File(logging.FileHandler):
    """Is silent where it can't write, as on a full disk: others say that, and this one would a traceback a line."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


@contextmanager
def log_file(home: Home) -> Iterator[None]:
    """Writes our warnings to `logs/tuning.log` of a home.

    Raises StorageError where the home can't be made or written to.
    """
    try:
        home.logs.mkdir(parents=True, exist_ok=True)
        handler = _File(home.logs / "tuning.log", encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise StorageError(
            f"the root {home.root} can't be made or written to: {error.strerror}; --root names another"
        ) from error
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("tuning")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        with suppress(OSError):  # what it still holds
            handler.close()
