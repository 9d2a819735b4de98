"""Why a leg failed, which Ray Tune tells its callbacks alone."""

from pathlib import Path
from typing import Any, Protocol

from ray.tune import Callback
from ray.tune.experiment import Trial


class Failing(Protocol):
    """A search some of whose legs may fail."""

    def failed(self, trial_id: str, error: str) -> None:
        """A leg could not be trained, however often it was tried."""


class LegErrors(Callback):
    """Tells a search of its legs that failed, and why."""

    def __init__(self, search: Failing) -> None:
        self._search = search

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A leg has failed for good."""
        self._search.failed(trial.trial_id, _cause(trial))

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks, which nothing reads back."""
        return {}


def _cause(trial: Trial) -> str:
    """The last line of the error, which names it, and where the whole of it is."""
    if trial.error_file is None:
        return "the worker died"
    # Read where Tune writes it: its copy in the study's folder, which stays, is made a while later.
    written = Path(trial.error_file)
    lines = written.read_text().strip().splitlines()
    return f"{lines[-1].strip()} (all of it: {trial.path}/{written.name})"
