"""MLflow's own pages on the runs of a home, for this machine alone."""

import os
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from tuning.errors import ServerError
from tuning.study.paths import URI_VARIABLE, Home

NO_JOBS = "MLFLOW_SERVER_ENABLE_JOB_EXECUTION"

ANSWER_S, LOOK_S = 5.0, 0.2
"""In which a server that runs says that it does; between two looks at one that begins."""


def server_elsewhere() -> str | None:
    """The address of the server that keeps the runs, and shows them itself, if the environment names one."""
    parts = urlsplit(os.environ.get(URI_VARIABLE, ""))
    if parts.scheme not in ("http", "https"):
        return None
    # Without the name and password that may be in it.
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def answers(server: str) -> bool:
    """Whether an MLflow server answers at this address, to anybody at all."""
    try:
        with urllib.request.urlopen(f"{server}/health", timeout=ANSWER_S) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except (OSError, ValueError):
        return False


def can_be_opened() -> bool:
    """Whether a person sits before this terminal, and has a browser there with windows."""
    windows = sys.platform == "darwin" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    return windows and sys.stdout.isatty()


def refuse_taken(port: int, page: str) -> None:
    """Raises ServerError where something listens at this port of 127.0.0.1 already; page: what it might show."""
    with socket.socket() as taken:
        if taken.connect_ex(("127.0.0.1", port)) == 0:
            raise ServerError(f"--port {port}: something listens there already; choose another, or open it: {page}")


def serve(home: Home, port: int, settings: Mapping[str, str], ready: Callable[[], object] = lambda: None) -> None:
    """Serves the pages until Ctrl-C. What MLflow says on the way goes to a file.

    port: of 127.0.0.1.
    settings: environment variables for MLflow.
    ready: called once it answers.
    Raises ServerError where the server ends by itself.
    """
    log = home.logs / "mlflow-ui.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    store = os.environ.get(URI_VARIABLE) or home.tracking_uri
    command = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--workers", "1"]
    # Neither Python nor uvicorn looks for modules in the current folder, whose files would take others' places.
    command += ["--uvicorn-opts", f"--app-dir {shlex.quote(str(log.parent))}"]
    # Its jobs are those of language models: eight processes that nothing here needs.
    environment = {**settings, NO_JOBS: "false", **os.environ, "PYTHONSAFEPATH": "1"}
    # Not as an option: all users of the machine see those, and with them the password that a database's URL may have.
    environment["MLFLOW_BACKEND_STORE_URI"] = store
    command += ["--port", str(port)]
    with log.open("w", encoding="utf-8") as said:
        # In a session of its own, so that Ctrl-C reaches us alone and it is ended quietly.
        server = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True, env=environment)
        try:
            while server.poll() is None and not answers(f"http://127.0.0.1:{port}"):
                time.sleep(LOOK_S)
            if server.poll() is None:
                ready()
            server.wait()
        except KeyboardInterrupt:
            server.terminate()
            server.wait()
            return
    raise ServerError(f"MLflow's UI has ended by itself; what it said is in {log}")
