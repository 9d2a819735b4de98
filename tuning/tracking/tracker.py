"""Tells MLflow of a study while it runs, in a thread of its own, which gives way to the search."""

import logging
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
from tuning.tracking.retries import PATIENCE, Patience, Writes
from tuning.tracking.server import tracking_uri
from tuning.tracking.study_end import now_ms
from tuning.tracking.study_writer import StudyWriter
from tuning.tracking.yielding import RightOfWay

log = logging.getLogger(__name__)

READING_S, HANDING_OUT_S, BEGINNING_S = 0.05, 0.3, 0.05
"""What a leg reports is read in less, the one that follows is handed out in less, and begins in less."""


class Tracker(Observer):
    """Has MLflow told of one study, as its search, or the replay of its records, tells it.

    patience: how long MLflow is waited for.
    """

    def __init__(self, study: Study, patience: Patience = PATIENCE) -> None:
        self._study, self._patience = study, patience
        self._way = RightOfWay()
        """The search's, while it hands out legs."""
        self._writes = Writes(self._way, patience)
        self._writer = StudyWriter(study, self._writes)
        self._background = Background(self._writer.write_gathered, self._failed)
        self._interrupted = False
        """Whether nobody waited until all was told."""

    @contextmanager
    def open(self, say: Callable[[str], None] = log.info) -> Iterator["Tracker"]:
        """Tell until closed. What is left then has a minute; interrupted, it is left untold, and nothing else is.

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
                self._writes.give_up_in(self._patience.closing_s)
                self._background.close()
                try:
                    self._wait(say)
                except KeyboardInterrupt:
                    self._interrupted = True
                    # This process may go on with the study at once, and make the runs that the thread would make too.
                    self._writes.abandon()
                    self._background.has_ended(self._patience.silent_closing_s)

    def begun(self, leg: Leg) -> None:
        """Make a run of every trial of the leg."""
        self._way.take(BEGINNING_S)
        self._background.ask(partial(self._writer.begin_trials, leg.plans, leg.name))

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """Log what is new of a member's curve; of the second seed on, its place is in the names."""
        if points:
            self._way.take(READING_S)
            self._background.ask(partial(self._writer.note, plan.number, place, points, now_ms()))

    def diagnosed(self, plan: Plan, found: Diagnosis) -> None:
        """Say what ails the trial, when its run ends."""
        self._background.ask(partial(self._writer.note_diagnosis, plan.number, found))

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """End the trial's run, truly."""
        self._way.take(HANDING_OUT_S)
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

    @property
    def news(self) -> list[str]:
        """What a person should know of what MLflow was told, a line each."""
        return self._writer.news

    def _wait(self, say: Callable[[str], None]) -> None:
        if not self._background.has_ended(self._patience.silent_closing_s):
            up_to = f"up to {self._patience.closing_s:g} s"
            say(f"telling MLflow what is left, {up_to}; Ctrl-C leaves it for later")
            self._background.has_ended()

    def _failed(self, error: Exception) -> None:
        """Whatever else goes wrong with one thing, the rest is told, and a person is told of it at the end."""
        self._writes.lack([None], str(error).partition("\n")[0] or type(error).__name__)
