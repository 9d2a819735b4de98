"""How long a study has run, in all its lives: counted while it runs, and kept along with what else is written."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tuning.study.attributes import CONFIRM_SECONDS, SECONDS, Attributes
from tuning.study.optuna_tables import Tables

Now = Callable[[], float]
"""Seconds that only rise."""

KEPT_EVERY_S = 10.0
"""The most that is lost of a study's seconds when its process is killed, and with them nothing else."""


class Clock:
    """The seconds of one study; those of its confirmation are counted among all and by themselves."""

    def __init__(self, attributes: Attributes, tables: Tables, now: Now = time.monotonic) -> None:
        self._attributes, self._tables, self._now = attributes, tables, now
        self._counting: dict[str, tuple[float, float]] = {}
        """What is counted now: the seconds before, and since when."""
        self._kept_at = -KEPT_EVERY_S

    @property
    def seconds(self) -> float:
        """How long the study has run until now, confirmation included."""
        return self._counted(SECONDS)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the seconds within as the study's."""
        with self._counts(SECONDS):
            yield

    @contextmanager
    def confirming(self) -> Iterator[None]:
        """Count the seconds within as those of the confirmation, too."""
        with self._counts(CONFIRM_SECONDS):
            yield

    def keep_now_and_then(self) -> None:
        """Keep the seconds until now, unless that was done a moment ago."""
        if self._counting and self._now() - self._kept_at > KEPT_EVERY_S:
            with self._tables.at_once():
                self.keep()

    def keep(self) -> None:
        """Keep the seconds until now, within the transaction that is open."""
        self._kept_at = self._now()
        for what in self._counting:
            self._attributes.set_seconds(what, self._counted(what))

    @contextmanager
    def _counts(self, what: str) -> Iterator[None]:
        self._counting[what] = self._attributes.seconds(what), self._now()
        try:
            yield
        finally:
            with self._tables.at_once():
                self.keep()
            del self._counting[what]

    def _counted(self, what: str) -> float:
        # In one look: another thread may ask just when the counting ends.
        counting = self._counting.get(what)
        if counting is None:
            return self._attributes.seconds(what)
        before, since = counting
        return before + self._now() - since
