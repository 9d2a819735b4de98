"""Files that nobody can read to their end, and whoever would."""

import os
import socket
from pathlib import Path

import pytest
from silent_files import silent

from trainables.data import answering_files, table_files
from trainables.data.answering_files import Silent, insist_on_answer
from trainables.data.table_files import TableError


def test_a_file_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("a,b\n1,2\n")
    with silent(path), pytest.raises(Silent, match=r"^nothing of it has come for 0\.2 s"):
        insist_on_answer(str(path), silence_s=0.2)
    insist_on_answer(str(path), silence_s=0.2)


@pytest.mark.parametrize("size", [0, 1, 3 * answering_files.STEP_BYTES + 1])
def test_any_other_answers(tmp_path: Path, size: int) -> None:
    path = tmp_path / "my.csv"
    path.write_bytes(b"\n" * size)
    insist_on_answer(str(path))
    insist_on_answer(str(tmp_path / "none.csv"))


def test_what_can_not_be_opened_is_left_to_its_reader(tmp_path: Path) -> None:
    insist_on_answer(str(tmp_path))
    (tmp_path / "loop").symlink_to("loop")
    insist_on_answer(str(tmp_path / "loop"))


def test_what_is_no_regular_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a path that is too long for sockets
    os.mkfifo("pipe.csv")
    Path("folder.csv").mkdir()
    Path("device.npz").symlink_to("/dev/zero")
    Path("gone.csv").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.parquet")
        for name, kind in (
            ("pipe.csv", "a named pipe"),
            ("folder.csv", "a folder"),
            ("device.npz", "a device"),
            ("socket.parquet", "a socket"),
        ):
            for read in (table_files.read, table_files.texts):
                with pytest.raises(TableError, match=rf"^{name} should be a regular file, is {kind}$"):
                    read(Path(name))
    with pytest.raises(TableError, match=r"^there is no file /.*/gone\.csv$"):
        table_files.read(Path("gone.csv"))


def test_a_table_that_does_not_answer_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "my.csv"
    path.write_text("a,b\n1,2\n")

    def at_once(path: str) -> None:
        insist_on_answer(path, silence_s=0.2)

    monkeypatch.setattr(table_files.answering_files, "insist_on_answer", at_once)
    message = r"^my\.csv can't be read: nothing of it has come for 0\.2 s; does its disk, or the network to it, still"
    with silent(path):
        for read in (table_files.read, table_files.texts):
            with pytest.raises(TableError, match=message):
                read(path)
