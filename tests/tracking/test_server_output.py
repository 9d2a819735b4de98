"""A sweep that tells an MLflow server prints nothing of the server's, and nobody its password."""

from pathlib import Path

import drivers
import mlflow_servers
import pytest
import sweeps

PASSWORD = "s3cr3tw0rd"


@pytest.mark.slow
def test_standard_output_is_one_line_and_the_password_is_nowhere(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    source = sweeps.written(folder, trials=4, pack_size=4, workers=1)
    with mlflow_servers.server(tmp_path / "server") as server:
        uri = server.uri.replace("://", f"://me:{PASSWORD}@")
        ran = drivers.ran(folder, source, MLFLOW_TRACKING_URI=uri)
    assert ran.done.returncode == 0, ran.done.stderr
    assert ran.shown["counts"]["complete"] == 4
    assert PASSWORD not in ran.done.stdout + ran.done.stderr
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]
