"""Keeps what a process says to a person as it is while a library is imported that would change it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def log_settings_kept() -> Iterator[None]:
    """Have `logging.basicConfig` change nothing, as it does where somebody listens already.

    MLflow calls it when its part for torch is imported, and our own lines, which go to a file, would be printed, too.
    """
    stand_in = logging.NullHandler()
    logging.getLogger().addHandler(stand_in)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(stand_in)
