"""The pulse of a worker: that its training goes on and what it does, for whoever watches over it from elsewhere.

    <file>          the newest Sign: how often the training has come a step further, and what it does now
    <file>.stacks   where all threads stood when the training had not come further for a while

A training says by `beat` what it is about to do, which costs a tenth of a microsecond. A thread writes that down every
second. Where the thread stands still as well, the process is stopped, or held up by code that keeps Python's lock; the
stacks are written all the same, by faulthandler's thread, which needs no lock.
"""

import faulthandler
import json
import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import TypeAlias

EVERY_S = 1.0
"""Between two signs."""

COMPILING = "the compiler"
"""What a training waits for that may take minutes."""

TRAINING = "training"

Where: TypeAlias = Callable[[], tuple[int, str]]
"""-> (the member that something is done for, by its place among those that are trained; which step of it that is)"""


@dataclass(frozen=True)
class Sign:
    """What a worker has last said of its training.

    beats: how often it has come a step further.
    signs: how many were given, this one included.
    cpu_s: seconds of processor that the worker has taken.
    what: it does now.
    where: in which step, if that is known.
    member: for which member of the pack, by its place, if it is for one alone.
    """

    beats: int
    signs: int
    cpu_s: float
    what: str
    where: str = ""
    member: int | None = None


class _Doing:
    """What this process does: one training, at most."""

    __slots__ = ("beats", "members", "what", "where")

    def __init__(self) -> None:
        self.beats, self.what = 0, TRAINING
        self.where: Where | None = None
        self.members: Sequence[int] = ()


_doing = _Doing()


def beat(what: str = TRAINING, where: Where | None = None) -> None:
    """Says that the training has come a step further.

    what: it does now, in words that follow "hung in".
    where: asked only when a sign is written.
    """
    _doing.beats += 1
    _doing.what = what
    _doing.where = where


def trains(members: Sequence[int]) -> None:
    """Says which members of the pack are trained, by their places in it; those behind the last are copies of it."""
    _doing.members = members


class Pulse:
    """Signs that are given from now until it is closed."""

    def __init__(self, file: Path, stacks_after_s: float | None) -> None:
        """Gives the first sign.

        file: where signs are written to; the folder is made if it is not there.
        stacks_after_s: after so many seconds without a step further the stacks are written; None: never.
        """
        self._file, self._after_s, self._signs, self._beats = file, stacks_after_s, 0, -1
        trains(())
        beat("the making of its training")
        file.parent.mkdir(parents=True, exist_ok=True)
        self._stacks = stacks_of(file).open("w") if stacks_after_s is not None else None
        self._sign()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._give, name="pulse", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Gives no more signs, and takes the last one back."""
        self._closed.set()
        self._thread.join()
        if self._stacks is not None:
            faulthandler.cancel_dump_traceback_later()
            self._stacks.close()
        for each in (self._file, stacks_of(self._file)):
            each.unlink(missing_ok=True)

    def _give(self) -> None:
        while not self._closed.wait(EVERY_S):
            # A file system that fails for a moment is no reason to give none any more.
            with suppress(OSError):
                self._sign()

    def _sign(self) -> None:
        if self._stacks is not None and self._after_s is not None and self._beats != _doing.beats:
            self._stacks.seek(0)
            self._stacks.truncate()
            faulthandler.dump_traceback_later(self._after_s, file=self._stacks)
        self._beats, self._signs = _doing.beats, self._signs + 1
        member, where = _doing.where() if _doing.where is not None else (None, "")
        if member is not None and (members := _doing.members):
            member = members[min(member, len(members) - 1)]
        sign = Sign(self._beats, self._signs, process_time(), _doing.what, where, member)
        aside = self._file.with_name(f".{self._file.name}.part")
        aside.write_text(json.dumps(asdict(sign)))
        os.replace(aside, self._file)


def read(file: Path) -> Sign | None:
    """The newest sign; None where none was given, or it can't be read now."""
    try:
        return Sign(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def stacks_of(file: Path) -> Path:
    """Where the stacks of a worker are written."""
    return file.with_name(f"{file.name}.stacks")
