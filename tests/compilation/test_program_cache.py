"""Where compiled programs are kept: a folder that is this user's alone."""

from pathlib import Path

import pytest

from trainables.compilation import program_cache
from trainables.compilation.program_cache import CompileFailed
from tuning.workers import library_settings


def test_the_folder_is_where_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "a" / "b"))
    assert program_cache.cache_folder() == tmp_path / "a" / "b"
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"XDG_CACHE_HOME": "{root}/caches", "HOME": "{root}"}, "caches/lockstep"),
        ({"XDG_CACHE_HOME": "", "HOME": "{root}"}, ".cache/lockstep"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "{root}"}, ".cache/lockstep"),
    ],
)
@pytest.mark.skipif("sys.platform != 'linux'", reason="other systems have other places for caches")
def test_else_it_is_where_the_user_keeps_caches(
    variables: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOCKSTEP_CACHE")
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(root=tmp_path))
    assert program_cache.cache_folder() == tmp_path / expected


def test_it_is_the_same_in_the_folders_of_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOCKSTEP_CACHE", "own")
    (tmp_path / "leg").mkdir()
    with library_settings.during_a_run():
        monkeypatch.chdir(tmp_path / "leg")
        assert program_cache.cache_folder() == tmp_path / "own"


def test_others_must_not_be_able_to_write_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path))
    with pytest.raises(CompileFailed, match="LOCKSTEP_CACHE should name a folder that is yours"):
        program_cache.cache_folder()


def test_it_must_be_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LOCKSTEP_CACHE", str(tmp_path / "file"))
    with pytest.raises(CompileFailed, match="LOCKSTEP_CACHE should name a folder that is yours"):
        program_cache.cache_folder()
