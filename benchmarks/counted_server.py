"""An MLflow server on this machine, before which requests are counted."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BEGINS_S = 120.0


@dataclass
class Counted:
    """A server's address, and what it has been asked."""

    uri: str
    requests: list[str] = field(default_factory=list)


@contextmanager
def counted_server(folder: Path) -> Iterator[Counted]:
    """A server with a database in this folder, as long as it is needed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'server.db'}"]
    command += ["--artifacts-destination", str(folder / "files")]
    own = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=own, stdout=log, stderr=log, start_new_session=True)
    try:
        _await(f"http://127.0.0.1:{port}/health")
        with _counting(port) as counted:
            yield counted
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def _await(address: str) -> None:
    deadline = time.monotonic() + BEGINS_S
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def _counting(port: int) -> Iterator[Counted]:
    counted = Counted("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Pass a request on, and what is answered back."""
            counted.requests.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # A connection of its own: the server hangs up on those that are idle for some seconds.
            asked = HTTPConnection("127.0.0.1", port)
            asked.request(self.command, self.path, body, {**self.headers, "Connection": "close"})
            answer = asked.getresponse()
            content = answer.read()
            asked.close()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        counted.uri = f"http://127.0.0.1:{proxy.server_address[1]}"
        try:
            yield counted
        finally:
            proxy.shutdown()
