"""The command as people have it around them: files, folders, streams and homes of every kind."""

import json
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import commands
import pytest
import yaml

from tuning.study import catalogue
from tuning.study.paths import Home

NAME = "50% of #1? %41 räksmörgås 日本"
TAKEN = ("trainables", "numpy", "torch", "gymnasium", "ray", "random", "flask", "pydantic", "mlflow")

CLIMB = """
import random

import numpy
from ray import tune


def climb(config):
    assert numpy.__version__ and random.random()
    for step in range(5):
        tune.report({"height": -((config["x"] - 2) ** 2) + step * 0.1})
"""
SWEEP = {
    "name": "climb",
    "loop": "own_climb:climb",
    "metric": "height",
    "direction": "maximize",
    "budget": 5,
    "trials": 2,
    "workers": 1,
    "confirm": "off",
    "search": {"x": {"low": 0.0, "high": 4.0}},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a name of all kinds of characters, and files that bear the names of modules."""
    made = tmp_path / NAME
    made.mkdir()
    for name in TAKEN:
        (made / f"{name}.py").write_text(f"raise RuntimeError('the {name} of a person')")
    (made / "own_climb.py").write_text(CLIMB)
    (made / "climb.yaml").write_text(yaml.safe_dump(SWEEP))
    return made


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        pytest.param(commands.command(), id="tuning"),
        # What Python itself puts first on the path is the folder.
        pytest.param([sys.executable, "-m", "tuning"], id="module", marks=pytest.mark.core),
    ],
)
def test_a_sweep_runs_in_a_folder_like_a_persons(folder: Path, command: list[str], tmp_path: Path) -> None:
    """With no home that could be written to, a temporary folder too long for sockets, and an output of ASCII."""
    temporary = tmp_path / ("x" * 100)
    temporary.mkdir()
    around = {"HOME": "/proc/nobody", "TMPDIR": str(temporary), "PYTHONIOENCODING": "ascii", "COLUMNS": "100"}
    done = subprocess.run(
        [*command, "run", "climb.yaml"],
        cwd=folder,
        env=commands.surrounding(**around),
        capture_output=True,
        timeout=300,
        encoding="ascii",
    )
    assert done.returncode == 0, done.stderr
    assert "trainables.py in this folder is not used: the platform has a module of that name\n" in done.stderr
    assert done.stderr.count("is not used") == len(TAKEN)
    home = Home.at(folder / "runs")
    (study,) = catalogue.every(home, home.storage_url)
    assert study.summary().count("complete") == 2
    shown = commands.tuning("audit", "--json", cwd=folder, variables=around)
    assert (shown.returncode, json.loads(shown.stdout)) == (0, [])
    assert_shows_its_pages(folder, around)


def assert_shows_its_pages(folder: Path, around: dict[str, str]) -> None:
    """Of MLflow, whose modules and those that it imports are not those of the folder either."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def answers() -> bool:
        assert server.poll() is None, server.communicate()
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
            return b"MLflow" in page.read()
        return False

    server = subprocess.Popen(
        commands.command("ui", "--port", port),
        cwd=folder,
        env=commands.surrounding(**around),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with server:
        try:
            commands.awaited(answers, 200, "the pages")
            server.send_signal(signal.SIGINT)
            assert server.wait(60) == 0
        finally:
            # Asked to end and not killed, so that it ends the server of its own.
            server.terminate()
