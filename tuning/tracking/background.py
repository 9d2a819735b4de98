"""A thread that tells MLflow step by step, so that whoever asks for a step need not wait for it."""

import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Step = Callable[[], None]

PAUSE_S, LONGEST_S = 2.0, 10.0


class Background:
    """Takes steps in a thread of its own, in the order in which they are asked for.

    between: a step for its pauses: taken when none has been asked for in `PAUSE_S`, after at most `LONGEST_S` without
        a pause, and last of all.
    failed: told what a step has raised; the steps after it are taken all the same.
    """

    def __init__(self, between: Step, failed: Callable[[Exception], None]) -> None:
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._between, self._failed = between, failed
        self._ended = threading.Event()
        """Not the thread's own word: after a wait that was interrupted it says that it has ended (Python 3.11)."""
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)

    def start(self) -> None:
        """Begin with the steps."""
        self._thread.start()

    def ask(self, step: Step) -> None:
        """Have a step taken, after those that were asked for before."""
        self._steps.put(step)

    def close(self) -> None:
        """End after the steps that were asked for until now."""
        self._steps.put(None)

    def has_ended(self, within_s: float | None = None) -> bool:
        """Whether all steps were taken; waits for it for so long, or as long as it takes."""
        return self._ended.wait(within_s)

    def _work(self) -> None:
        try:
            self._take_all()
        finally:
            self._ended.set()

    def _take_all(self) -> None:
        paused_at = time.monotonic()
        while (step := self._next(paused_at)) is not None:
            self._take(step)
            if step is self._between:
                paused_at = time.monotonic()
        self._take(self._between)

    def _next(self, paused_at: float) -> Step | None:
        if time.monotonic() - paused_at > LONGEST_S:
            return self._between
        try:
            return self._steps.get(timeout=PAUSE_S)
        except queue.Empty:
            return self._between

    def _take(self, step: Step) -> None:
        try:
            step()
        except Exception as error:
            log.exception("MLflow was not told")
            self._failed(error)
