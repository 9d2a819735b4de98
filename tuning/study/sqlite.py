"""SQLite so that readers and the writer do not wait for each other, and writes do not wait for the disk.

What a process has written stands however it is killed. Only a machine that loses its power may lose the last moments,
and never leaves a broken file.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, make_url
from sqlalchemy.exc import ArgumentError

_OURS: set[str] = set()


def write_ahead(path: Path) -> None:
    """Hold of this database, whoever opens it in this process from now on; others are left as they are."""
    _OURS.add(str(path.resolve()))


def without_password(url: str) -> str:
    """The URL of a database or a server as it may be shown."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return url


@event.listens_for(Engine, "connect")
def _set_mode(connection: Any, _: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    _, _, path = connection.execute("PRAGMA database_list").fetchone()
    if path in _OURS:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
