"""The MLflow that the environment or the folder of studies names: what can't be told is said before anything begins."""

import socket
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sweeps
from commands import Said

from tuning import runner
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


def test_a_server_that_is_not_there_is_refused_when_a_study_is_to_begin_and_may_be_away_when_one_goes_on(
    tuning: Callable[..., Said], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{address}")
        code, out, err = tuning("run", "number-match", "--root", str(runs))
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert err.startswith(
            f"MLFLOW_TRACKING_URI: MLflow at http://me:***@{address} can't be told of studies: connection refused; "
        )
        assert "--set tracking=off" in err
        assert not (runs / "studies.db").exists()
        runner.refuse_unusable(sweeps.tiny(), Home.at(runs))


@pytest.mark.parametrize(("status", "hint"), [(403, True), (401, False), (500, False)])
def test_a_server_that_lets_nobody_in_is_refused_with_what_it_answers(
    runs: Path, monkeypatch: pytest.MonkeyPatch, status: int, hint: bool
) -> None:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_error(status)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            """Nothing."""

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_address[1]}")
        with pytest.raises(ServerError, match=f"can't be told of studies: it answers {status}") as error:
            runner.refuse_unusable(sweeps.tiny(), Home.at(runs), new=True)
        assert ("--allowed-hosts" in str(error.value)) == hint
        server.shutdown()
        thread.join()
