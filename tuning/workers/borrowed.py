"""Private parts of Ray that the workers stand on, each with the reason: seen in Ray 2.60.0.

tests/workers/test_borrowed_ray.py fails where the library changes one of them.

- `TuneController` and its actor cache: Tune keeps one idle worker at the most, and gives up a worker that is still
  starting as soon as another one is free. Where legs wait for each other, or are shorter than the start of a worker,
  workers are thrown away and begun again, seconds each, or a sweep of two workers is trained by one. And after each
  report a worker stands still until the driver has read it, though all that it could be told is to go on. Tune has a
  setting for neither, nor one for the controller that it runs with. Nor does it end a worker that hangs; and one that
  dies while it is given another leg leaves that leg behind for ever. It counts all failures of a trial alike, whoever
  is to blame.
- `RayActorManager`: errors that are neither a task's nor an actor's, as where an object is lost with its node or a node
  runs out of memory, end Tune's loop, and the search with it.
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

import errno
import os
import signal
import threading
import time
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
from ray.air.execution._internal import RayActorManager
from ray.air.execution._internal.tracked_actor import TrackedActor
from ray.exceptions import (
    ActorUnavailableError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.job_config import JobConfig
from ray.tune import tune
from ray.tune.execution.tune_controller import TuneController
from ray.tune.experiment import Trial
from ray.tune.result import DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT
from ray.tune.utils.object_cache import _ObjectCache

from trainables.base.checkpoint_files import StorageAway
from tuning.rules.blame import Fault

STANDS_STILL = (DONE, RESULT_DUPLICATE, SHOULD_CHECKPOINT)
"""Whoever reports one of these has ended, or is to be kept as it stands."""


NODE_DIED = "The actor died because its node has died"
NEVER_BEGUN = "The actor never ran"
"""How Ray says it, in words alone."""

AWAY = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ESTALE, errno.EIO, errno.ENOTCONN}
"""What Linux says of a disk that is full, or a file system that is away: whatever is written at that moment."""

BEGINS_WITHIN_S = 60.0
"""A worker that was given room and is still not there after so long may never be, as where its node is lost."""


class Overseer:
    """Is told and asked of legs by their tickets, as they are trained; this one lets everything be."""

    def look(self, controller: "Controller") -> None:
        """Called at every step."""

    def counts(self, ticket: str, fault: Fault) -> bool:
        """Whether a failure counts as one of the leg's tries."""
        return True

    def is_left(self, ticket: str) -> bool:
        """Whether a leg that has failed is not to be tried again, however many tries it has."""
        return False

    def is_spent(self, ticket: str) -> bool:
        """Whether the worker of a leg that has ended is to be replaced."""
        return False


def fault_of(error: BaseException) -> Fault:
    """Whose fault an error is that Ray has told of a worker."""
    if isinstance(error, RayActorError):
        said = error.error_msg
        if error._actor_init_failed:
            away = any(word in said for word in (StorageAway.__name__, *map(os.strerror, AWAY)))
            return "cluster" if away else "trial"
        lost = NODE_DIED in said or NEVER_BEGUN in said
        return "cluster" if lost or error.preempted or isinstance(error, ActorUnavailableError) else "worker"
    if isinstance(error, RayTaskError):
        away = isinstance(error.cause, StorageAway) or getattr(error.cause, "errno", None) in AWAY
        return "cluster" if away else "trial"
    return "worker" if isinstance(error, OutOfMemoryError | WorkerCrashedError) else "cluster"


class _WorkerLost(RayActorError):
    """An error of a worker for which Ray has another class, made one that Tune can go on from."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error_msg=f"{type(error).__name__}: {error}")
        self.fault = fault_of(error)


class _Manager(RayActorManager):
    """Loses a worker, and nothing else, whatever it is that Ray tells of it."""

    def _actor_task_failed(self, tracked_actor_task: Any, exception: Exception) -> None:
        known = isinstance(exception, RayActorError | RayTaskError)
        super()._actor_task_failed(tracked_actor_task, exception if known else _WorkerLost(exception))


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

    def __init__(self, *given: Any, overseer: Overseer, **named: Any) -> None:
        """overseer: of the legs."""
        super().__init__(*given, **named)
        self._overseer = overseer
        self._actor_cache = _KeepsAll()
        self._actor_manager.__class__ = _Manager
        self._given_room_at: dict[TrackedActor, float] = {}
        """Of workers that start."""
        self._trains_on: Trial | None = None
        """Whose report is read while its worker trains on."""
        self._last_failure: BaseException | None = None

    def __getstate__(self) -> dict[str, Any]:
        # Tune pickles it now and then, which nothing reads back.
        ours = ("_overseer", "_given_room_at", "_last_failure", "_trains_on")
        return {key: value for key, value in super().__getstate__().items() if key not in ours}  # type: ignore[no-untyped-call]

    def on_step_begin(self) -> None:
        super().on_step_begin()  # type: ignore[no-untyped-call]
        self._overseer.look(self)

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
        if exception is self._last_failure:
            return
        self._last_failure = exception
        self._resetting_trials.discard(trial)
        fault = exception.fault if isinstance(exception, _WorkerLost) else fault_of(exception)
        counts = self._overseer.counts(trial.trial_id, fault)
        if self._overseer.is_left(trial.trial_id):
            trial.max_failures = 0
        elif not counts and not getattr(exception, "preempted", False):  # which Tune does not count, either
            trial.max_failures += 1
        super()._trial_task_failure(trial, exception)

    def _maybe_reuse_cached_actor(self, trial: Trial) -> bool:
        if trial not in self._resetting_trials and self._is_starting(self._trial_to_actor.get(trial)):
            return False
        return bool(super()._maybe_reuse_cached_actor(trial))

    def _is_starting(self, worker: TrackedActor | None) -> bool:
        """Whether a worker will be there in a moment; not one for which there is no room yet."""
        if worker is None or not self._actor_manager.is_actor_started(worker):
            return False
        return time.monotonic() - self._given_room_at.setdefault(worker, time.monotonic()) < BEGINS_WITHIN_S

    def _maybe_cache_trial_actor(self, trial: Trial) -> bool:
        return not self._overseer.is_spent(trial.trial_id) and bool(super()._maybe_cache_trial_actor(trial))

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
def controller(overseer: Overseer | None = None) -> Iterator[None]:
    """Have Tune run with our controller within, in this process; overseer: of its legs."""
    theirs = vars(tune)["TuneController"]
    vars(tune)["TuneController"] = partial(Controller, overseer=overseer or Overseer())
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
