"""What a member leaves on disk.

    <folder>/best.pt     what is deployed: the weights with the best score, and how to build their network
    <folder>/latest.pt   all that training needs to go on: weights, optimizer, memory, counters, the curve so far
    <folder>/next.pt     the coming latest.pt, while its pack is being written
    <folder>/error.txt   why it could not be trained any further, in full

Every file is written aside and renamed, best.pt before the others. Members of a pack go on together only from the same
moment, and no rename spans several files. So first every member's next.pt is written, then each becomes latest.pt; when
that is cut off anywhere between, one moment is still there of every member: the old one or the new.

Nothing waits for the disk, which would take longer than many a training. Whatever is killed, what was written stands;
only a machine that loses its power may leave a broken file, and that counts as none: the member begins at an earlier
moment.

Files hold state dicts and plain values only, all tensors on the CPU, and are loaded with `weights_only=True`.
"""

import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from trainables.base.checkpoint_files import (
    BEST,
    ERROR,
    LATEST,
    NEXT,
    CheckpointError,
    DamagedCheckpoint,
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
    "is_whole",
    "keep_error",
    "load",
    "read",
    "save",
]

FORMAT = 2
"""Of all files written. Raised with every change that makes older files mean something else; never for one that just
adds. 2: the replay memory keeps discounts, where it kept whether a transition was the last."""

State = dict[str, Any]


def save(folders: Sequence[Path], latest: Sequence[State], best: Sequence[State | None]) -> None:
    """Write the members of a pack, a folder each. latest: states with the `moment` they are of, the same in all;
    best: None of a member that has not been scored yet.
    """
    for folder, state, chosen in zip(folders, latest, best, strict=True):
        folder.mkdir(parents=True, exist_ok=True)
        if chosen is not None:
            _write(folder / BEST, chosen)
        _write(folder / NEXT, state)
    for folder in folders:
        os.replace(folder / NEXT, folder / LATEST)


def load(folders: Sequence[Path]) -> list[State] | None:
    """The newest states that all members of a pack have of the same moment; None where there are none.

    Raises CheckpointError for a file of another format.
    """
    found = [{name: state for name in (LATEST, NEXT) if (state := _whole(folder / name))} for folder in folders]
    common = set.intersection(*({state["moment"] for state in states.values()} for states in found))
    if not common:
        return None
    for folder, states in zip(folders, found, strict=True):
        if NEXT in states and states[NEXT]["moment"] == max(common):
            # What was cut off is done now: the coming save writes over next.pt, and must not lose this moment.
            os.replace(folder / NEXT, folder / LATEST)
    return [next(state for state in states.values() if state["moment"] == max(common)) for states in found]


def _whole(path: Path) -> State | None:
    try:
        return read(path)
    except DamagedCheckpoint:
        return None


def curve(folder: Path) -> list[tuple[int, dict[str, float]]]:
    """What a member has reported so far, by steps; nothing of one that has written no latest.pt yet.

    Cheap, whatever the file holds beside it. Raises as `read` does.
    """
    latest = read(folder / LATEST, mapped=True)
    return [] if latest is None else [(step, metrics) for step, metrics in latest["report"]["points"]]


def read(path: Path, mapped: bool = False) -> State | None:
    """The content of one file; None where there is none.

    mapped: whether tensors are left on the disk until they are looked at.
    Raises DamagedCheckpoint for what is no checkpoint, CheckpointError for one of another format.
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
    """Write an error of the member in full; returns where."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / ERROR
    path.write_text("".join(traceback.format_exception(error)))
    return path


def _write(path: Path, state: State) -> None:
    aside = path.with_name(f".{path.name}.part")
    with aside.open("wb") as file:
        torch.save({"format": FORMAT, **_on_the_cpu(state)}, file)
    os.replace(aside, path)


def _on_the_cpu(value: Any) -> Any:
    """Whoever loads a file may have no GPU."""
    if isinstance(value, Tensor):
        return value.cpu()
    if isinstance(value, dict):
        return {key: _on_the_cpu(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_on_the_cpu(each) for each in value)
    return value
