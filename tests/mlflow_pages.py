"""MLflow's pages as a person sees them: served by `tuning ui`, drawn by a real browser."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import commands

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def served(root: Path, study: str) -> Iterator[tuple[str, str]]:
    """The address of MLflow's pages on the studies of a root, while they are served, and that of a study's own page."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = commands.command("ui", study, "--root", str(root), "--port", str(port))
    with subprocess.Popen(command, env=commands.surrounding(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            page = server.stdout.readline().strip()
            assert page.startswith(f"http://127.0.0.1:{port}/#/experiments/")
            commands.awaited(lambda: _answers(port), 240, "MLflow's pages")
            yield f"http://127.0.0.1:{port}", page
        finally:
            server.send_signal(2)
            server.wait(60)


def seen(page: str, folder: Path) -> str:
    """A page's document once it has drawn what it has to; folder: where the browser keeps what is its own."""
    assert BROWSER is not None
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1600,1000", "--dump-dom"]
    own = [f"--user-data-dir={folder / 'browser'}", "--virtual-time-budget=60000"]
    return subprocess.run([BROWSER, *options, *own, page], capture_output=True, text=True, timeout=400).stdout


def _answers(port: int) -> bool:
    return subprocess.run(["curl", "-sf", f"http://127.0.0.1:{port}/health"], capture_output=True).returncode == 0
