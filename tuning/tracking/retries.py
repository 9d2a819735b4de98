"""Writes to MLflow: tried again while it is away, though not for ever, and counted where it did not take them."""

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from mlflow.exceptions import MlflowException

from tuning.study.urls import without_password
from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

_PASSING = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
"""What MLflow answers, or its client says of a server that does not answer, when another try may go through."""


@dataclass(frozen=True)
class Patience:
    """How long MLflow is waited for."""

    first_wait_s: float = 0.5
    """Before a write is tried again; doubled from try to try."""
    longest_wait_s: float = 30.0
    closing_s: float = 60.0
    """For what is left to be told when the search has ended."""
    silent_closing_s: float = 4.0
    """After so long of that a person is told what is waited for."""


PATIENCE = Patience()


class Writes:
    """The writes of one thread, which gives way to the search before each of them."""

    def __init__(
        self,
        way: RightOfWay,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._way, self._patience, self._clock, self._sleep = way, patience, clock, sleep
        self._give_up_at, self._abandoned = math.inf, False
        self.away = False
        """Whether the last write failed as it does when the server does not answer."""
        self.untold = 0
        """How many writes MLflow did not take, for good."""
        self.lacking: set[int | None] = set()
        """Trials whose runs were not told everything; None: the study's own run."""
        self.why = ""
        """What MLflow said when it did not take a write."""

    def give_up_in(self, seconds: float) -> None:
        """Try no write again after so many seconds from now."""
        self._give_up_at = self._clock() + seconds

    def abandon(self) -> None:
        """Begin no write any more; called by another thread than the one that writes."""
        self._abandoned = True

    def insist(self, write: Callable[[], Answer]) -> Answer | None:
        """The answer to a write, tried until MLflow takes it; None where it did not before the time was up.

        After that a server that was away is not asked again: each question would take as long as a timeout.
        """
        if self._abandoned or (self.away and self._clock() > self._give_up_at):
            self.untold += 1
            return None
        self._way.give()
        wait_s = self._patience.first_wait_s
        while True:
            try:
                answer = write()
            except (MlflowException, OSError) as error:
                self.away, said = is_passing(error), without_password(str(error))
                if not self.away or self._clock() + wait_s > self._give_up_at:
                    log.error("MLflow was not told: %s", said)
                    self.untold, self.why = self.untold + 1, said.partition("\n")[0]
                    return None
                log.warning("MLflow did not take it, trying again in %.1f s: %s", wait_s, said)
                self._sleep(wait_s)
                if self._abandoned:
                    self.untold += 1
                    return None
                wait_s = min(2 * wait_s, self._patience.longest_wait_s)
            else:
                self.away = False
                return answer

    @contextmanager
    def of(self, number: int | None) -> Iterator[None]:
        """Count the writes within as those of a trial's run; None: of the study's own run."""
        before = self.untold
        yield
        if self.untold > before:
            self.lacking.add(number)

    def lack(self, numbers: Iterable[int | None], why: str | None = None) -> None:
        """Count a write for each of these runs that can't be made at all."""
        missing = set(numbers)
        self.untold += len(missing)
        self.lacking |= missing
        self.why = why or self.why


def is_passing(error: MlflowException | OSError) -> bool:
    """Whether another try may go through, as the server may only have been away."""
    return not isinstance(error, MlflowException) or error.error_code in _PASSING
