"""Modules that people keep in a folder: found there, but never in the place of another."""

import subprocess
import sys
from pathlib import Path

import commands
import pytest

from trainables.base import own_classes, own_folders


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return tmp_path


@pytest.mark.parametrize(
    ("file", "owner"),
    [
        ("trainables.py", "the platform"),
        ("tuning/__init__.py", "the platform"),
        ("numpy.py", "a library"),
        ("torch/__init__.py", "a library"),
        ("types.py", "Python"),
        ("random.py", "Python"),
        ("sys.py", "Python"),
        ("my_loops_of_this_test.py", None),
        ("numpy/notes.txt", None),
        ("numpy/array.py", None),  # a folder that is no package gives way by itself
        ("not a module.py", None),
        ("torch.yaml", None),
        ("2torch.py", None),
    ],
)
def test_what_nobody_can_import_from_a_folder(folder: Path, file: str, owner: str | None) -> None:
    path = folder / file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    name = file.partition("/")[0]
    expected = {} if owner is None else {name: owner}
    assert own_folders.unused(folder) == expected
    own_folders.look_in([str(folder)])
    assert own_folders.unused(folder) == expected
    sentence = f"{name} in this folder is not used: {owner} has a module of that name"
    assert own_folders.sentences(folder) == ([] if owner is None else [sentence])


def test_the_projects_own_folder_has_nothing_that_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(own_folders.__file__).parents[2]
    assert own_folders.unused(root) == {}


def test_a_folder_that_a_person_puts_first_is_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "imaplib.py").touch()
    monkeypatch.syspath_prepend(str(folder))
    assert own_folders.unused(folder) == {}


def test_a_folder_is_looked_in_after_all_others_and_once(folder: Path) -> None:
    before = [*sys.path]
    own_folders.look_in([str(folder), str(folder), before[0]])
    assert sys.path == [*before, str(folder)]


def test_a_name_that_is_taken_is_explained(folder: Path) -> None:
    (folder / "trainables.py").write_text("def climb(config): ...")
    with pytest.raises(
        own_classes.Unimportable, match=r"has no climb; trainables\.py in this folder is not used, as the"
    ):
        own_classes.load("trainables:climb")
    with pytest.raises(own_classes.Unimportable, match=r"has no climb$"):
        own_classes.load("json:climb")


def test_the_command_runs_beside_any_file(folder: Path) -> None:
    """Also as a module, where Python itself puts the current folder first."""
    for name in ("trainables", "numpy", "typing", "warnings", "random", "rich", "typer", "pydantic", "yaml"):
        (folder / f"{name}.py").write_text("raise RuntimeError('a file of a person')")
    for command in ([Path(sys.executable).with_name("tuning")], [sys.executable, "-m", "tuning"]):
        said = subprocess.run([*command, "presets"], capture_output=True, text=True)
        assert (said.returncode, said.stderr) == (0, "")
        assert "cartpole-dqn" in said.stdout


@pytest.mark.parametrize(
    "command",
    [[Path(sys.executable).with_name("tuning"), "presets"], [sys.executable, "script.py"]],
    ids=["command", "script"],
)
def test_a_file_that_a_person_puts_before_the_platform_is_named(folder: Path, command: list[str]) -> None:
    """By PYTHONPATH, or beside a script of theirs: there Python itself has the script's folder first."""
    (folder / "trainables.py").touch()
    (folder / "script.py").write_text("from tuning import LockstepError, run\n")
    python_path = {} if "script.py" in command else {"PYTHONPATH": commands.python_path(folder)}
    said = subprocess.run(command, capture_output=True, text=True, env=commands.surrounding(**python_path))
    assert said.returncode in (1, 2)
    assert "trainables.py takes the place of the platform's own module of that name" in said.stderr
    assert "should not have happened" not in said.stderr
