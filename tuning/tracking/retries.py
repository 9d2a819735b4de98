"""Writes to MLflow: again and again while it is away, not for ever, and what it did not take is counted."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from mlflow.exceptions import MlflowException

from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0

_PASSING = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
"""What MLflow answers, or says of a server that does not answer, when another try may go through."""


class Writes:
    """Those of one thread, which gives way to the search."""

    def __init__(self, way: RightOfWay) -> None:
        self._way, self._give_up_at = way, math.inf
        self.away = False
        """Whether the last write failed as it does when the server does not answer."""
        self.untold = 0
        """Writes that MLflow did not take, for good."""
        self.lacking: set[int | None] = set()
        """Trials whose runs were not told all; None: the study's own."""
        self.why = ""
        """What MLflow said when it did not take a write."""

    def give_up_in(self, seconds: float) -> None:
        """Until then what MLflow does not take is tried again."""
        self._give_up_at = time.monotonic() + seconds

    def insist(self, write: Callable[[], Answer]) -> Answer | None:
        """Its answer, or None where it did not go through, once there is no more time.

        Once its time is up a server that was away is not asked again: each question would take as long as a timeout.
        """
        if self.away and time.monotonic() > self._give_up_at:
            self.untold += 1
            return None
        wait = FIRST_WAIT_S
        self._way.give()
        while True:
            try:
                answer = write()
            except (MlflowException, OSError) as error:
                self.away = passing = is_passing(error)
                if not passing or time.monotonic() + wait > self._give_up_at:
                    self.untold += 1
                    self.why = str(error).partition("\n")[0]
                    log.error("MLflow was not told: %s", error)
                    return None
                log.warning("MLflow did not take it, trying again in %.1f s: %s", wait, error)
                time.sleep(wait)
                wait = min(2 * wait, LONGEST_WAIT_S)
            else:
                self.away = False
                return answer

    @contextmanager
    def of(self, number: int | None) -> Iterator[None]:
        """Writes within are those of a trial's run; None: of the study's own."""
        before = self.untold
        yield
        if self.untold > before:
            self.lacking.add(number)

    def lack(self, numbers: Iterable[int | None], why: str | None = None) -> None:
        """What can't be written at all, a write for each of these runs."""
        missing = set(numbers)
        self.untold += len(missing)
        self.lacking |= missing
        self.why = why or self.why


def is_passing(error: MlflowException | OSError) -> bool:
    """Whether another try may go through, as the server may have been away."""
    return not isinstance(error, MlflowException) or error.error_code in _PASSING
