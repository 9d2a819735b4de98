"""The files of a member's folder, by name, and whether one is whole: all that can be said of them without torch."""

import zipfile
from pathlib import Path

BEST, LATEST, NEXT, ERROR = "best.pt", "latest.pt", "next.pt", "error.txt"
"""What each of them holds is drawn in checkpoint.py."""


class CheckpointError(ValueError):
    """The file is not a checkpoint that this version can load; the message says which file and why."""


class DamagedCheckpoint(CheckpointError):
    """The file is not a checkpoint at all, or a broken one."""


class StorageAway(OSError):
    """The folder of the checkpoints can't be reached, or takes nothing more: no fault of whoever is trained."""


def is_whole(path: Path) -> bool:
    """Whether the file exists and was not cut off. Reads only its two ends."""
    try:
        with path.open("rb") as file:
            # A zip archive has its table of contents at its end.
            return file.read(2) == b"PK" and zipfile.is_zipfile(file)
    except OSError:
        return False
