"""A root is a folder."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sweeps
from commands import Said

from tuning.errors import StorageError
from tuning.study.paths import Home

STORES = ["s3://bucket/runs", "gs://bucket", "abfs://one@two/runs", "file:///data/runs"]


@pytest.mark.parametrize("root", STORES)
def test_what_is_a_url_is_refused(root: str) -> None:
    for given in (root, Path(root)):
        with pytest.raises(StorageError, match=r"should be a folder, which all nodes of a cluster have; object stores"):
            Home.at(given)


@pytest.mark.parametrize("root", ["runs", "/data/a:b", "./s3:/x", "a b/c", "日本"])
def test_any_folder_will_do(root: str) -> None:
    assert Home.at(root).root == Path(root).absolute()


@pytest.mark.parametrize("command", [["run"], ["list"], ["show"], ["resume"]])
@pytest.mark.parametrize("by", ["option", "variable"])
def test_commands_say_so_in_a_line(
    tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], by: str
) -> None:
    source = [sweeps.written(tmp_path)] if command == ["run"] else []
    if by == "variable":
        monkeypatch.setenv("LOCKSTEP_ROOT", STORES[0])
    code, out, err = tuning(*command, *source, *(["--root", STORES[0]] if by == "option" else []))
    assert (code, out) == (2, "")
    assert err.startswith("the root s3:/")
    assert err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == (["tiny.yaml"] if source else [])
