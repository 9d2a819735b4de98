"""Legs that have ended, of which Ray Tune keeps more than anybody needs."""

from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial


class EndedLegs(Callback):
    """Has Tune forget what an ended leg was told and has answered: the study keeps it.

    Tune holds the configs of all members three times, and again, with the last result, in the state that it writes to
    disk every few seconds; it would grow by tens of kilobytes with every trial.
    """

    def on_trial_complete(self, iteration: int, trials: list[Trial], trial: Trial, **info: Any) -> None:
        """A leg has ended, and its search has been told."""
        # The second is private to the class: the config before its placeholders are resolved, of which ours has none.
        vars(trial).update({"config": {}, "_Trial__unresolved_config": {}, "evaluated_params": {}})
        trial.run_metadata.last_result = {"trial_id": trial.trial_id, "done": True}
        trial.run_metadata.invalidate_cache()
        trial.invalidate_json_state()
