"""A real MLflow server that can be killed and started again, and a proxy before it that goes wrong on purpose."""

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import commands

Fault = Literal["none", "drop", "lose", "delay", "500", "403"]
"""drop: hangs up without asking the server; lose: asks it and hangs up; delay: asks it so late that nobody waits."""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """`mlflow server` on a port and with a database of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, and wait until it answers."""
        store, files = f"sqlite:///{self._folder / 'server.db'}", str(self._folder / "files")
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--workers", "1", "--backend-store-uri", store, "--artifacts-destination", files]
        own = {**commands.surrounding(), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONSAFEPATH": "1"}
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=own, stdout=log, stderr=log, start_new_session=True
            )
        commands.awaited(self._answers, 180, "MLflow's server")

    def kill(self) -> None:
        """Nothing of it gets to say anything."""
        if self._process is not None:
            os.killpg(self._process.pid, 9)
            self._process.wait(60)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.uri}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """A server that answers; what is left of it at the end is killed."""
    made = Server(folder)
    try:
        made.start()
        yield made
    finally:
        made.kill()


@contextmanager
def proxy(port: int, fault: Callable[[], Fault], delay_s: float) -> Iterator[str]:
    """The address of a proxy before the server at a port; fault: what becomes of the next request."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = fault()
            if found in ("500", "403"):
                self.send_error(int(found), "on purpose")
                return
            if found == "delay":
                time.sleep(delay_s)
            if found == "drop":
                self.close_connection = True
                return
            asked = HTTPConnection("127.0.0.1", port, timeout=60)
            asked.request(self.command, self.path, body, dict(self.headers))
            answer = asked.getresponse()
            content = answer.read()
            asked.close()
            if found == "lose":
                self.close_connection = True
                return
            self.send_response(answer.status)
            for key, value in answer.getheaders():
                if key.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Nothing."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Whoever waited no longer has hung up."""

    with Quiet(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_address[1]}"
        finally:
            serving.shutdown()
            thread.join()
