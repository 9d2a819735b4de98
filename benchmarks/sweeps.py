"""Our own side of a comparison: `tuning run` as a process, and when its trials were begun and done."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from processes import Ran, run

from trainables.compilation import program_cache

TUNING = Path(sys.executable).with_name("tuning")
IN_FULL = ("--set", "halving=off", "--set", "confirm=off")
"""Every trial to its full budget, and no training beyond the trials: as the plain stack does it."""


@dataclass(frozen=True)
class Swept:
    """A sweep that has ended. shown: what `--json` prints; begun, ended: of each trial, in seconds of the clock."""

    ran: Ran
    shown: dict[str, Any]
    begun: list[float]
    ended: list[float]


def sweep(
    folder: Path,
    preset: str,
    *options: object,
    cache: Path | None = None,
    surroundings: Mapping[str, str] | None = None,
) -> Swept:
    """Run a preset in full with these options of `tuning run`, in a new folder that takes all that it writes.

    cache: of compiled programs, kept for other sweeps; None: an empty one. surroundings: further environment variables.
    """
    folder.mkdir()
    root = folder / "runs"
    command = [str(TUNING), "run", preset, "--json", "--root", str(root), *IN_FULL, *map(str, options)]
    ran = run(command, folder, {program_cache.CACHE: str(cache or folder / "compiled"), **(surroundings or {})})
    shown = json.loads(ran.output)
    trials = optuna.load_study(study_name=shown["name"], storage=f"sqlite:///{root / 'studies.db'}").trials
    return Swept(
        ran,
        shown,
        begun=[trial.datetime_start.timestamp() for trial in trials if trial.datetime_start],
        ended=[trial.datetime_complete.timestamp() for trial in trials if trial.datetime_complete],
    )
