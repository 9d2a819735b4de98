"""Errors in code that people bring, each in a line: its kind, its words, and where in their files it was raised."""

import os
import sysconfig
import textwrap
import traceback
from pathlib import Path

LONGEST = 400
"""Characters of an error that are told."""

_NOT_THEIRS = (
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    *(str(Path(__file__).parents[2] / package) + os.sep for package in ("trainables", "tuning")),
    "<",
)
"""How the files of Python, of what is installed, and of this project begin."""


def told(error: BaseException) -> str:
    """An error in a line: `OSError: the simulator is away (sim_env.py:12)`."""
    words = str(error.msg) if isinstance(error, SyntaxError) else str(error)
    said = textwrap.shorten(words, LONGEST, placeholder=" ...")
    if not isinstance(error, ModuleNotFoundError):
        said = f"{type(error).__name__}: {said}" if said else type(error).__name__
    found = place(error)
    return said if found is None else f"{said} ({found})"


def place(error: BaseException) -> str | None:
    """The file and line of a person's own that an error comes from, as near to it as there is one; None without."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return _shown(error.filename, error.lineno)
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith(_NOT_THEIRS)]
    return _shown(frames[-1].filename, frames[-1].lineno) if frames else None


def _shown(file: str, line: int | None) -> str:
    """As editors have it, from the current folder where it lies below it."""
    path = Path(file)
    if path.is_relative_to(here := Path.cwd()):
        path = path.relative_to(here)
    return f"{path}:{line}"
