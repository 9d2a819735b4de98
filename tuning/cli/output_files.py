"""Files that commands write where a person says."""

from pathlib import Path

from tuning.errors import ArgumentError


def refuse_existing(path: Path | None) -> None:
    """Raise ArgumentError where a file that is to be new is there already; None: there is none to write."""
    if path is not None and path.exists():
        raise ArgumentError(f"--output: {path} is there already: should be the name of a new file")


def write(path: Path, text: str, folders: bool = False) -> None:
    """Write a file. Raises ArgumentError where it can't be written.

    folders: whether those that it lies in are made where they are missing.
    """
    try:
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--output: {path} can't be written: {error.strerror}") from None
