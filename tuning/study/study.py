"""The study: a sweep as it runs and rests. Optuna's storage is the one truth about it; nothing else is needed to go on.

Its parts are `attributes` (what is kept of it as a whole), `records` (of its trials and legs) and `clock` (its time).
"""

import _thread
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import optuna
from optuna.storages import RDBStorage

from tuning.errors import Problem, StudyDiffers, StudyRunning, SweepError
from tuning.study import changes, file_locks
from tuning.study.attributes import Attributes
from tuning.study.clock import Clock, Now
from tuning.study.lease import Lease
from tuning.study.optuna_tables import Tables
from tuning.study.paths import Home
from tuning.study.patience import Patience
from tuning.study.patient_storage import PatientStorage
from tuning.study.records import Records
from tuning.study.seeds import training_seeds
from tuning.study.summarise import summarise
from tuning.study.summary import StudySummary
from tuning.sweep import kept_sweep
from tuning.sweep.model import Sweep


class Study:
    """One study, open."""

    def __init__(self, home: Home, kept: RDBStorage, study: optuna.Study, now: Now = time.monotonic) -> None:
        """Open a study that is there.

        home: where its files lie.
        kept: the storage that holds it.
        study: the study as Optuna has it.
        now: what its seconds are counted by.
        """
        self.home, self.optuna, self.name = home, study, study.study_name
        study_id = kept.get_study_id_from_name(self.name)
        self.patience = kept.patience if isinstance(kept, PatientStorage) else Patience()
        self.patience.study = self.name
        tables, self._lease = Tables(kept.engine, study_id, self.patience), Lease(kept.engine, study_id)
        self.attributes = Attributes(study, tables)
        self.clock = Clock(self.attributes, tables, now)
        self.records = Records(study, tables, self.clock)
        self._sweep: Sweep | None = None

    @property
    def sweep(self) -> Sweep:
        """What it runs. Raises SweepError where it can't be run here, as where the loop can't be imported."""
        if self._sweep is None:
            try:
                self._sweep = kept_sweep.to_go_on(self.attributes.sweep, self.attributes.kept_as)
            except SweepError as error:
                raise SweepError(map(self._flaw, error.problems)) from error
        return self._sweep

    def _flaw(self, problem: Problem) -> Problem:
        return Problem(self.name, f"can't be gone on with here: {problem}")

    def change(self, sweep: Sweep) -> None:
        """Go on with another sweep: more trials, another time limit, another search."""
        change = changes.between(self.sweep, sweep, first=max(self.records.plans(), default=-1) + 1)
        with self.records.at_once():
            self.attributes.set_sweep(sweep)
            if change is not None:
                self.attributes.add_change(change)
        if change is not None:
            # What has ended the search is over: there is more of it.
            self.attributes.set_ended_by(None)
        self._sweep = sweep

    def insist_on(self, sweep: Sweep) -> None:
        """Raises StudyDiffers, with what differs, where this is not a study of the sweep."""
        # A file says today what it said then, and what it leaves out means what it meant.
        then = kept_sweep.to_go_on(sweep.model_dump(mode="json"), self.attributes.kept_as)
        found = kept_sweep.differences(self.sweep, then)
        if found:
            raise StudyDiffers(f"{self.name!r} is a study of another sweep:\n" + "\n".join(map(str, found)))

    @contextmanager
    def held(self, say: Callable[[str], None] = lambda line: None) -> Iterator[None]:
        """Hold the study: this process runs it, as long as it lives; interrupted where it was taken for dead.

        say: tells a person what is waited for.
        Raises StudyRunning where another process runs it, on whatever machine.
        """
        # The lock tells of processes of this folder at once, the lease of all others that have the storage.
        with file_locks.held(self.home.lock(self.name)) as ours:
            if not ours:
                owner = self._lease.owner()
                raise StudyRunning(
                    f"another process is running {self.name!r} now" + ("" if owner is None else f": {owner}")
                )
            with self._lease.held(_thread.interrupt_main, say) as other:
                if other is not None:
                    raise StudyRunning(
                        f"another process is running {self.name!r} now, from another folder or machine: {other}"
                    )
                yield

    def training_seeds(self, trial: int) -> list[int]:
        """The seeds that the search trains a trial with, one a member; the same whenever the study is run."""
        return training_seeds(self.sweep.seed, trial, self.sweep.seeds)

    def summary(self) -> StudySummary:
        """All that there is to show, as it is now, also of a study that can't be run here."""
        sweep = self._sweep or kept_sweep.to_show(self.attributes.sweep)
        problem = kept_sweep.flaw(sweep)
        flaw = None if problem is None else str(self._flaw(problem))
        held = file_locks.is_held(self.home.lock(self.name))
        return summarise(self.optuna, self.home, sweep, flaw, held)
