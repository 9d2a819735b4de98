"""What Ray Tune tells its callbacks alone: why a leg failed."""

from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from tuning.workers.leg_searcher import LegSearcher


class LegErrors(Callback):
    """Tells a search of its legs that failed, and why."""

    def __init__(self, searcher: LegSearcher) -> None:
        self._searcher = searcher

    def on_trial_recover(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A worker has died, and its leg is tried again."""
        self._searcher.tried_again(trial.trial_id)

    def on_trial_error(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A leg has failed for good."""
        self._searcher.failed(trial.trial_id, _cause(trial))

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its callbacks, which nothing reads back."""
        return {}


def _cause(trial: Trial) -> str:
    """The last line of the error, which names it, and where the whole of it is."""
    if trial.error_file is None:
        return "the worker died"
    # Read where Tune writes it: its copy in the study's folder, which stays, is made a while later.
    written = Path(trial.error_file)
    lines = written.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"{lines[-1].strip()} (all of it: {trial.path}/{written.name})"
