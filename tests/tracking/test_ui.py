"""`tuning ui`: whose pages are opened, and where; the pages themselves are MLflow's."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import commands
import pytest
import sweeps

from tuning.errors import ServerError
from tuning.study.paths import Home
from tuning.tracking import shared_view, ui


@contextmanager
def healthy() -> Iterator[str]:
    """The address of a server that says that it runs."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("option", "opened"), [("--open", 1), ("--no-open", 0)])
def test_a_server_that_runs_elsewhere_is_shown_at_its_whole_address_and_none_is_started(
    runs: Path, tuning: Callable[..., commands.Said], monkeypatch: pytest.MonkeyPatch, option: str, opened: int
) -> None:
    study, seen = sweeps.created(runs, trials=1, tracking="off"), list[str]()
    study.attributes.set_tracking({"experiment_id": "7", "run_id": "x"})
    monkeypatch.setattr("webbrowser.open", seen.append)
    with healthy() as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@{server}/")
        code, out, _ = tuning("ui", "tiny-1", "--root", str(runs), option)
    address = f"http://{server}{shared_view.address('7', study.attributes.key)}"
    assert (code, out) == (0, f"{address}\n")
    assert seen == [address] * opened
    code, out, err = tuning("ui", "tiny-1", "--root", str(runs), option)
    assert (code, out) == (2, "")
    assert err.startswith(f"MLFLOW_TRACKING_URI: http://{server} does not answer")


def test_a_port_that_is_taken_is_told_with_the_whole_address(runs: Path, tuning: Callable[..., commands.Said]) -> None:
    study = sweeps.created(runs, trials=1, tracking="off")
    study.attributes.set_tracking({"experiment_id": "7", "run_id": "x"})
    with healthy() as server:
        port = server.partition(":")[2]
        code, out, err = tuning("ui", "tiny-1", "--root", str(runs), "--port", port)
    assert (code, out) == (2, "")
    assert f"http://{server}{shared_view.address('7', study.attributes.key)}" in err


def test_a_browser_is_opened_before_a_person_with_a_display_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui.sys, "platform", "linux")
    monkeypatch.setattr(ui.sys, "stdout", SimpleNamespace(isatty=lambda: True))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    assert ui.can_be_opened()
    monkeypatch.delenv("DISPLAY")
    assert not ui.can_be_opened()
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert ui.can_be_opened()
    monkeypatch.setattr(ui.sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert not ui.can_be_opened()


class Begun:
    """A process that ends at once."""

    seen: dict[str, Any]

    def __init__(self, command: list[str], env: dict[str, str], **_: Any) -> None:
        type(self).seen = {"command": command, "env": env}

    def wait(self, timeout: float | None = None) -> int:
        return 1

    poll = wait


def test_the_password_of_a_database_is_in_no_list_of_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uri = "postgresql+psycopg://me:secret@127.0.0.1/mlflow"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setattr(subprocess, "Popen", Begun)
    with pytest.raises(ServerError, match="MLflow's UI has ended by itself"):
        ui.serve(Home.at(tmp_path), 5000, {})
    assert not any("secret" in word for word in Begun.seen["command"])
    assert Begun.seen["env"]["MLFLOW_BACKEND_STORE_URI"] == uri
    assert Begun.seen["env"]["PYTHONSAFEPATH"] == "1"
