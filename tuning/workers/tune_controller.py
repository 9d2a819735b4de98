"""Ray Tune's own controller, but for two things: workers stay until the search is over, and do not wait to be read.

As it is, Tune keeps one idle worker at the most, and gives up a worker that is still starting as soon as another one is
free. Where legs wait for each other, or are shorter than the start of a worker, workers are thrown away and begun
again, seconds each, or a sweep of two workers is trained by one. And after each report a worker stands still until the
driver has read it, though all that it could be told is to go on; Tune's settings for more reports at once are handed on
in the wrong order (2.60).
"""

from collections.abc import Generator
from typing import Any

from ray.tune import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.result import DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT
from ray.tune.utils.object_cache import _ObjectCache

REPORT_EVERY_S, MOST_REPORTS = 2.0, 1_000
"""A worker goes on by itself for so long, or until it has so much to report, and then reports all of it."""

STANDS_STILL = (DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT)
"""Whoever reports one of these has ended, or is to be kept as it stands."""


class _KeepsAll(_ObjectCache):
    """Idle workers: all of them."""

    def cache_object(self, key: Any, obj: Any) -> bool:
        self._cached_objects[key].append(obj)
        self._num_cached_objects += 1
        return True

    def flush_cached_objects(self, force_all: bool = False) -> Generator[Any, None, None]:
        if force_all:
            yield from super().flush_cached_objects(force_all=True)


class Controller(TuneController):
    """Keeps workers from leg to leg, idle ones too, lets those that start do so, and has them train while it reads."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._actor_cache = _KeepsAll()
        self._trains_on: Trial | None = None
        """Whose reports are read while its worker trains on."""

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        starting = trial in self._trial_to_actor and trial not in self._resetting_trials
        return False if starting else bool(super()._maybe_reuse_cached_actor(trial))

    def _on_training_result(self, trial: Trial, result: list[dict[str, Any]]) -> None:
        if not any(report.get(key) for report in result for key in STANDS_STILL):
            self._schedule_trial_train(trial)
            self._trains_on = trial
        TuneController._on_training_result(self, trial, result)
        self._trains_on = None

    def _schedule_trial_train(self, trial: Trial) -> None:
        if trial is self._trains_on:
            return
        self._schedule_trial_task(
            trial=trial,
            method_name="train_buffered",
            args=(REPORT_EVERY_S, MOST_REPORTS),
            on_result=self._on_training_result,
            on_error=self._trial_task_failure,
        )


def install() -> None:
    """Have Tune run with it from now on, in this process; it has no setting for that."""
    vars(tune)["TuneController"] = Controller
