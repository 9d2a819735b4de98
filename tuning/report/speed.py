"""The speed of trainings, by their latest reports."""

import math
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 30.0
"""The speed is that of the last so many seconds, or of twice the longest time between two reports if that is more."""

BASIS_S = 3.0
"""Seconds after the first report before there is a speed. Before that report workers started and programs compiled."""

SAME_MOMENT_S = 0.05
"""Reports at most so far apart may be those of one pack."""


class Pace:
    """The speed of all trainings together, in steps a second. now: a clock that only rises, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: float | None = None
        self._reports: deque[tuple[float, float, int]] = deque()
        """Of each report: when it came, the seconds since the one before, the steps in them."""

    def report(self, steps: int, seconds: float) -> None:
        """A training took these steps in the seconds before this moment."""
        at = self._now()
        if self._first is None:
            self._first = at
        if self._reports:
            # The members of a pack took the same time, and are reported one after the other.
            before, took, several = self._reports[-1]
            if at - before < SAME_MOMENT_S and math.isclose(took, seconds, abs_tol=1e-6):
                self._reports[-1] = before, took, several + steps
                return
        self._reports.append((at, seconds, steps))

    @property
    def begun(self) -> bool:
        """Whether there was a report."""
        return self._first is not None

    @property
    def speed(self) -> float | None:
        """Steps a second; None where there are not yet enough reports, or no recent ones."""
        if self._first is None:
            return None
        last, window = self._reports[-1][0], max(WINDOW_S, 2 * max(took for _, took, _ in self._reports))
        start = max(self._first, last - window)
        while self._reports[0][0] < start:
            self._reports.popleft()
        if last - start < BASIS_S or self._now() - last > window:
            return None
        # Of a report from before the window only the part that lies within it.
        steps = sum(steps * min(1.0, (at - start) / max(took, 1e-9)) for at, took, steps in self._reports)
        return steps / (last - start) or None
