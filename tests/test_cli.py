"""The command line: its help, what it does not know, and what becomes of what should not have happened."""

import shutil
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
import sweeps
from commands import Said

from tuning.sweep.presets import presets


def test_presets_are_listed_with_what_they_are(tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("presets")
    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in lines] == [each.name for each in presets()]
    assert [line.split(maxsplit=1)[1].strip() for line in lines] == [each.description for each in presets()]


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--help"], "new run resume confirm predict audit sync check presets fields list show why ui"),
        (["run", "--help"], "--name --trials --workers --pack-size --seed --set --root --storage --json --address"),
        (["show", "--help"], "--root --storage --json"),
    ],
)
def test_help_has_every_command_and_option(tuning: Callable[..., Said], arguments: list[str], shown: str) -> None:
    code, out, err = tuning(*arguments)
    assert (code, err) == (0, "")
    assert "Usage: " in out
    assert {*shown.split()} <= {*out.split()}


def test_help_has_each_command_in_a_line(tuning: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "..." not in tuning("--help")[1].partition("Commands:")[2]
    assert "[NAME] [SWEEP]" in tuning("resume", "--help")[1]


@pytest.mark.parametrize(
    "arguments", [["sweep"], ["show", "one", "two"], ["run", "number-match", "--trails", "3"], ["ui", "--port", "0"]]
)
def test_what_the_command_does_not_know(tuning: Callable[..., Said], arguments: list[str]) -> None:
    code, out, err = tuning(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: " in err


def test_the_ui_does_not_take_a_port_that_is_in_use(tuning: Callable[..., Said], runs: Path) -> None:
    sweeps.created(runs)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = tuning("ui", "--root", str(runs), "--port", port)
    assert code == 2
    assert f"--port {port}" in err


def broken(*arguments: Any) -> NoReturn:
    """Finds no workers, but a bug."""
    raise RuntimeError("the moon is full")


def test_what_should_not_have_happened_is_said_in_two_lines_and_kept_whole(
    tuning: Callable[..., Said], tmp_path: Path, runs: Path
) -> None:
    path = sweeps.written(tmp_path, tracking="off")
    code, out, err = tuning("run", path, "--root", str(runs), hire=broken)
    assert (code, out) == (1, "")
    assert "the moon is full" in err
    assert "Traceback" not in err
    (log,) = (runs / "logs").glob("error-*.log")
    assert str(log) in err.replace("\n", "")
    assert "Traceback" in log.read_text()
    assert "RuntimeError: the moon is full" in log.read_text()


def test_where_the_root_can_not_be_written_to_what_should_not_have_happened_is_kept_elsewhere(
    tuning: Callable[..., Said], tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_and_gone(*arguments: Any) -> NoReturn:
        shutil.rmtree(runs)
        runs.write_text("no folder any more")
        broken()

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = sweeps.written(tmp_path, tracking="off")
    code, out, err = tuning("run", path, "--root", str(runs), hire=broken_and_gone)
    assert (code, out) == (1, "")
    (log,) = tmp_path.glob("lockstep-*/error-*.log")
    assert str(log) in err
    assert "RuntimeError: the moon is full" in log.read_text()
