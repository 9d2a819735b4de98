"""`make server`: PostgreSQL and MLflow on loopback, and a sweep that is told to both."""

import os
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import begun_postgres
import commands
import pytest
import sweeps

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).parents[1] / "deploy" / "servers.py"


def exported(file: Path) -> dict[str, str]:
    """The variables that a file exports to a shell."""
    words = [shlex.split(line)[1] for line in file.read_text().splitlines()]
    return dict(word.split("=", 1) for word in words)


def test_a_sweep_is_told_to_both_and_nobody_else_sees_the_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    begun_postgres.insist_on_programs()
    with begun_postgres.folder() as folder:
        ports = begun_postgres.free_port(), begun_postgres.free_port()
        options = ("--port", str(ports[0]), "--postgres-port", str(ports[1]), "--folder", str(folder / "kept"))
        command = [sys.executable, str(SCRIPT), *options]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as servers:
            try:
                assert servers.stdout is not None
                said = servers.stdout.readline()
                assert said == f"PostgreSQL listens on 127.0.0.1:{ports[1]}, MLflow on http://127.0.0.1:{ports[0]}.\n"
                variables = exported(folder / "kept" / "environment")
                password = (folder / "kept" / "postgres" / "password").read_text()
                assert password not in "".join(variables.values())
                sweep = sweeps.written(tmp_path)
                run = commands.tuning("run", sweep, "--root", "runs", cwd=tmp_path, variables=variables)
                assert run.returncode == 0, run.stderr
                shown = subprocess.check_output(["ps", "axww", "-o", "args"], text=True)
                assert password not in shown + run.stdout + run.stderr
                audit = commands.tuning("audit", "--root", "runs", cwd=tmp_path, variables=variables)
                assert audit.returncode == 0, audit.stdout + audit.stderr
                assert not list((tmp_path / "runs").glob("*.db"))
                again = subprocess.run(command, capture_output=True, text=True, timeout=60)
                assert (again.returncode, again.stderr.count("\n")) == (1, 1)
                assert f"port {ports[0]} of 127.0.0.1 is in use; --port names another" in again.stderr
            finally:
                servers.send_signal(signal.SIGINT)
                servers.wait(60)
        assert servers.returncode == 0
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/health", timeout=5)
        assert not [line for line in shown_now() if str(folder) in line]


def shown_now() -> list[str]:
    """The processes that there are, but for this one."""
    listed = subprocess.check_output(["ps", "axww", "-o", "pid,args"], text=True).splitlines()
    return [line for line in listed if line.split()[0] != str(os.getpid())]
