"""What a member leaves on disk.

    <folder>/best.pt     what is deployed: the weights with the best score, and how to build their network
    <folder>/latest.pt   all that training needs to go on: weights, optimizer, memory, counters, the curve so far
    <folder>/next.pt     the coming latest.pt, while its pack is being written
    <folder>/error.txt   why the member could not be trained any further, in full

Every file is written aside and then renamed, best.pt before the others. The members of a pack can go on together only
from the same moment (the budget spent), and no single rename covers several files. So first every member's next.pt is
written, and then each is renamed to latest.pt. Cut off anywhere in between, all members still have one moment in
common: the old one or the new one.

Nothing waits for the disk, since that would take longer than many trainings do. When a process is killed, what it has
written stands. Only a power failure can leave a broken file; it counts as no file, and the member begins at an earlier
moment.

The files hold state dicts and plain values only, with all tensors on the CPU, and are loaded with `weights_only=True`.
"""

import os
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, TypeVar

import torch
from torch import Tensor

from trainables.base.checkpoint_files import (
    BEST,
    ERROR,
    LATEST,
    NEXT,
    CheckpointError,
    DamagedCheckpoint,
    StorageAway,
    is_whole,
)

__all__ = [
    "BEST",
    "ERROR",
    "FORMAT",
    "LATEST",
    "NEXT",
    "CheckpointError",
    "DamagedCheckpoint",
    "State",
    "StorageAway",
    "curve",
    "is_whole",
    "keep_error",
    "load",
    "made_with",
    "read",
    "save",
]

FORMAT = 2
"""The format of all files written. Raised with every change that gives older files another meaning, and never for one
that only adds something. Since format 2 the replay memory keeps discounts; before, it kept whether a transition was the
last of its episode."""

State = dict[str, Any]
Answer = TypeVar("Answer")

WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Between tries where the folder can't be reached, as a network's may not be for a moment."""


def save(folders: Sequence[Path], latest: Sequence[State], best: Sequence[State | None]) -> None:
    """Writes the checkpoints of a pack.

    folders: one for each member.
    latest: their states, all with the same `moment`.
    best: what is deployed; None for a member that has not been scored yet.
    Raises StorageAway where the folders can't be reached, or take nothing more, for half a minute.
    """
    _insisted(lambda: _save(folders, latest, best), folders)


def _save(folders: Sequence[Path], latest: Sequence[State], best: Sequence[State | None]) -> None:
    for folder, state, chosen in zip(folders, latest, best, strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        if chosen is not None:
            _write(folder / BEST, chosen)
        _write(folder / NEXT, state)
    for folder in folders:
        os.replace(folder / NEXT, folder / LATEST)


def load(folders: Sequence[Path]) -> list[State] | None:
    """The newest states of the same moment that all members of a pack have; None if there are none.

    Raises CheckpointError for a file of another format, and StorageAway as `save` does.
    """
    return _insisted(lambda: _load(folders), folders)


def _load(folders: Sequence[Path]) -> list[State] | None:
    for folder in folders:
        # A file that can't be read is taken for none, which would be wrong where none can.
        if folder.exists():
            os.listdir(folder)
    found = [{name: state for name in (LATEST, NEXT) if (state := _read_if_whole(folder / name))} for folder in folders]
    common = set.intersection(*({state["moment"] for state in states.values()} for states in found))
    if not common:
        return None
    newest = max(common)
    for folder, states in zip(folders, found, strict=True):
        if NEXT in states and states[NEXT]["moment"] == newest:
            # The rename that was cut off is done now, since the coming save overwrites next.pt.
            os.replace(folder / NEXT, folder / LATEST)
    return [next(state for state in states.values() if state["moment"] == newest) for states in found]


def _insisted(act: Callable[[], Answer], folders: Sequence[Path]) -> Answer:
    """What comes of it, tried again and again while the folders can't be reached."""
    for wait_s in WAITS_S:
        try:
            return act()
        except OSError:
            time.sleep(wait_s)
    try:
        return act()
    except OSError as error:
        where = folders[0].parent
        raise StorageAway(error.errno, f"checkpoints can't be kept in {where}: {error.strerror or error}") from error


def _read_if_whole(path: Path) -> State | None:
    try:
        return read(path)
    except DamagedCheckpoint:
        return None


def curve(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """The points that a member has reported so far, (steps, metrics); none if it has not written latest.pt yet.

    Quick, however large the file is. Raises as `read` does.
    """
    latest = read(folder / LATEST, mapped=True)
    return [] if latest is None else [(step, metrics) for step, metrics in latest["report"]["points"]]


def made_with(folder: Path) -> list[dict[str, Any]]:
    """What the parts of a member's training were made with (base/provenance.py), the earliest first; none where that
    was not kept. Raises as `read` does.
    """
    latest = read(folder / LATEST, mapped=True)
    return [] if latest is None else list(latest.get("made_with", []))


def read(path: Path, mapped: bool = False) -> State | None:
    """The content of one file; None if it does not exist.

    path: of the file.
    mapped: whether tensors stay on the disk until they are used.
    Raises DamagedCheckpoint if it is not a checkpoint, and CheckpointError if it is one of another format.
    """
    if not path.exists():
        return None
    if not is_whole(path):
        raise DamagedCheckpoint(f"{path}: no checkpoint, or a damaged one")
    try:
        state: State = torch.load(path, map_location="cpu", weights_only=True, mmap=mapped)
    except (EOFError, RuntimeError) as error:
        raise DamagedCheckpoint(f"{path}: no checkpoint, or a damaged one: {error or type(error).__name__}") from error
    except UnpicklingError as error:
        raise CheckpointError(f"{path}: no checkpoint: {error or type(error).__name__}") from error
    found = state.get("format") if isinstance(state, dict) else None
    if not isinstance(found, int):
        raise CheckpointError(f"{path}: no checkpoint of format {FORMAT}, which is the one this version reads")
    if found != FORMAT:
        writer = "a newer version, which alone can go on from it" if found > FORMAT else "an older version"
        raise CheckpointError(f"{path}: of format {found}, written by {writer}; this one reads format {FORMAT}")
    return state


def keep_error(folder: Path, error: BaseException) -> Path:
    """Writes an error in full into a member's folder. Returns the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ERROR
    path.write_text("".join(traceback.format_exception(error)), encoding="utf-8", errors="backslashreplace")
    return path


def _write(path: Path, state: State) -> None:
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        try:
            torch.save({"format": FORMAT, **_on_cpu(state)}, file)
        except RuntimeError as error:
            # A file that takes nothing more in the middle makes torch trip over its own count.
            if isinstance(error.__context__, OSError):
                raise error.__context__ from error
            raise
    os.replace(aside, path)


def _on_cpu(value: Any) -> Any:
    """The value with all its tensors on the CPU, since whoever loads the file may have no GPU."""
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_cpu(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_on_cpu(each) for each in value)
    return value
