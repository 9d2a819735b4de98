"""A storage that is away for a while: waited for, as a database that is begun again or a network that is down.

tenacity was tried elsewhere for such a loop, and made it no shorter (docs/findings.md).
"""

import logging
import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from tuning.errors import Waiting
from tuning.study.urls import without_password

Answer = TypeVar("Answer")
Sleep = Callable[[float], None]

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
"""Before a storage is asked again; doubled from try to try."""

log = logging.getLogger(__name__)


class Patience:
    """How long a storage is waited for, who is told, and whether it was given up."""

    def __init__(self, seconds: float = 600.0, clock: Callable[[], float] = time.monotonic, sleep: Sleep = time.sleep):
        """Nothing is waited for yet.

        seconds: for which it is, at the most.
        clock, sleep: how time passes.
        """
        self._seconds, self._clock, self._sleep = seconds, clock, sleep
        self.study = "NAME"
        """Whose storage it is."""
        self.say: Callable[[str], None] = lambda line: None
        """Tells a person."""
        self.gave_up: Waiting | None = None
        """What was said when the storage had been away for too long."""

    def insist(self, ask: Callable[[], Answer], is_done: Callable[[], Answer | None] = lambda: None) -> Answer:
        """The storage's answer, asked for again and again while it is away.

        is_done: the answer where an attempt that was cut off has come through all the same; None where it has not.
        Raises Waiting where the storage is away for too long, and whatever else is asked raises.
        """
        began, wait_s, attempt = self._clock(), FIRST_WAIT_S, ask
        while True:
            try:
                answer = attempt()
            except (StorageInternalError, DBAPIError) as error:
                if is_full(error):
                    raise self._given_up("takes nothing more", error) from error
                if not is_away(error):
                    raise
                self._wait(error, wait_s, began)
            else:
                if wait_s > FIRST_WAIT_S:
                    self.say("the storage is there again")
                return answer
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            attempt = lambda: ask() if (done := is_done()) is None else done  # noqa: E731

    def _wait(self, error: Exception, wait_s: float, began: float) -> None:
        """Wait before the next try. Raises Waiting where that would be too long after the first."""
        said = _in_a_line(error)
        if self.gave_up is not None or self._clock() - began + wait_s > self._seconds:
            raise self._given_up(f"has been away for {self._seconds:.0f} s", error) from error
        log.warning("the storage is away, asking again in %.1f s: %s", wait_s, said)
        if wait_s == FIRST_WAIT_S:
            self.say(f"the storage is away, and waited for: {said}")
        self._sleep(wait_s)

    def _given_up(self, why: str, error: Exception) -> Waiting:
        said = f"the storage {why}: {_in_a_line(error)}; `tuning resume {self.study}` goes on once it is there again"
        self.gave_up = Waiting(said)
        return self.gave_up


def is_away(error: Exception) -> bool:
    """Whether a storage may only have been away: it could not be reached, was locked, or broke off."""
    database = _of_database(error)
    if database is None:
        return False
    if isinstance(database.orig, sqlite3.Error):
        return _sqlite_code(database.orig) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return isinstance(database, OperationalError | InterfaceError) or database.connection_invalidated


def is_full(error: Exception) -> bool:
    """Whether the disk of an SQLite database is full."""
    database = _of_database(error)
    return (
        database is not None
        and isinstance(database.orig, sqlite3.Error)
        and _sqlite_code(database.orig) == sqlite3.SQLITE_FULL
    )


def _of_database(error: BaseException | None) -> DBAPIError | None:
    """What SQLAlchemy has raised, which Optuna wraps."""
    return error if isinstance(error, DBAPIError) else None if error is None else _of_database(error.__cause__)


def _sqlite_code(error: sqlite3.Error) -> int:
    """Without the details in its upper bits."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _in_a_line(error: Exception) -> str:
    database = _of_database(error)
    return without_password(str(error if database is None else database.orig)).strip().partition("\n")[0]
