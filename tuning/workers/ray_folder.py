"""The temporary folder of a Ray that is begun here: one that it can write to, and whose sockets can have a name."""

import os
from collections.abc import Iterator
from pathlib import Path

from tuning.errors import WorkersError

LONGEST_SOCKET = 107
"""Bytes that Linux allows the path of a socket."""
WITHIN = "/session_2026-01-31_23-59-59_999999_4194304/sockets/plasma_store"
"""What Ray puts its longest socket into."""

OTHERS = ("/tmp", "/var/tmp", "/dev/shm")


def usable() -> str:
    """The folder, which may not be there yet.

    It is in the one that RAY_TMPDIR names; else in that of TMPDIR if it will do, else in one of the system's.
    Raises WorkersError where there is none.
    """
    named = os.environ.get("RAY_TMPDIR")
    if named:
        flaw = _flaw(Path(named).absolute() / "ray")
        if flaw:
            raise WorkersError(f"RAY_TMPDIR: {named} can't be Ray's temporary folder: {flaw}")
        return str(Path(named).absolute() / "ray")
    flaws: list[str] = []
    for folder in _candidates():
        flaw = _flaw(folder)
        if not flaw:
            return str(folder)
        flaws.append(f"{folder} {flaw}")
    raise WorkersError(f"RAY_TMPDIR should name a temporary folder for Ray, since {'; '.join(flaws)}")


def _candidates() -> Iterator[Path]:
    for folder in dict.fromkeys([os.environ.get("TMPDIR") or OTHERS[0], *OTHERS]):
        yield Path(folder).absolute() / "ray"
        # The first may be another user's.
        yield Path(folder).absolute() / f"ray-{os.getuid()}"


def _flaw(folder: Path) -> str:
    """What keeps Ray from using a folder; empty where nothing does."""
    excess = len(os.fsencode(f"{folder}{WITHIN}")) - LONGEST_SOCKET
    if excess > 0:
        return f"is {excess} bytes too long, as sockets can't have longer paths"
    there = next(each for each in (folder, *folder.parents) if each.exists() or each.is_symlink())
    if not there.is_dir():
        return f"can't be made, as {there} is no folder"
    if not os.access(there, os.W_OK | os.X_OK):
        return f"can't be written to by user {os.getuid()}"
    return ""
