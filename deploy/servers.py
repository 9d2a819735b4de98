"""PostgreSQL and an MLflow server on this machine's loopback, for trying Lockstep against servers: `make server`.

Both run until Ctrl-C. What they hold, and their password, stays in a folder, and is there again the next time.
"""

import argparse
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import platformdirs
import postgres
import psycopg
from postgres import NotInstalled, Postgres

DATABASES = ("studies", "mlflow")
"""Optuna's storage, and MLflow's."""

PATIENCE_S = 120.0
"""For MLflow to lay out its tables and answer."""


def default_folder() -> Path:
    """Where PostgreSQL's own user comes to: not below the home of root, which nobody else may enter."""
    return (
        Path("/var/lib/lockstep-servers") if os.getuid() == 0 else platformdirs.user_data_path("lockstep") / "servers"
    )


def refuse_busy(port: int, option: str) -> None:
    """Raise SystemExit where another process listens on a port."""
    with socket.socket() as here:
        here.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            here.bind(("127.0.0.1", port))
        except OSError:
            raise SystemExit(f"port {port} of 127.0.0.1 is in use; {option} names another") from None


def add_databases(server: Postgres) -> None:
    """Make those that are not there yet."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        there = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in there:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


@contextmanager
def mlflow(server: Postgres, port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An MLflow server in its process, ended at the end.

    server: where its tables are. port: to listen on. folder: of its artifacts and its log.
    """
    tables = server.url("mlflow", password=False).replace("postgresql:", "postgresql+psycopg:")
    command = [
        *(sys.executable, "-P", "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--backend-store-uri", tables, "--artifacts-destination", str(folder / "artifacts")),
    ]
    # No other environment would do: PGPASSFILE keeps the password out of the list of processes.
    variables = {**os.environ, "PGPASSFILE": str(server.passfile), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (folder / "mlflow.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=variables, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Raise SystemExit where MLflow ends, or does not answer for too long."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).close()
            return
        time.sleep(0.3)
    raise SystemExit(f"MLflow did not come up; {log} says why")


def environment(server: Postgres, port: int) -> str:
    """What a shell has to know, as commands."""
    variables = {
        "LOCKSTEP_STORAGE": server.url("studies", password=False),
        "PGPASSFILE": str(server.passfile),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}",
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def main() -> None:
    """Begin both, say how they are used, and wait for Ctrl-C."""
    made = argparse.ArgumentParser(prog="make server ARGS=...", description=__doc__)
    made.add_argument("--port", type=int, default=5000, help="of MLflow (%(default)s)")
    made.add_argument("--postgres-port", type=int, default=5433, help="of PostgreSQL (%(default)s)")
    made.add_argument("--folder", type=Path, default=default_folder(), help="what is kept between runs (%(default)s)")
    arguments = made.parse_args()
    folder: Path = arguments.folder.absolute()
    for port, option in ((arguments.port, "--port"), (arguments.postgres_port, "--postgres-port")):
        refuse_busy(port, option)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        server = postgres.prepared(folder / "postgres", arguments.postgres_port)
        server.start()
    except NotInstalled as error:
        raise SystemExit(str(error)) from None
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"PostgreSQL did not come up: {error.stderr.strip() or error}") from None
    try:
        add_databases(server)
        with mlflow(server, arguments.port, folder) as process:
            wait_until_it_answers(process, arguments.port, folder / "mlflow.log")
            exports = folder / "environment"
            exports.write_text(environment(server, arguments.port), encoding="utf-8")
            print(
                f"PostgreSQL listens on 127.0.0.1:{arguments.postgres_port}, MLflow on "
                f"http://127.0.0.1:{arguments.port}.\nIn another terminal:\n\n  source {shlex.quote(str(exports))}\n"
                f"  tuning run cartpole-dqn\n\nCtrl-C ends both; what they hold stays in {folder}.",
                flush=True,
            )
            with suppress(KeyboardInterrupt):
                process.wait()
                raise SystemExit(f"MLflow has ended; {folder / 'mlflow.log'} says why")
    finally:
        server.stop()


if __name__ == "__main__":
    main()
