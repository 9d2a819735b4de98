"""Writes to MLflow: tried again while it is away, though not for ever, and counted where it did not take them."""

import logging
import math
import re
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

_REFUSED = (
    "BAD_REQUEST",
    "INVALID_PARAMETER_VALUE",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_DOES_NOT_EXIST",
)
"""What MLflow answers to a write that it would not take another time either. All else may pass: a server that does not
answer, one that is full, a token that has run out, a proxy before it that answers in its place."""

_PASSING = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")
"""What it answers, or its client says of a server that does not answer, when it is only away."""

FILE_TRIES = 3
"""How often a file is offered: where MLflow keeps files may be out of reach for good, while it takes all else."""


@dataclass(frozen=True)
class Patience:
    """How long MLflow is waited for."""

    first_wait_s: float = 0.5
    """Before a write is tried again; doubled from try to try."""
    longest_wait_s: float = 5.0
    closing_s: float = 60.0
    """For what is left to be told when the search has ended."""
    closing_a_trial_s: float = 0.01
    """So much longer for each of its trials: each has a place among the others, which is told last."""
    renewed: bool = False
    """Whether that time begins anew with each write that MLflow takes."""
    silent_closing_s: float = 4.0
    """After so long of that a person is told what is waited for."""
    last_write_s: float = 2.0
    """For a write that is under way when nobody waits any longer."""


PATIENCE, PERSISTENCE = Patience(), Patience(renewed=True)
"""Of a search, which has come to its end; and of whoever begins for no other purpose."""


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
        self._closing_s, self._give_up_at, self._abandoned = math.inf, math.inf, False
        self.away = False
        """Whether the last write failed in a way that may pass."""
        self.untold = 0
        """How many writes MLflow did not take, for good."""
        self.lacking: set[int | None] = set()
        """Trials whose runs were not told everything; None: the study's own run."""
        self.why = ""
        """What MLflow said when it last did not take a write, in few words."""

    def give_up_in(self, seconds: float) -> None:
        """Begin no write after so many seconds from now, or from the last one that MLflow has taken."""
        self._closing_s, self._give_up_at = seconds, self._clock() + seconds

    def abandon(self) -> None:
        """Begin no write any more; called by another thread than the one that writes."""
        self._abandoned = True

    @property
    def given_up(self) -> bool:
        """Whether no more is written."""
        return self._abandoned or self._clock() > self._give_up_at

    def insist(self, write: Callable[[], Answer], tries: float = math.inf) -> Answer | None:
        """The answer to a write, tried until MLflow takes it; None where it did not.

        tries: how often at most, of what nothing else should have to wait for.
        """
        if self.given_up:
            self.untold += 1
            return None
        self._way.give()
        wait_s = self._patience.first_wait_s
        while True:
            tries -= 1
            try:
                answer = write()
            except (MlflowException, OSError) as error:
                said, self.why = without_password(str(error)), in_few_words(error)
                self.away = _may_pass(error)
                if not self.away or tries <= 0 or self._clock() + wait_s > self._give_up_at:
                    log.error("MLflow was not told: %s", said)
                    self.untold += 1
                    return None
                log.warning("MLflow did not take it, trying again in %.1f s: %s", wait_s, said)
                self._sleep(wait_s)
                if self._abandoned:
                    self.untold += 1
                    return None
                wait_s = min(2 * wait_s, self._patience.longest_wait_s)
            else:
                self.away = False
                if self._patience.renewed:
                    self.give_up_in(self._closing_s)
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


def in_few_words(error: Exception) -> str:
    """Why a write was not taken, in a line, without a password: "connection refused" of MLflow's five lines."""
    said = without_password(str(error))
    if found := re.search(r"\[Errno -?\d+\] ([A-Z][\w ]+)", said):
        return found[1].strip().lower()
    if re.search(r"timed? ?out", said, re.IGNORECASE):
        return "it does not answer in time"
    if found := re.search(r"(?:error code|too many) (\d{3})", said):
        return f"it answers {found[1]}"
    for sign, words in (("RemoteDisconnected", "it hangs up"), ("Connection aborted", "it hangs up")):
        if sign in said:
            return words
    return said.partition("\n")[0] or type(error).__name__


def is_passing(error: MlflowException | OSError) -> bool:
    """Whether the server may only have been away: of what can be done without, nothing else is waited for."""
    return not isinstance(error, MlflowException) or error.error_code in _PASSING


def _may_pass(error: MlflowException | OSError) -> bool:
    return not isinstance(error, MlflowException) or error.error_code not in _REFUSED
