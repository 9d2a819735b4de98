"""What is other than in Ray Tune: workers stay until the search is over, and report what they have together."""

import os
import time
from typing import Any

from ray import tune
from ray.tune.search import Searcher

from tuning import controller, workers
from tuning.sweep import Workers


class Quick(tune.Trainable):
    """Shorter than the start of a worker."""

    def setup(self, config: dict[str, Any]) -> None:
        """Nothing to make ready."""

    def step(self) -> dict[str, Any]:
        """Which process this is."""
        time.sleep(0.02)
        return {"process": os.getpid(), "done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Any config will do."""
        return True


class TwoRounds(Searcher):
    """Twelve trials; six more, each a fifth of a second, once both workers have been idle; and who trained them."""

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


def test_both_workers_of_two_are_used_and_none_is_begun_again() -> None:
    search = TwoRounds()
    controller.install()
    with workers.team(Workers(count=2)) as team:
        config = tune.TuneConfig(search_alg=search, num_samples=-1, reuse_actors=True, max_concurrent_trials=team.count)
        tune.Tuner(Quick, tune_config=config, run_config=tune.RunConfig(verbose=0)).fit()
    assert len(search.processes) == 18
    assert len(set(search.processes)) == 2
    assert len(set(search.processes[12:])) == 2
