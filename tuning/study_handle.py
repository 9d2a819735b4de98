"""A study in somebody's hands: what it has come to, as objects, tables and the trained network."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.base.checkpoint_files import CheckpointError, DamagedCheckpoint
from trainables.base.own_classes import Unimportable
from tuning.errors import LockstepError, StudyError, UnusableCheckpoint
from tuning.report.number_format import number
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.study.summary import StudySummary, TrialSummary
from tuning.sweep.model import Sweep

if TYPE_CHECKING:
    import pandas as pd

    from trainables import TrainedNetwork
    from tuning.tracking.audit import Difference
    from tuning.tracking.sync import Synced


@dataclass(frozen=True)
class StudyHandle:
    """A study by name. Everything is read afresh when it is asked for, also while another process runs the study.

    name: of the study.
    home: the folder of all studies.
    storage: URL of Optuna's storage.
    """

    name: str
    home: Home
    storage: str

    def opened(self) -> Study:
        """The study itself. Raises StudyNotFound where it is no longer there."""
        return catalogue.opened(self.home, self.storage, self.name)

    def summary(self) -> StudySummary:
        """All that there is to show, as it is now."""
        return self.opened().summary()

    @property
    def state(self) -> str:
        """running, finished, interrupted, waiting or failed."""
        return self.summary().state

    @property
    def sweep(self) -> Sweep:
        """What it runs."""
        return self.summary().sweep

    @property
    def best(self) -> TrialSummary | None:
        """The complete trial with the best value in the search; None where there is none, or two objectives."""
        return self.summary().best

    @property
    def front(self) -> list[TrialSummary]:
        """Of a sweep with two objectives the trials that no other beats; else none."""
        return self.summary().front

    @property
    def champion(self) -> TrialSummary | None:
        """The trial that fresh seeds tell apart from all other candidates; None where there is none."""
        summary = self.summary()
        return None if summary.confirmation is None else _trial(summary, summary.confirmation.champion)

    @property
    def chosen(self) -> TrialSummary | None:
        """The trial to use: the first on fresh seeds, where some were confirmed, else the best of the search."""
        return self.summary().chosen

    @property
    def default(self) -> TrialSummary | None:
        """The trial of the loop's default configuration."""
        return self.summary().default

    def trials(self) -> "pd.DataFrame":
        """One row a trial, with typed columns; a parameter's is called `param.<name>` (see report/frames.py)."""
        from tuning.report import frames

        return frames.trials(self.summary())

    def curves(self) -> "pd.DataFrame":
        """What every member has reported up to its last checkpoint: trial, seed, step, metric, value.

        Raises UnusableCheckpoint for checkpoints of another version.
        """
        from trainables.base import checkpoint
        from tuning.report import frames

        def points(folder: Path) -> list[tuple[int, dict[str, float]]]:
            try:
                return checkpoint.curve(folder)
            except DamagedCheckpoint:
                return []  # it counts as none: its member begins at an earlier moment

        summary = self.summary()
        try:
            return frames.curves(
                (trial.number, seed, points(self.home.member(self.name, trial.number, place)))
                for trial in summary.trials
                for place, seed in enumerate(trial.seeds)
            )
        except CheckpointError as error:
            raise UnusableCheckpoint(str(error)) from error

    def load_best(self, trial: int | None = None) -> "TrainedNetwork":
        """The network of a trial, ready to be called: a torch.nn.Module in eval mode.

        It takes observations as the environment gives them and returns the values (DQN) or logits (REINFORCE) of the
        actions; of supervised training it takes features in the units of the data and returns targets in theirs, or the
        logits of the classes.

        trial: its number; None: the one to use, as `chosen` has it.
        Raises StudyError where there is no such trial, UnusableCheckpoint where its network can't be built here.
        """
        from trainables import TrainedNetwork

        summary = self.summary()
        wanted = summary.chosen if trial is None else _trial(summary, trial)
        if wanted is None:
            several = ", ".join(str(each.number) for each in summary.front)
            why = f"two objectives and no single best, but a front: {several}" if several else "no trial with a value"
            raise StudyError(f"{self.name!r} has {why}; load_best(trial=...) names one")
        if wanted.checkpoint is None:
            raise UnusableCheckpoint(f"trial {wanted.number} of {self.name!r} has no checkpoint yet")
        try:
            return TrainedNetwork.load(wanted.checkpoint)
        except (CheckpointError, Unimportable) as error:
            raise UnusableCheckpoint(str(error)) from error

    def audit(self) -> "list[Difference]":
        """Where the study's storage, MLflow and the checkpoints differ; nothing where they agree."""
        from tuning.tracking.audit import differences
        from tuning.workers.library_settings import during_a_run

        with during_a_run():
            return differences(self.opened())

    def sync(self) -> "Synced":
        """Tells MLflow what it has not been told of the study, if it was away, and nothing that it has.

        Raises StudyRunning where a process runs the study, ServerError where MLflow does not answer.
        """
        from tuning.tracking.sync import sync
        from tuning.workers.library_settings import during_a_run

        with during_a_run():
            return sync(self.opened())

    def __repr__(self) -> str:
        try:
            return f"<Study {_line(self.summary())}>"
        except LockstepError as error:
            return f"<Study {self.name}: {error}>"

    def _repr_html_(self) -> str:
        """In Jupyter: the best trials as a table."""
        from tuning.report import notebook
        from tuning.report.leaderboard import leaderboard

        try:
            summary = self.summary()
        except LockstepError as error:
            return f"<p>{escape(str(error))}</p>"
        table = notebook.as_html(leaderboard(summary, notebook.WIDTH)) if summary.ranked() else ""
        return f"<p>{escape(_line(summary))}</p>{table}"


def _trial(summary: StudySummary, wanted: int | None) -> TrialSummary | None:
    if wanted is None:
        return None
    found = next((each for each in summary.trials if each.number == wanted), None)
    if found is None:
        raise StudyError(f"{summary.name!r} has no trial {wanted!r}; it has {len(summary.trials)}, from 0 on")
    return found


def _line(summary: StudySummary) -> str:
    """The study in a line."""
    count = len(summary.trials)
    line = f"{summary.name}: {summary.state}, {count} {'trial' if count == 1 else 'trials'}"
    if summary.front:
        return f"{line}, a front of {len(summary.front)}"
    chosen = summary.chosen
    if chosen is None:
        return line
    how = "first on fresh seeds" if summary.confirmation else "best"
    return f"{line}; {how}: trial {chosen.number}, {summary.sweep.metric} {number(chosen.value)}"
