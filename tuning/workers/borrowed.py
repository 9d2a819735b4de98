"""Private parts of Ray that the workers stand on, each with the reason: seen in Ray 2.60.0.

tests/workers/test_borrowed_ray.py fails where the library changes one of them.

- `TuneController` and its actor cache: Tune keeps one idle worker at the most, and gives up a worker that is still
  starting as soon as another one is free. Where legs wait for each other, or are shorter than the start of a worker,
  workers are thrown away and begun again, seconds each, or a sweep of two workers is trained by one. And after each
  report a worker stands still until the driver has read it, though all that it could be told is to go on. Tune has a
  setting for neither, nor one for the controller that it runs with. Nor does it end a worker that hangs; and one that
  dies while it is given another leg leaves that leg behind for ever.
- `JobConfig._runtime_env_has_working_dir`: Ray puts the driver's folders first on the path of its workers, where a file
  called numpy.py takes the place of NumPy. Only who has a working folder packed and sent to the workers is spared.
- `ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV`: under `uv run` Ray packs the current folder, with all studies and data
  in it, and makes the environment anew for its workers. The variable of that name is read when Ray is imported.
- `set_sigterm_handler`: `ray.init` takes over SIGTERM, whoever has it, and ends the process where it stands. So does
  its part in C++, which Python does not notice.
- `_global_node`: the processes of our own Ray. Its end waits for those that were told to end as well, as Slurm tells
  all processes of a job; and it leaves workers behind that were stopped, as they do not notice it.
- `print_to_stdstream`: Ray prints what it has to say of workers that died to standard output, even without
  log_to_driver, and has no setting against it.
"""

import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import ray
import ray._private.ray_constants as ray_constants
import ray._private.utils as ray_utils
import ray._private.worker as ray_worker
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.job_config import JobConfig
from ray.tune import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.result import DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT
from ray.tune.utils.object_cache import _ObjectCache

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


@dataclass(frozen=True)
class InHand:
    """A leg that a worker has, or is about to have.

    ticket: of the leg, which Tune calls the id of a trial.
    worker: whatever tells it from others.
    stage: whether its process starts, or trains.
    trial: the leg as Tune has it.
    """

    ticket: str
    worker: TrackedActor
    stage: Literal["starting", "training"]
    trial: Trial

    @property
    def name(self) -> str:
        """Of the leg, for people."""
        return str(self.trial)


class Controller(TuneController):
    """Keeps workers from leg to leg, idle ones too, lets those that start do so, and has them train while it reads."""

    def __init__(self, *given: Any, watch: "Callable[[Controller], None]" = lambda _: None, **named: Any) -> None:
        """watch: is called at every step."""
        super().__init__(*given, **named)
        self._watch = watch
        self._actor_cache = _KeepsAll()
        self._trains_on: Trial | None = None
        """Whose report is read while its worker trains on."""
        self._last_failure: BaseException | None = None

    def on_step_begin(self) -> None:
        super().on_step_begin()  # type: ignore[no-untyped-call]
        self._watch(self)

    def in_hand(self) -> list[InHand]:
        """All legs that workers have, but for those that wait for room."""
        return [
            InHand(trial.trial_id, worker, "training" if worker in self._started_actors else "starting", trial)
            for worker, trial in self._actor_to_trial.items()
            if self._actor_manager.is_actor_started(worker)
        ]

    def waits(self) -> bool:
        """Whether a leg waits for room: neither has it been given any, nor is a worker free that has."""
        return any(not self._actor_manager.is_actor_started(worker) for worker in self._actor_to_trial)

    def end(self, leg: InHand, for_good: bool) -> None:
        """End the worker of a leg, which is tried again unless that is for good."""
        if for_good:
            leg.trial.max_failures = 0
        ray.kill(self._actor_manager._live_actors_to_ray_actors_resources[leg.worker][0])

    def cleanup(self) -> None:
        # What is asked of a Ray whose processes have been told to end as well is not answered for a minute.
        if not is_ending():
            super().cleanup()  # type: ignore[no-untyped-call]

    def _trial_task_failure(self, trial: Trial, exception: Exception) -> None:
        # The death of a worker is told twice where it happens before the first report of a leg.
        if exception is not self._last_failure:
            self._last_failure = exception
            self._resetting_trials.discard(trial)
            super()._trial_task_failure(trial, exception)

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        starting = trial in self._trial_to_actor and trial not in self._resetting_trials
        return False if starting else bool(super()._maybe_reuse_cached_actor(trial))

    def _on_training_result(self, trial: Trial, result: dict[str, Any] | list[dict[str, Any]]) -> None:
        results = result if isinstance(result, list) else [result]
        if not any(each.get(key) for each in results for key in STANDS_STILL):
            self._schedule_trial_train(trial)
            self._trains_on = trial
        TuneController._on_training_result(self, trial, result)
        self._trains_on = None

    def _schedule_trial_train(self, trial: Trial) -> None:
        if trial is not self._trains_on:
            super()._schedule_trial_train(trial)


class WithoutFolders(JobConfig):
    """A job whose workers have no folder of its driver's on their path; they are told where else to look."""

    def _runtime_env_has_working_dir(self) -> bool:
        return True


@contextmanager
def without_packing() -> Iterator[None]:
    """Have Ray leave the current folder unpacked within, unless the environment says otherwise."""
    name = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"
    before = vars(ray_constants)[name]
    vars(ray_constants)[name] = before if name in os.environ else False
    try:
        yield
    finally:
        vars(ray_constants)[name] = before


@contextmanager
def controller(watch: Callable[[Controller], None] | None = None) -> Iterator[None]:
    """Have Tune run with our controller within, in this process; watch: is called at each of its steps."""
    theirs = vars(tune)["TuneController"]
    vars(tune)["TuneController"] = Controller if watch is None else partial(Controller, watch=watch)
    try:
        yield
    finally:
        vars(tune)["TuneController"] = theirs


def is_ending() -> bool:
    """Whether processes of our own Ray have ended before it was asked to."""
    node = ray_worker._global_node
    return node is not None and bool(node.dead_processes())


def let_workers_go_on() -> None:
    """Have workers of our own Ray that were stopped go on, so that they notice its end."""
    node = ray_worker._global_node
    raylets: list[Any] = [] if node is None else node.all_processes.get("raylet", [])
    for raylet in raylets:
        for children in Path(f"/proc/{raylet.process.pid}/task").glob("*/children"):
            with suppress(OSError):  # gone meanwhile
                for worker in children.read_text().split():
                    os.kill(int(worker), signal.SIGCONT)


@contextmanager
def said_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Have what Ray says of workers that died told to this listener within, and not printed."""
    printing = ray_worker.print_to_stdstream
    ray_worker.print_to_stdstream = lambda data, ignore_prefix: listener("\n".join(data["lines"]))
    try:
        yield
    finally:
        ray_worker.print_to_stdstream = printing


@contextmanager
def sigterm_left_alone() -> Iterator[None]:
    """Have SIGTERM, while Ray is initialised within and afterwards, be whose it was; where it is nobody's, Ray's."""
    ours = signal.getsignal(signal.SIGTERM)
    if ours in (signal.SIG_DFL, None) or threading.current_thread() is not threading.main_thread():
        yield
        return
    theirs = ray_utils.set_sigterm_handler
    ray_utils.set_sigterm_handler = lambda handler: None
    try:
        yield
    finally:
        ray_utils.set_sigterm_handler = theirs
        # Ray's part in C++ sets its own, past Python.
        signal.signal(signal.SIGTERM, ours)
