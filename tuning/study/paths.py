"""Where anything lies on disk; the one owner of file names.

runs/                            --root, or LOCKSTEP_ROOT
  studies.db                     Optuna's storage, the one truth
  mlflow.db  artifacts/          what MLflow keeps
  studies.lock  mlflow.lock      held while their tables, or an experiment, are made
  proofs/                        what the nodes of a cluster write while they prove that they have this folder
  logs/                          what our own code has to say, and tracebacks of what should not have happened
  studies/<study>/
    lock                         held by the process that runs the study
    trials/00012/seed-0/         best.pt and latest.pt of a member (trainables/base/checkpoint.py), and reported.json
                                 where it could not be trained (tuning/study/kept_curves.py)
    confirm/00012/seed-<seed>/   the same of a training that confirms a trial
    ray/                         Ray Tune's own files of the run; not needed to go on
    signs/                       what workers say of themselves while they train (trainables/base/pulse.py)
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tuning.errors import StorageError
from tuning.study.urls import of_database

ROOT_VARIABLE = "LOCKSTEP_ROOT"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""Also with one slash, which is left of two in a Path."""
STORAGE_VARIABLE = "LOCKSTEP_STORAGE"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
"""Names another MLflow than the home's own."""


@dataclass(frozen=True)
class Home:
    """The folder that holds all studies."""

    root: Path

    @classmethod
    def at(cls, root: str | Path | None) -> "Home":
        """The folder of all studies: this one, else the one that ROOT_VARIABLE names, else runs/ here.

        Raises StorageError where that is the URL of something else.
        """
        named = os.path.expanduser(root or os.environ.get(ROOT_VARIABLE) or "runs")
        if _URL.match(named):
            url = re.sub(":/(?!/)", "://", named, count=1)
            raise StorageError(
                f"the root {url} should be a folder, which all nodes of a cluster have; object stores, such as those "
                "of s3:// and gs://, can't be trained into"
            )
        return cls(Path(named).absolute())

    @property
    def storage_url(self) -> str:
        """Optuna's storage, where none else is named."""
        return of_database(self.database)

    def storage(self, url: str | None) -> str:
        """Optuna's storage: this one, else the one that STORAGE_VARIABLE names, else the home's own."""
        return url or os.environ.get(STORAGE_VARIABLE) or self.storage_url

    @property
    def database(self) -> Path:
        """The file of Optuna's storage."""
        return self.root / "studies.db"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store, where none else is named."""
        return of_database(self.tracking_database)

    @property
    def tracking_database(self) -> Path:
        """The file of MLflow's store."""
        return self.root / "mlflow.db"

    @property
    def tracking_lock(self) -> Path:
        """Held while an experiment of MLflow is looked for and made."""
        return self.root / "mlflow.lock"

    @property
    def artifacts(self) -> Path:
        """What MLflow keeps beside its store."""
        return self.root / "artifacts"

    @property
    def logs(self) -> Path:
        """What our own code has to say, and tracebacks of what should not have happened."""
        return self.root / "logs"

    @property
    def proofs(self) -> Path:
        """What the nodes of a cluster write while they prove that they have this folder."""
        return self.root / "proofs"

    def study(self, name: str) -> Path:
        """The folder of a study."""
        return self.root / "studies" / name

    def lock(self, name: str) -> Path:
        """Held by the process that runs the study."""
        return self.study(name) / "lock"

    def ray(self, name: str, began: int) -> Path:
        """Ray Tune's own files of one run of a study, begun at this time."""
        return self.study(name) / "ray" / str(began)

    def signs(self, name: str, began: int) -> Path:
        """What the workers of one run of a study, begun at this time, say of themselves while they train."""
        return self.study(name) / "signs" / str(began)

    def confirming(self, name: str, trial: int, seed: int) -> Path:
        """The folder of a training that confirms a trial.

        name: of the study.
        trial: the number of the trial.
        seed: the training's own, which no search has used.
        """
        return self.study(name) / "confirm" / f"{trial:05d}" / f"seed-{seed}"

    def member(self, name: str, trial: int, place: int) -> Path:
        """The folder of a member.

        name: of the study.
        trial: the number of the member's trial.
        place: which of the trial's seeds the member is trained with.
        """
        return self.study(name) / "trials" / f"{trial:05d}" / f"seed-{place}"
