"""A PostgreSQL of a test's own, in a folder that is gone afterwards."""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import postgres
import pytest
from postgres import NotInstalled, Postgres


@contextmanager
def folder() -> Iterator[Path]:
    """One that PostgreSQL's own user may enter, as it may not enter pytest's where the tests are root's."""
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp", ignore_cleanup_errors=True) as temporary:
        if os.getuid() == 0:
            Path(temporary).chmod(0o755)
        yield Path(temporary)


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def insist_on_programs() -> None:
    """Skip the test where PostgreSQL, or its driver, is not installed."""
    pytest.importorskip("psycopg")
    try:
        postgres.programs()
    except NotInstalled as missing:
        pytest.skip(str(missing))


@contextmanager
def begun() -> Iterator[Postgres]:
    """A server that runs; the test is skipped where PostgreSQL, or its driver, is not installed."""
    insist_on_programs()
    with folder() as here:
        server = postgres.prepared(here / "postgres", free_port())
        server.start("fsync=off")
        try:
            yield server
        finally:
            server.stop("immediate")
