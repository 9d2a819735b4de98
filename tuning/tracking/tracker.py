"""Tells MLflow of a study while it runs, from a thread of its own, and lets the search go first."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import sqlite
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.study.urls import without_password
from tuning.tracking.retries import PATIENCE, Patience, Writes
from tuning.tracking.server import tracking_uri
from tuning.tracking.study_runs import StudyRuns, now_ms
from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)

GATHER_S, LONGEST_GATHER_S = 2.0, 10.0
"""What is to be told of a run is gathered until its trial has ended, or nothing has come of any for so long, or some
has waited for the longer time: each write costs, however small."""

READING_S, HANDING_OUT_S, BEGINNING_S = 0.05, 0.3, 0.05
"""What a leg reports is read in less, the one that follows is handed out in less, and begins in less."""


class Tracker(Observer):
    """Tells MLflow of one study, as its search, or the replay of its records, tells it."""

    def __init__(self, study: Study, patience: Patience = PATIENCE) -> None:
        self._study, self._patience = study, patience
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._way = RightOfWay()
        """The search's, while it hands out legs."""
        self._writes = Writes(self._way, patience)
        self._thread = threading.Thread(target=self._work, name="tracking", daemon=True)
        self._interrupted = False
        """Whether nobody waited until all was told."""
        self._runs = StudyRuns(study, self._writes)
        self._told_at = time.monotonic()

    @contextmanager
    def open(self, say: Callable[[str], None] = log.info) -> Iterator["Tracker"]:
        """Write until closed; what is left then has a minute, and `say` tells a person of it if it takes long.

        Whoever interrupts that leaves it untold, and nothing else.
        """
        self._events.put(self._runs.begin_study)
        self._thread.start()
        try:
            yield self
        except BaseException:
            self._events.put(self._runs.cut_off)
            raise
        finally:
            self._writes.give_up_in(self._patience.closing_s)
            self._events.put(None)
            try:
                self._thread.join(self._patience.silent_closing_s)
                if self._thread.is_alive():
                    up_to = f"up to {self._patience.closing_s:g} s"
                    say(f"telling MLflow what is left, {up_to}; Ctrl-C leaves it for later")
                    self._thread.join()
            except KeyboardInterrupt:
                # Asked whether it is alive, a thread whose end was waited for in vain says no (Python 3.11).
                self._interrupted = True

    def begun(self, leg: Leg) -> None:
        """Make a run of every trial of the leg."""
        self._way.take(BEGINNING_S)
        self._events.put(partial(self._runs.begin_trials, leg.plans, leg.name))

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """Log what is new of a member's curve; of the second seed on, its place is in the names."""
        if points:
            self._way.take(READING_S)
            self._events.put(partial(self._runs.note, plan.number, place, points, now_ms()))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        self._way.take(HANDING_OUT_S)
        self._events.put(partial(self._runs.end_trial, plan.number, found, members))

    def replayed(self) -> None:
        """Go on with the runs of trials that have not ended."""
        self._events.put(self._runs.go_on)

    def ended(self, summary: StudySummary) -> None:
        """End the study's run, and those of trials that wait; keep the best checkpoints."""
        self._events.put(partial(self._runs.end_study, summary))

    @property
    def shortfall(self) -> str | None:
        """What a person should know of what MLflow was not told; None where it was told all."""
        writes, name = self._writes, self._study.name
        later = f"`tuning audit {name} --repair` or `tuning resume {name}` tells it later."
        if self._interrupted:
            return f"MLflow was not told all, as that was interrupted; {later}"
        if not writes.untold:
            return None
        uri, home = without_password(tracking_uri(self._study.home)), self._study.home
        count = max(1, len(writes.lacking))
        runs = f"{count} run{'s' * (count > 1)}"
        what = (
            f"MLflow could not be reached at {uri}: what it was not told of {runs} is kept in the study"
            if writes.away
            else f"MLflow did not take all of {runs} ({writes.why}; all of it in {home.logs / 'tuning.log'})"
        )
        return f"{what}; {later}"

    def _work(self) -> None:
        with sqlite.write_ahead(self._study.home.tracking_database):
            while (event := self._next()) is not None:
                self._guarded(event)
                if time.monotonic() - self._told_at > LONGEST_GATHER_S:
                    self._guarded(self._write_pending)
            self._guarded(self._write_pending)

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next; None once the tracker is closed."""
        try:
            return self._events.get(timeout=GATHER_S)
        except queue.Empty:
            return self._write_pending

    def _guarded(self, event: Callable[[], None]) -> None:
        """What else goes wrong with one thing must not keep the rest from being told, and is said at the end."""
        try:
            event()
        except Exception as error:
            log.exception("MLflow was not told")
            self._writes.lack([None], str(error).partition("\n")[0] or type(error).__name__)

    def _write_pending(self) -> None:
        self._runs.write_pending()
        self._told_at = time.monotonic()
