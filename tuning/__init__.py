"""Hyperparameter search that trains many configurations in lockstep on every worker: the public face.

    from tuning import Sweep, run, resume, confirm, studies, mend, ablate, train, replay

docs/python.md shows what can be done with them. Everything that a person can mend is raised as a LockstepError; all of
them are drawn in tuning/errors.py.
"""

import sys
from pathlib import Path

if sys.argv[:1] == ["-m"]:
    # `python -m tuning` has the current folder first on the path, where no file may take a module's place. So it is for
    # the installed command, which finds what people keep there all the same.
    # Installed as editable the platform may be found by no entry of the path, hence after that folder: so it has one.
    sys.path = [*sys.path[1:], str(Path(__file__).parents[1]), sys.path[0]]

import warnings
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuning.api import ablate, confirm, mend, replay, resume, run, studies, train
    from tuning.errors import (
        ArgumentError,
        LockstepError,
        PredictionError,
        ServerError,
        StorageError,
        StudyDiffers,
        StudyError,
        StudyExists,
        StudyNotFound,
        StudyRunning,
        SweepError,
        UnusableCheckpoint,
        Waiting,
        WorkersError,
    )
    from tuning.study_handle import StudyHandle
    from tuning.sweep.model import Sweep

__all__ = [
    "ArgumentError",
    "LockstepError",
    "PredictionError",
    "ServerError",
    "StorageError",
    "StudyDiffers",
    "StudyError",
    "StudyExists",
    "StudyHandle",
    "StudyNotFound",
    "StudyRunning",
    "Sweep",
    "SweepError",
    "UnusableCheckpoint",
    "Waiting",
    "WorkersError",
    "ablate",
    "confirm",
    "mend",
    "replay",
    "resume",
    "run",
    "studies",
    "train",
]

_HOMES = {
    "StudyHandle": "study_handle",
    "Sweep": "sweep.model",
    **dict.fromkeys(("ablate", "confirm", "mend", "replay", "resume", "run", "studies", "train"), "api"),
}
"""Where a name is at home; the others are errors."""


def insist_on_trainables() -> None:
    """Raises LockstepError where a file of a person's own stands before the package beside this one.

    So it is where PYTHONPATH names its folder, or where it lies beside the script that runs.
    """
    from tuning.errors import LockstepError

    found, ours = find_spec("trainables"), Path(__file__).parents[1] / "trainables" / "__init__.py"
    if found is not None and found.origin is not None and Path(found.origin).resolve() != ours.resolve():
        raise LockstepError(
            f"{found.origin} takes the place of the platform's own module of that name: should be called otherwise, "
            "or its folder left out of PYTHONPATH"
        )


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for, since what is behind it takes seconds to import."""
    if name in __all__:
        if name in _HOMES:
            insist_on_trainables()
        with warnings.catch_warnings():
            # Optuna's progress bar, which is not used, misses a library in notebooks.
            warnings.filterwarnings("ignore", "IProgress not found")
            return getattr(import_module(f"tuning.{_HOMES.get(name, 'errors')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names beside those imported so far."""
    return sorted({*globals(), *__all__})
