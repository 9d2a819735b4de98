"""What our own code warns of goes to a file of the home, as long as it is worked on."""

import logging
from pathlib import Path

import pytest

from tuning.errors import StorageError
from tuning.study.paths import Home
from tuning.workers.log_file import log_file


def test_warnings_go_to_the_file_until_the_end(tmp_path: Path) -> None:
    log, home = logging.getLogger("tuning.tracking.tracker"), Home.at(tmp_path / "runs")
    for word in ("first", "second"):
        with log_file(home):
            log.warning("the %s server is away", word)
    log.warning("nobody listens")
    lines = (home.logs / "tuning.log").read_text().splitlines()
    assert [line.partition("WARNING ")[2] for line in lines] == [
        "tuning.tracking.tracker: the first server is away",
        "tuning.tracking.tracker: the second server is away",
    ]


def test_no_password_is_written(tmp_path: Path) -> None:
    log, home = logging.getLogger("tuning"), Home.at(tmp_path / "runs")
    with log_file(home):
        log.warning("http://me:secret@host is away")
        try:
            raise OSError("postgresql://me:secret@host is away")
        except OSError:
            log.exception("not told")
    text = (home.logs / "tuning.log").read_text()
    assert "http://me:***@host is away" in text
    assert "OSError: postgresql://me:***@host is away" in text
    assert "secret" not in text


def test_a_home_that_can_not_be_made_is_named(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    root.touch()
    with pytest.raises(StorageError, match=f"the root {root} can't be made"), log_file(Home.at(root)):
        pass


def test_a_disk_that_is_full_is_left_to_others_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = Home.at(tmp_path / "runs")
    home.logs.mkdir(parents=True)
    (home.logs / "tuning.log").symlink_to("/dev/full")
    with log_file(home):
        logging.getLogger("tuning").warning("nobody reads this")
    assert capsys.readouterr() == ("", "")
