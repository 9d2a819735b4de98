"""Ray Tune's own controller, but for one thing: a worker that has been started stays until the search is over.

As it is, Tune keeps one idle worker at the most, and gives up a worker that is still starting as soon as another one is
free. Where legs wait for each other, or are shorter than the start of a worker, workers are thrown away and begun
again, seconds each, or a sweep of two workers is trained by one.
"""

from collections.abc import Generator
from typing import Any

from ray.tune import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.utils.object_cache import _ObjectCache


class _KeepsAll(_ObjectCache):
    """Idle workers: all of them."""

    def cache_object(self, key: Any, obj: Any) -> bool:
        self._cached_objects[key].append(obj)
        self._num_cached_objects += 1
        return True

    def flush_cached_objects(self, force_all: bool = False) -> Generator[Any, None, None]:
        if force_all:
            yield from super().flush_cached_objects(force_all=True)


class KeepsWorkers(TuneController):
    """Keeps workers from leg to leg, idle ones too, and lets those that are starting start."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._actor_cache = _KeepsAll()

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        starting = trial in self._trial_to_actor and trial not in self._resetting_trials
        return False if starting else bool(super()._maybe_reuse_cached_actor(trial))


def keep() -> None:
    """Have Tune run with it from now on, in this process; it has no setting for that."""
    tune.TuneController = KeepsWorkers
