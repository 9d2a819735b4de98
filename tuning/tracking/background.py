"""A thread that tells MLflow step by step, so that whoever asks for a step need not wait for it."""

import logging
import queue
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

Step = Callable[[], None]


class Background:
    """Takes steps in a thread of its own, in the order in which they are asked for.

    between: a step for its pauses, which is taken last of all, too.
    failed: told what a step has raised; the steps after it are taken all the same.
    pause_s: after so long in which no step was asked for there is a pause.
    longest_s: after so long without a pause there is one between two steps.
    """

    def __init__(
        self, between: Step, failed: Callable[[Exception], None], pause_s: float = 2.0, longest_s: float = 10.0
    ) -> None:
        self._steps: queue.SimpleQueue[Step | None] = queue.SimpleQueue()
        self._between, self._failed, self._pause_s, self._longest_s = between, failed, pause_s, longest_s
        self._paused_at = time.monotonic()
        """When the last pause ended."""
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

    @property
    def since_pause_s(self) -> float:
        """How long ago the last pause ended."""
        return time.monotonic() - self._paused_at

    def _work(self) -> None:
        try:
            self._take_all()
        finally:
            self._ended.set()

    def _take_all(self) -> None:
        while (step := self._next()) is not None:
            self._take(step)
            if time.monotonic() - self._paused_at > self._longest_s:
                self._pause()
        self._pause()

    def _next(self) -> Step | None:
        try:
            return self._steps.get(timeout=self._pause_s)
        except queue.Empty:
            return self._pause

    def _pause(self) -> None:
        self._take(self._between)
        self._paused_at = time.monotonic()

    def _take(self, step: Step) -> None:
        try:
            step()
        except Exception as error:
            log.exception("MLflow was not told")
            self._failed(error)
