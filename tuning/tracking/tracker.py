"""Tells MLflow of a study while it runs, in a thread of its own, which gives way to the search.

Neither a server that is away nor one that is slow holds the search up: what it is to be told waits, and what has no
room is kept in the study all the same (waiting.py). What it has not been told in the end, the next who goes on with the
study tells it, or `tuning sync`: both hear the study's records told again (study/replay.py).
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tuning.diagnosis.verdict import Diagnosis
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import sqlite
from tuning.study.legs import Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.study.urls import without_password
from tuning.tracking.background import Background
from tuning.tracking.live_metrics import LiveMetrics
from tuning.tracking.retries import PATIENCE, Patience, Writes
from tuning.tracking.server import tracking_uri
from tuning.tracking.study_end import now_ms
from tuning.tracking.study_writer import StudyWriter
from tuning.tracking.waiting import Reported, Waiting
from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)

READING_S, HANDING_OUT_S, BEGINNING_S = 0.05, 0.3, 0.05
"""What a leg reports is read in less, the one that follows is handed out in less, and begins in less."""

SLOW_S, SLOW = 30.0, "it is slow to answer"
"""Whoever answers, but has not been told all for so long, is behind."""


class Tracker(Observer):
    """Has MLflow told of one study, as its search, or the replay of its records, tells it.

    patience: how long MLflow is waited for.
    clock, sleep: by which it is waited, in seconds.
    """

    def __init__(
        self,
        study: Study,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._study, self._patience = study, patience
        self._way = RightOfWay(clock, sleep)
        """The search's, while it hands out legs."""
        self._writes, self._waiting = Writes(self._way, patience, clock, sleep), Waiting()
        self._live = LiveMetrics(study.sweep, lambda: study.clock.seconds)
        self._writer = StudyWriter(study, self._writes, self._waiting, self._live)
        self._background = Background(self._writer.write_waiting, self._failed)
        self._left = ""
        """Why nobody waited until all was told, if nobody did."""

    @contextmanager
    def open(self, say: Callable[[str], None] = log.info) -> Iterator["Tracker"]:
        """Tell until closed. What is left then has a minute; after that, or interrupted, it is left untold.

        say: tells a person what is waited for, if it takes long.
        """
        with sqlite.write_ahead(self._study.home.tracking_database):
            self._background.ask(self._writer.begin)
            self._background.start()
            try:
                yield self
            except BaseException:
                self._background.ask(self._writer.cut_off)
                raise
            finally:
                self._close(say)

    def begun(self, leg: Leg) -> None:
        """Make a run of every trial of the leg."""
        self._way.take(BEGINNING_S)
        self._live.begun(leg)
        self._background.ask(partial(self._writer.begin_trials, leg.plans, leg.name))

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """Log what is new of a member's curve; of the second seed on, its place is in the names."""
        self._live.reported(plan, place, points, result)
        if points:
            self._way.take(READING_S)
            self._waiting.note(plan.number, Reported(place, points, now_ms()))

    def diagnosed(self, plan: Plan, found: Diagnosis) -> None:
        """Say what ails the trial, when its run ends."""
        self._background.ask(partial(self._writer.note_diagnosis, plan.number, found))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        self._way.take(HANDING_OUT_S)
        self._live.finished(plan, found, members)
        self._background.ask(partial(self._writer.end_trial, plan.number, found, members))

    def replayed(self) -> None:
        """Go on with the runs of trials that have not ended."""
        self._background.ask(self._writer.go_on)

    def ended(self, summary: StudySummary) -> None:
        """End the study's run, and those of trials that wait; keep the best checkpoints."""
        self._background.ask(partial(self._writer.end, summary))

    def keep_text(self, name: str, make: Callable[[], str]) -> None:
        """Keep a text as a file of the study's own run. make: what makes it, in the thread that tells MLflow."""
        self._background.ask(lambda: self._writer.keep_text(name, make()))

    @property
    def points_told(self) -> int:
        """How many values of the trials' curves MLflow has taken."""
        return self._writer.points_told

    @property
    def behind(self) -> str | None:
        """How far MLflow is behind, and why; None where it follows."""
        count, away = self._waiting.behind, self._writes.away
        if not away and (count == 0 or self._background.since_pause_s < SLOW_S):
            return None
        why = self._writes.why if away else SLOW
        return f"MLflow is {count:,} point{'s' * (count != 1)} behind: {why}"

    @property
    def shortfall(self) -> str | None:
        """What a person should know of what MLflow was not told; None where it was told all."""
        writes, name, home = self._writes, self._study.name, self._study.home
        if not writes.untold and not self._left:
            return None
        why = self._left or (writes.why if writes.away else f"{writes.why} (more in {home.logs / 'tuning.log'})")
        return (
            f"MLflow at {without_password(tracking_uri(home))} was not told all of {name}: {why}; "
            f"`tuning sync {name}` tells it the rest, which the study keeps"
        )

    @property
    def news(self) -> list[str]:
        """What a person should know of what MLflow was told, a line each."""
        return self._writer.news

    def _close(self, say: Callable[[str], None]) -> None:
        trials, patience = self._study.sweep.trials, self._patience
        closing_s = patience.closing_s + patience.closing_a_trial_s * trials
        self._writes.give_up_in(closing_s)
        self._background.close()
        try:
            if self._background.has_ended(patience.silent_closing_s):
                return
            say(f"telling MLflow what is left, up to {closing_s:.0f} s; Ctrl-C leaves it for later")
            while not self._background.has_ended(closing_s):
                if self._writes.given_up:
                    self._left = self._writes.why if self._writes.away else SLOW
                    break
            else:
                return
        except KeyboardInterrupt:
            self._left = "that was interrupted"
        # This process may go on with the study at once, and make the runs that the thread would make too.
        self._writes.abandon()
        self._background.has_ended(patience.last_write_s)

    def _failed(self, error: Exception) -> None:
        """Whatever else goes wrong with one thing, the rest is told, and a person is told of it at the end."""
        self._writes.lack([None], str(error).partition("\n")[0] or type(error).__name__)
