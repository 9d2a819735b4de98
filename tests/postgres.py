"""A PostgreSQL of a test's own: on loopback, with a password, in a folder that is gone afterwards."""

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

USER = "tuner"


@dataclass(frozen=True)
class Server:
    """Where it keeps what it has, at which port it listens, and its password."""

    programs: Path
    folder: Path
    port: int
    password: str

    @property
    def url(self) -> str:
        """Of the database, as a person writes it."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Begin it, and wait until it answers."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """End it, by default as a crash does."""
        self._control("stop", "-m", mode)

    def _control(self, what: str, *options: str) -> None:
        run(str(self.programs / "pg_ctl"), what, "-D", str(self.folder / "data"), *options)


def run(*command: str) -> None:
    """Run a program of PostgreSQL's, as a user that it lets."""
    theirs = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    subprocess.run([*theirs, *command], check=True, stdout=subprocess.DEVNULL, timeout=120, cwd="/")


@contextmanager
def begun() -> Iterator[Server]:
    """A server that runs; the test is skipped where PostgreSQL, or its driver, is not installed."""
    pytest.importorskip("psycopg")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initialise = found[-1] if found else Path(shutil.which("initdb") or "")
    if not initialise.is_file():
        pytest.skip("PostgreSQL is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="postgres-", dir="/tmp", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        server = Server(initialise.parent, folder, port, secrets.token_hex(8))
        (folder / "password").write_text(server.password)
        if os.getuid() == 0:
            theirs = pwd.getpwnam("postgres")
            for each in (folder, folder / "password"):
                os.chown(each, theirs.pw_uid, theirs.pw_gid)
        secret = ("-A", "scram-sha-256", "--pwfile", str(folder / "password"))
        run(str(initialise), "-D", str(folder / "data"), "-U", USER, *secret, "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
