"""The MLflow that the environment or the folder of studies names: what can't be told is said before anything begins."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from commands import Said

from tuning.errors import ServerError
from tuning.study.paths import Home
from tuning.tracking.server import connected


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("foo://x", "unsupported URI 'foo://x'"),
        ("localhost:5000", "unsupported URI"),
        ("http://", "it names no host"),
        ("mysql+nodriver://me:secret@host/x", "mysql.nodriver"),
        ("sqlite:////proc/nope/mlflow.db", "No such file or directory"),
    ],
)
def test_what_is_no_mlflow_is_refused_before_anything_is_begun(
    tuning: Callable[..., Said], runs: Path, monkeypatch: pytest.MonkeyPatch, uri: str, why: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    code, out, err = tuning("run", "number-match", "--root", str(runs))
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith("MLFLOW_TRACKING_URI: should be a server")
    assert why in err
    assert "secret" not in err
    assert not (runs / "studies").exists()
    assert not (runs / "studies.db").exists()


def test_a_database_that_mlflow_cannot_use_is_said_to_be_one(runs: Path) -> None:
    home = Home.at(runs)
    home.root.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home.tracking_database)) as broken:
        broken.execute("CREATE TABLE _alembic_tmp_experiments (x)")
        broken.execute("CREATE TABLE experiments (x)")
        broken.commit()
    with pytest.raises(ServerError, match=r"mlflow\.db can't be asked: "), connected(home):
        pass
