"""What one machine writes to a shared folder the other finds, or says that it does not."""

from pathlib import Path

import pytest

from trainables.base import shared_folder
from trainables.base.checkpoint_files import StorageAway


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_folder, "WAITS_S", (0.0, 0.0))


def test_who_has_the_folder_answers_in_it(tmp_path: Path) -> None:
    (tmp_path / "driver").touch()
    assert shared_folder.answered(tmp_path / "driver", tmp_path / "node") is None
    assert (tmp_path / "node").read_text()
    shared_folder.insist(tmp_path / "driver")


def test_who_has_not_says_so(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert (
        shared_folder.answered(elsewhere / "driver", elsewhere / "node") == "does not have what the driver wrote there"
    )
    with pytest.raises(
        StorageAway, match=rf"does not have {elsewhere}/driver, which the driver wrote: the root is not"
    ):
        shared_folder.insist(elsewhere / "driver")


def test_who_can_not_write_says_so(tmp_path: Path) -> None:
    (tmp_path / "driver").touch()
    flaw = shared_folder.answered(tmp_path / "driver", tmp_path / "no folder" / "node")
    assert flaw == "can't write there: No such file or directory"
