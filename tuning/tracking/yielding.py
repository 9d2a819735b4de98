"""Who goes first of two threads: the search hands out legs, which workers wait for, and MLflow is told meanwhile.

Side by side both take twice as long, since only one of them is Python's at a time, and all cores are the workers'.
"""

import time

LOOK_S = 0.005
"""Between two looks whether the way is free."""

MOST = 0.2
"""The share of its time that a thread gives way for: where legs are so short that there is always one to hand out, it
must come to its own work too."""


class RightOfWay:
    """Taken by one thread, for a time; another one gives way."""

    def __init__(self) -> None:
        self._until, self._began, self._given_s = 0.0, time.monotonic(), 0.0

    def take(self, seconds: float) -> None:
        """Have it from now on, for so long unless it is taken anew: for longer, or less."""
        self._until = time.monotonic() + seconds

    def give(self) -> None:
        """Wait until it is not taken any more, or more than a fair share of the time has been waited for it."""
        while (now := time.monotonic()) < self._until and self._given_s < MOST * (now - self._began):
            time.sleep(LOOK_S)
            self._given_s += LOOK_S
