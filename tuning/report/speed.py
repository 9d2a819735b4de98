"""How fast trainings go, by what was reported of late."""

import math
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 30.0
"""What is reported within it makes the speed; where reports are rarer, within twice the longest of them."""

BASIS_S = 3.0
"""So much must have passed since the first report. What came before it were the start of workers and compilation."""

SAME_MOMENT_S = 0.05


class Pace:
    """The speed of all trainings together, in steps a second; `now`: a clock that only rises, in seconds."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._first: float | None = None
        self._reports: deque[tuple[float, float, int]] = deque()
        """When it came, the seconds that it took, the steps."""

    def report(self, steps: int, seconds: float) -> None:
        """A training has taken so many steps, in the seconds before this moment."""
        at = self._now()
        if self._first is None:
            self._first = at
        if self._reports:
            # The members of a pack report one after the other what took them the same time.
            before, took, several = self._reports[-1]
            if at - before < SAME_MOMENT_S and math.isclose(took, seconds, abs_tol=1e-6):
                self._reports[-1] = before, took, several + steps
                return
        self._reports.append((at, seconds, steps))

    @property
    def begun(self) -> bool:
        """Whether anything was reported."""
        return self._first is not None

    @property
    def speed(self) -> float | None:
        """Steps a second; None where there is nothing yet, or nothing any more, to tell it by."""
        if self._first is None:
            return None
        last, window = self._reports[-1][0], max(WINDOW_S, 2 * max(took for _, took, _ in self._reports))
        start = max(self._first, last - window)
        while self._reports[0][0] < start:
            self._reports.popleft()
        if last - start < BASIS_S or self._now() - last > window:
            return None
        # Of a report that began before the window the part that lies in it.
        steps = sum(steps * min(1.0, (at - start) / max(took, 1e-9)) for at, took, steps in self._reports)
        return steps / (last - start) or None
