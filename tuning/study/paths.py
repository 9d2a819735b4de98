"""Where anything lies on disk; the one owner of file names.

runs/                            --root, or LOCKSTEP_ROOT
  studies.db                     Optuna's storage, the one truth
  mlflow.db  artifacts/          what MLflow keeps
  logs/                          tracebacks of what should not have happened
  studies/<study>/
    lock                         held by the process that runs the study
    trials/00012/seed-0/         best.pt and latest.pt of a member (trainables/base/checkpoint.py)
    confirm/00012/seed-<seed>/   the same of a training that confirms a trial
    ray/                         Ray Tune's own files of the run; not needed to go on
"""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT_VARIABLE = "LOCKSTEP_ROOT"
URI_VARIABLE = "MLFLOW_TRACKING_URI"
"""Names another MLflow than the home's own."""


@dataclass(frozen=True)
class Home:
    """The folder that holds all studies."""

    root: Path

    @classmethod
    def at(cls, root: str | Path | None) -> "Home":
        """The folder named, else the one of the environment variable, else runs/ here."""
        return cls(Path(root or os.environ.get(ROOT_VARIABLE) or "runs").absolute())

    @property
    def storage_url(self) -> str:
        """Optuna's storage, where none else is named."""
        return f"sqlite:///{self.database}"

    @property
    def database(self) -> Path:
        """The file of Optuna's storage."""
        return self.root / "studies.db"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store, where none else is named."""
        return f"sqlite:///{self.tracking_database}"

    @property
    def tracking_database(self) -> Path:
        """The file of MLflow's store."""
        return self.root / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """What MLflow keeps beside its store."""
        return self.root / "artifacts"

    @property
    def logs(self) -> Path:
        """Tracebacks of what should not have happened."""
        return self.root / "logs"

    def study(self, name: str) -> Path:
        """The folder of a study."""
        return self.root / "studies" / name

    def lock(self, name: str) -> Path:
        """Held by the process that runs the study."""
        return self.study(name) / "lock"

    def ray(self, name: str, began: int) -> Path:
        """Ray Tune's own files of one run of a study, begun at this time."""
        return self.study(name) / "ray" / str(began)

    def confirming(self, name: str, trial: int, seed: int) -> Path:
        """The folder of a training that confirms a trial."""
        return self.study(name) / "confirm" / f"{trial:05d}" / f"seed-{seed}"

    def member(self, name: str, trial: int, place: int) -> Path:
        """The folder of a member: the trial's number, and which of the trial's seeds it is trained with."""
        return self.study(name) / "trials" / f"{trial:05d}" / f"seed-{place}"
