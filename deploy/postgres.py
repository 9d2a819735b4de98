"""A PostgreSQL on loopback, in a folder, with a password: for trying Lockstep against one, and for tests."""

import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

USER = "tuner"
"""Whom its databases belong to."""


class NotInstalled(RuntimeError):
    """PostgreSQL's programs are not to be found; the message says what installs them."""


@dataclass(frozen=True)
class Postgres:
    """Where its programs are, the folder that it keeps all in, the port that it listens on, and its password."""

    programs: Path
    folder: Path
    port: int
    password: str

    def url(self, database: str = "postgres", password: bool = True) -> str:
        """Of one of its databases; password: whether the URL has it, or libpq is to find it (`passfile`)."""
        secret = f":{self.password}" if password else ""
        return f"postgresql://{USER}{secret}@127.0.0.1:{self.port}/{database}"

    @property
    def passfile(self) -> Path:
        """What `PGPASSFILE` may name, so that no URL needs the password."""
        return self.folder / "pgpass"

    def start(self, *settings: str) -> None:
        """Begin it, and wait until it answers. settings: of PostgreSQL, such as `fsync=off`.

        Raises CalledProcessError where it does not come up; its log, in the folder, says why.
        """
        listens = ("listen_addresses=127.0.0.1", "unix_socket_directories=", *settings)
        options = " ".join([f"-p {self.port}", *(f"-c {each}" for each in listens)])
        self._control("start", "-w", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """End it. mode: fast, or immediate, as a crash does."""
        self._control("stop", "-m", mode)

    def _control(self, what: str, *options: str) -> None:
        _run(str(self.programs / "pg_ctl"), what, "-D", str(self.folder / "data"), *options)


def prepared(folder: Path, port: int) -> Postgres:
    """A PostgreSQL in a folder, laid out there where it was not before; it does not run yet.

    folder: of its own, which its user, `postgres` where this process is root's, may enter.
    port: to listen on.
    Raises NotInstalled, and CalledProcessError where the folder can't be used.
    """
    there = programs()
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "password"
    if not secret.exists():
        _written(secret, secrets.token_urlsafe(16))
    server = Postgres(there, folder, port, secret.read_text(encoding="ascii"))
    _written(server.passfile, f"127.0.0.1:{port}:*:{USER}:{server.password}\n")
    if os.getuid() == 0:
        theirs = pwd.getpwnam("postgres")
        for each in (folder, secret):
            os.chown(each, theirs.pw_uid, theirs.pw_gid)
    if not (folder / "data").exists():
        authentication = ("-A", "scram-sha-256", "--pwfile", str(secret))
        _run(str(there / "initdb"), "-D", str(folder / "data"), "-U", USER, *authentication, "--no-sync")
    return server


def programs() -> Path:
    """The folder of its programs, the newest where there are several. Raises NotInstalled."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[-3].split(".")[0]))
    if found:
        return found[-1].parent
    if (elsewhere := shutil.which("initdb")) is None:
        raise NotInstalled(
            "PostgreSQL is not installed; on Debian and Ubuntu `sudo apt-get install postgresql` does it"
        )
    return Path(elsewhere).parent


def _written(path: Path, text: str) -> None:
    """Writes a file that nobody else may read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")


def _run(*command: str) -> None:
    """Run a program of PostgreSQL's, which do not run as root."""
    theirs = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
    subprocess.run([*theirs, *command], check=True, capture_output=True, text=True, timeout=120, cwd="/")
