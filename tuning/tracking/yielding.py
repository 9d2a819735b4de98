"""Which of two threads goes first: the search hands out legs that workers wait for, the other one tells MLflow.

Side by side both take twice as long: only one of them can hold Python's lock, and all cores are the workers'.
"""

import time
from collections.abc import Callable

LOOK_S = 0.005
"""Between two looks whether the way is free."""

LARGEST_SHARE = 0.2
"""Of its time that a thread gives way for: legs may be so short that there is always one to hand out, and MLflow is to
be told nevertheless."""


class RightOfWay:
    """Taken by one thread, for a time; another thread gives way."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._until, self._began, self._given_s = 0.0, clock(), 0.0

    def take(self, seconds: float) -> None:
        """Have it from now on for so long. Taken anew, it lasts as long as was asked for last, be that less."""
        self._until = self._clock() + seconds

    def give(self) -> None:
        """Wait while it is taken, up to a fair share of the time."""
        while (now := self._clock()) < self._until and self._given_s < LARGEST_SHARE * (now - self._began):
            self._sleep(LOOK_S)
            self._given_s += LOOK_S
