"""Ray's temporary folder: the one that the environment names, if its sockets have room there."""

from pathlib import Path

import pytest

from tuning.errors import WorkersError
from tuning.workers import ray_folder


@pytest.fixture(autouse=True)
def unnamed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)


def test_it_is_where_ray_itself_would_have_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ray_folder.usable() == "/tmp/ray"
    short = Path("/tmp/l")
    monkeypatch.setenv("TMPDIR", str(short))
    assert ray_folder.usable() == str(short / "ray")
    monkeypatch.setenv("RAY_TMPDIR", "/var/tmp")
    assert ray_folder.usable() == "/var/tmp/ray"


@pytest.mark.parametrize("flaw", ["long", "a file", "/proc"])
def test_another_one_than_tmpdir_is_used_where_that_will_not_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flaw: str
) -> None:
    (tmp_path / "file").touch()
    unusable = {"long": str(tmp_path / ("x" * 90)), "a file": str(tmp_path / "file"), "/proc": "/proc/nope"}[flaw]
    monkeypatch.setenv("TMPDIR", unusable)
    if flaw == "/proc":  # where even root can't make a folder, though it may seem so
        monkeypatch.setattr("os.access", lambda path, mode: not str(path).startswith("/proc"))
    assert ray_folder.usable() == "/tmp/ray"
    monkeypatch.setenv("RAY_TMPDIR", unusable)
    with pytest.raises(WorkersError, match=f"^RAY_TMPDIR: {unusable} can't be Ray's temporary folder: "):
        ray_folder.usable()


def test_a_folder_that_is_another_users_is_passed_by(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: not str(path).endswith("/ray"))
    Path("/tmp/ray").mkdir(exist_ok=True)
    assert ray_folder.usable().startswith("/tmp/ray-")


def test_where_there_is_none_that_is_said_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(WorkersError, match=r"RAY_TMPDIR should name a .*/tmp/ray can't be written to .*/dev/shm"):
        ray_folder.usable()
