"""SIGTERM, as Slurm and Kubernetes send it, and SIGHUP of a terminal that is closed end a command as Ctrl-C does."""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TypeAlias

ASKING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a process to end, beside Ctrl-C."""

CTRL_C = 128 + signal.SIGINT
"""The exit code of a command that was interrupted."""

Handler: TypeAlias = Callable[[int, FrameType | None], None]


@dataclass
class Ending:
    """By which signal a command was asked to end; Ctrl-C, where by none of the others."""

    by: int = signal.SIGINT

    def code(self, code: int) -> int:
        """The exit code; of a command that was interrupted it says by which signal."""
        return 128 + self.by if code == CTRL_C else code


@contextmanager
def as_ctrl_c() -> Iterator[Ending]:
    """Has the other signals do within what Ctrl-C would do, whoever has taken that over.

    Only for a process of our own, the command's: elsewhere the handlers are somebody else's.
    """
    ending, on_terminal = Ending(), [each for each in (0, 1, 2) if os.isatty(each)]

    def end(number: int, frame: FrameType | None) -> None:
        ending.by = number
        if number == signal.SIGHUP:
            _leave(on_terminal)
        pressed = signal.getsignal(signal.SIGINT)
        if not callable(pressed):  # ignored, as in the background of a script
            raise KeyboardInterrupt
        pressed(signal.SIGINT, frame)

    with _handled(end, ASKING):
        yield ending


@contextmanager
def ended_at_once() -> Iterator[None]:
    """Has Ctrl-C and the others end the process there and then, while modules are loaded and nothing is to be left in
    order.

    An exception gets lost, or reads as a fault of ours, where it meets NumPy or torch when they are half loaded.
    """
    with _handled(lambda number, _: os._exit(128 + number), (signal.SIGINT, *ASKING)):
        yield


@contextmanager
def _handled(handler: Handler, signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Handles these signals within, but for those that whoever began the process wants ignored, as nohup does."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    before = {each: signal.getsignal(each) for each in signals}
    ours = {each: theirs for each, theirs in before.items() if theirs not in (signal.SIG_IGN, None)}
    for each in ours:
        signal.signal(each, handler)
    try:
        yield
    finally:
        for each, theirs in ours.items():
            signal.signal(each, theirs)


def _leave(terminal: Iterable[int]) -> None:
    """What would be printed goes nowhere: a terminal that is closed answers with errors."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for each in terminal:
        os.dup2(nowhere, each)
    os.close(nowhere)
