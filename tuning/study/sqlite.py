"""SQLite in which readers and the writer do not wait for each other, nor a write for the disk.

What a process has written stands however it is killed. Only a machine that loses its power may lose the last moments,
and never leaves a broken file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event


class WriteAheadConnection(sqlite3.Connection):
    """A connection with a write-ahead log; the `factory` of `sqlite3.connect` for databases that we open ourselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _write_ahead(self)


@contextmanager
def write_ahead(path: Path) -> Iterator[None]:
    """Open this database with a write-ahead log, whichever library opens it within; others are left as they are.

    MLflow takes no options for the connections of its store.
    """
    ours = str(path.resolve())

    def set_mode(connection: Any, _: Any) -> None:
        if isinstance(connection, sqlite3.Connection) and _path(connection) == ours:
            _write_ahead(connection)

    event.listen(Engine, "connect", set_mode)
    try:
        yield
    finally:
        event.remove(Engine, "connect", set_mode)


def _write_ahead(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _path(connection: sqlite3.Connection) -> str:
    _, _, path = connection.execute("PRAGMA database_list").fetchone()
    return str(path)
