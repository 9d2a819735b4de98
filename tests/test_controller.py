"""What is other than in Ray Tune: workers stay until the search is over, and report what they have together."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from ray import tune
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from tuning import controller, workers
from tuning.controller import Controller
from tuning.sweep import Workers


def quick() -> type[tune.Trainable]:
    """A class that workers are sent whole, since they do not know this module."""

    class Quick(tune.Trainable):
        """Three reports, together shorter than the start of a worker."""

        def setup(self, config: dict[str, Any]) -> None:
            """Nothing to make ready."""

        def step(self) -> dict[str, Any]:
            """Which process this is."""
            time.sleep(0.01)
            return {"process": os.getpid(), "done": self.iteration == 2}

        def reset_config(self, new_config: dict[str, Any]) -> bool:
            """Any config will do."""
            return True

    return Quick


class TwoRounds(Searcher):
    """Twelve trials; six more once both workers have been idle; and who trained them."""

    def __init__(self) -> None:
        super().__init__(metric="process", mode="max")
        self.handed_out, self.processes = 0, list[int]()

    def suggest(self, trial_id: str) -> Any:
        """None while the first round is not over."""
        if self.handed_out == 18:
            return Searcher.FINISHED
        if self.handed_out == 12 > len(self.processes):
            return None
        self.handed_out += 1
        return {"number": self.handed_out}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """Note who trained it."""
        assert result is not None
        self.processes.append(result["process"])


def test_two_workers_train_from_beginning_to_end_and_report_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    search, together = TwoRounds(), list[int]()
    hear = Controller._on_training_result

    def noted(self: Controller, trial: Trial, told: list[dict[str, Any]]) -> None:
        together.append(len(told))
        hear(self, trial, told)

    monkeypatch.setattr(Controller, "_on_training_result", noted)
    controller.install()
    with workers.team(Workers(count=2)) as team:
        config = tune.TuneConfig(search_alg=search, num_samples=-1, reuse_actors=True, max_concurrent_trials=team.count)
        kept = tune.CheckpointConfig(checkpoint_at_end=False)
        run = tune.RunConfig(verbose=0, storage_path=str(tmp_path), checkpoint_config=kept)
        tune.Tuner(quick(), tune_config=config, run_config=run).fit()
    assert len(search.processes) == 18
    assert len(set(search.processes)) == 2
    assert len(set(search.processes[12:])) == 2
    assert together == [3] * 18
