"""What the members of a trial have reported, as far as it is kept: by their checkpoints, which a worker writes now and
then, and once a trial could not be trained, by the driver, which has heard what came after the last of them.
"""

import json
import logging
import os
from collections.abc import Sequence
from pathlib import Path

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError, DamagedCheckpoint
from tuning.study.observer import Points

log = logging.getLogger(__name__)

REPORTED = "reported.json"
"""In a member's folder: the curve of one whose trial could not be trained."""


def keep(folder: Path, points: Points) -> None:
    """Keep all that a member has reported; that there is no room for it is logged and nothing more."""
    if not points:
        return
    aside = folder / f"{REPORTED}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(points), encoding="utf-8")
        os.replace(aside, folder / REPORTED)
    except OSError:
        log.exception("what a member has reported can't be kept in %s", folder)


def curve(folder: Path) -> Points:
    """All that is kept of what a member has reported; none of it where that is damaged. Raises CheckpointError for a
    checkpoint of another version.
    """
    try:
        found = dict(checkpoint.curve(folder))
    except DamagedCheckpoint:
        # Its member begins at an earlier moment.
        found = {}
    return sorted((dict(_reported(folder)) | found).items())


def curves(folders: Sequence[Path]) -> list[Points]:
    """The curve of each member, none of it where an earlier version wrote it."""
    found: list[Points] = []
    for folder in folders:
        try:
            found.append(curve(folder))
        except CheckpointError:
            found.append([])
    return found


def _reported(folder: Path) -> list[tuple[int, dict[str, float]]]:
    try:
        return [(steps, shown) for steps, shown in json.loads((folder / REPORTED).read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return []
