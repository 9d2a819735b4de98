"""Data that nobody can read, given to the command: it says so, and does not wait for ever."""

import os
from pathlib import Path

import commands
import pytest
from silent_files import silent


def told(folder: Path, *arguments: str) -> str:
    """What the command says to a person who has something to mend."""
    done = commands.tuning(*arguments, cwd=folder, timeout=100)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert not (folder / "runs").exists()
    return done.stderr


def test_a_named_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "my.csv")
    said = told(tmp_path, "check", "conjunction-risk", "--set", "data=my.csv")
    assert said == "data: my.csv should be a regular file, is a named pipe\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments", [("run", "conjunction-risk", "--set", "data=my.csv"), ("new", "--data", "my.csv")]
)
def test_a_file_that_does_not_answer_is_given_up(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "my.csv").write_text("a,b\n1,2\n")
    with silent(tmp_path / "my.csv"):
        said = told(tmp_path, *arguments)
    words = "nothing of it has come for 10 s; does its disk, or the network to it, still answer?"
    assert said == f"data: my.csv can't be read: {words}\n"
