"""Studies in memory, whose process can be killed at any of its writes."""

import math
import sqlite3
from contextlib import closing
from functools import cache
from typing import Any

import optuna
import pytest
import sweeps
from optuna.storages import RDBStorage
from sqlalchemy import Connection, event
from sqlalchemy.pool import SingletonThreadPool

from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.study import Study


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it, and nothing can be written after it."""


@cache
def _tables() -> bytes:
    """A database with all that Optuna lays out, and nothing else."""
    with closing(RDBStorage("sqlite://").engine.raw_connection()) as laid_out:
        return _bytes(laid_out.driver_connection)


def _bytes(connection: Any) -> bytes:
    serialized: bytes = connection.serialize()
    return serialized


class Mortal:
    """A database whose process can be killed at any of its writes.

    database: one that `before_writes` has kept; else it is new.
    """

    def __init__(self, database: bytes | None = None) -> None:
        self._database = sqlite3.connect(":memory:")
        # To lay out its tables costs most of what a short search does.
        self._database.deserialize(database or _tables())
        # In memory: one connection, for one thread.
        ready = {"creator": lambda: self._database, "poolclass": SingletonThreadPool}
        self.storage = RDBStorage("sqlite://", ready, skip_compatibility_check=True, skip_table_creation=True)
        self.left = math.inf
        """Writes that it still takes."""
        self.before_writes: list[bytes] | None = None
        """Where it is a list, the database as it was before each write, which is what a process leaves that dies at it.
        """
        self._written = False
        event.listen(self.storage.engine, "before_cursor_execute", self._look)
        event.listen(self.storage.engine, "commit", self._count)

    def _look(self, connection: Connection, cursor: Any, statement: str, *_: Any) -> None:
        if not self._written and not statement.startswith(("SELECT", "PRAGMA")):
            self._written = True
            if self.before_writes is not None:
                self.before_writes.append(_bytes(self._database))

    def _count(self, connection: Connection) -> None:
        # What only reads commits too.
        if self._written and self.left <= 0:
            self._written = False
            raise Killed
        self.left -= self._written
        self._written = False


def in_memory(kept: Mortal, **changes: Any) -> Study:
    """The study of the tiny sweep that this storage holds; a new one where it holds none."""
    home = Home.at("nowhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "storage", lambda url: kept.storage)
        if optuna.get_all_study_names(kept.storage):
            return catalogue.opened(home, "memory")
        return catalogue.create(home, "memory", sweeps.tiny(**changes))
