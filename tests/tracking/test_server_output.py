"""A sweep that tells an MLflow server prints nothing of the server's, and nobody its password."""

import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import commands
import drivers
import pytest
import sweeps


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Where a server listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-P", "-m", "mlflow", "server", "--host", "127.0.0.1", "--workers", "1"]
    kept = ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--artifacts-destination", str(tmp_path / "kept")]

    def answers() -> bool:
        with suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5).status == 200  # type: ignore[no-any-return]
        return False

    with subprocess.Popen(
        [*command, *kept, "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            commands.awaited(answers, 120, "the server")
            yield port
        finally:
            server.terminate()


@pytest.mark.slow
def test_standard_output_is_one_line_and_the_password_is_nowhere(port: int, tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    source, uri = sweeps.written(folder, trials=4, pack_size=4, workers=1), f"http://me:s3cr3tw0rd@127.0.0.1:{port}"
    ran = drivers.ran(folder, source, MLFLOW_TRACKING_URI=uri)
    assert ran.done.returncode == 0, ran.done.stderr
    assert ran.shown["counts"]["complete"] == 4
    assert "s3cr3tw0rd" not in ran.done.stdout + ran.done.stderr
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"s3cr3tw0rd" in path.read_bytes()]
