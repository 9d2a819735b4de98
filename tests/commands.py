"""The `tuning` command in processes of its own, as a person gives it in a fresh shell."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias, TypeVar

Answer = TypeVar("Answer")
Said: TypeAlias = tuple[int, str, str]
"""Of a command: exit code, standard output, standard error."""
PRIVATE = ("RAY_", "MLFLOW_", "LOCKSTEP_", "TUNE_")
"""Beginnings of variables that a person's shell does not have, though the tests' own process may."""


def surrounding(**more: str) -> dict[str, str]:
    """The environment of a process that a person starts in a fresh shell."""
    return {**{key: value for key, value in os.environ.items() if not key.startswith(PRIVATE)}, **more}


def python_path(folder: Path) -> str:
    """A PYTHONPATH with this folder first, which a command and its workers then import from."""
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def command(*arguments: str) -> list[str]:
    """The `tuning` command of this very installation."""
    return [str(Path(sys.executable).with_name("tuning")), *arguments]


def tuning(
    *arguments: str, cwd: Path, variables: Mapping[str, str] | None = None, timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end in a folder, with these variables in its environment."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=surrounding(**(variables or {})),
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def awaited(found: Callable[[], Answer], within: float, what: str) -> Answer:
    """The first truthy answer, asked for again and again."""
    deadline = time.monotonic() + within
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.1)
    return answer


def processes(mark: str) -> list[int]:
    """The processes alive that have this word in their environment: those that a marked one has begun."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # gone meanwhile, or somebody else's
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found
