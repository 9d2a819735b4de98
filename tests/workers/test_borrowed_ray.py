"""Where Lockstep departs from Ray Tune: workers stay until the search is over, and train while they are read."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import commands
import pytest
import ray
import ray._private.ray_constants as ray_constants
import ray._private.utils as ray_utils
import ray._private.worker as ray_worker
from ray import tune
from ray.exceptions import (
    ActorUnavailableError,
    NodeDiedError,
    OutOfMemoryError,
    RayActorError,
    RayTaskError,
    WorkerCrashedError,
)
from ray.tune import tune as tune_module
from ray.tune.execution.tune_controller import TuneController
from ray.tune.search import Searcher

from trainables.base.checkpoint_files import StorageAway
from tuning.sweep.sections import Workers
from tuning.workers import borrowed
from tuning.workers.team import open_team


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


def in_turn() -> type[tune.Trainable]:
    """A class that notes in a file what is done with it, and asks to be kept after its second step."""

    class InTurn(tune.Trainable):
        """Four steps, each of which ends a report."""

        def setup(self, config: dict[str, Any]) -> None:
            """Where to note it."""
            self._notes = Path(config["notes"])

        def step(self) -> dict[str, Any]:
            """Train."""
            self._note(f"step {self.iteration + 1}")
            return {"process": 0, "done": self.iteration == 3, "should_checkpoint": self.iteration == 1}

        def save_checkpoint(self, checkpoint_dir: str) -> None:
            """Be kept."""
            self._note("kept")

        def _note(self, what: str) -> None:
            with self._notes.open("a") as notes:
                notes.write(what + "\n")

    return InTurn


class Slow(Searcher):
    """One trial, whose reports are read for as long as it takes its worker to come further, if it ever does."""

    def __init__(self, notes: Path) -> None:
        super().__init__(metric="process", mode="max")
        self._notes, self.begun, self.read = notes, False, list[tuple[int, bool]]()

    def suggest(self, trial_id: str) -> Any:
        """Just once."""
        if self.begun:
            return Searcher.FINISHED
        self.begun = True
        return {"notes": str(self._notes)}

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Note which report it is, and whether the next step was done meanwhile."""
        step = result["training_iteration"]
        give_up_at = time.monotonic() + (1.0 if step == 2 else 30.0)
        while not (further := f"step {step + 1}" in self._notes.read_text()) and time.monotonic() < give_up_at:
            time.sleep(0.01)
        self.read.append((step, further))

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        """The last report comes with the end."""
        assert result is not None
        self.read.append((result["training_iteration"], False))


def fitted(folder: Path, trainable: type[tune.Trainable], search: Searcher, workers: int) -> None:
    """Let Tune run the search with our controller."""
    config = tune.TuneConfig(search_alg=search, num_samples=-1, reuse_actors=True, max_concurrent_trials=workers)
    kept = tune.CheckpointConfig(checkpoint_at_end=False)
    run = tune.RunConfig(verbose=0, storage_path=str(folder), checkpoint_config=kept)
    with borrowed.controller():
        tune.Tuner(trainable, tune_config=config, run_config=run).fit()


@pytest.fixture(scope="module")
def team() -> Iterator[None]:
    with open_team(Workers(count=2)):
        yield


@pytest.fixture(autouse=True)
def without_loggers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")


def test_two_workers_train_from_beginning_to_end(tmp_path: Path, team: None) -> None:
    search = TwoRounds()
    fitted(tmp_path, quick(), search, workers=2)
    assert len(search.processes) == 18
    assert len(set(search.processes)) == 2
    assert len(set(search.processes[12:])) == 2


def test_a_worker_trains_on_while_its_report_is_read_unless_it_is_to_be_kept_as_it_stands(
    tmp_path: Path, team: None
) -> None:
    search = Slow(tmp_path / "notes")
    fitted(tmp_path, in_turn(), search, workers=1)
    assert search.read == [(1, True), (2, False), (3, True), (4, False)]
    assert (tmp_path / "notes").read_text().splitlines() == ["step 1", "step 2", "kept", "step 3", "step 4"]


def test_no_folder_of_the_driver_is_on_the_path_of_its_workers(team: None) -> None:
    @ray.remote
    def path() -> list[str]:
        return sys.path

    # What a job brings along comes before Ray's own folders.
    assert Path(ray.get(path.remote())[0]).is_relative_to(Path(ray.__file__).parent)


def test_ray_packs_no_folder_unless_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "RAY_ENABLE_UV_RUN_RUNTIME_ENV"
    monkeypatch.delenv(name, raising=False)
    before = vars(ray_constants)[name]
    assert before is True
    with borrowed.without_packing():
        assert vars(ray_constants)[name] is False
    monkeypatch.setenv(name, "1")
    with borrowed.without_packing():
        assert vars(ray_constants)[name] is True
    assert vars(ray_constants)[name] is before


def test_tune_has_its_own_controller_again_whatever_happens() -> None:
    within: list[Any] = []

    def interrupted() -> None:
        with borrowed.controller():
            within.append(vars(tune_module)["TuneController"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [each.func for each in within] == [borrowed.Controller]
    assert vars(tune_module)["TuneController"] is TuneController


def test_what_ray_says_of_workers_goes_to_whoever_listens_and_is_printed_again_afterwards() -> None:
    heard: list[str] = []
    printing = ray_worker.print_to_stdstream
    with borrowed.said_to(heard.append):
        ray_worker.print_to_stdstream({"lines": ["a worker", "has died"]}, False)
    assert heard == ["a worker\nhas died"]
    assert ray_worker.print_to_stdstream is printing


def test_sigterm_stays_whose_it_was_while_ray_is_initialised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray and its part in C++ each take it over; both are stood in for here."""

    def ours(number: int, frame: Any) -> None:
        raise AssertionError("nobody is told")

    before = signal.signal(signal.SIGTERM, ours)
    try:
        with borrowed.sigterm_left_alone():
            ray_utils.set_sigterm_handler(signal.SIG_IGN)
            assert signal.getsignal(signal.SIGTERM) is ours
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) is ours
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with borrowed.sigterm_left_alone():
            ray_utils.set_sigterm_handler(signal.SIG_IGN)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN, "nobody's was Ray's to take"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_stopped_workers_go_on_to_notice_that_their_ray_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    raylet = SimpleNamespace(process=SimpleNamespace(pid=os.getpid()))
    monkeypatch.setattr(ray_worker, "_global_node", SimpleNamespace(all_processes={"raylet": [raylet]}))
    with subprocess.Popen(["sleep", "60"]) as worker:
        worker.send_signal(signal.SIGSTOP)
        commands.awaited(lambda: _state(worker.pid) == "T", 10, "it has stopped")
        borrowed.let_workers_go_on()
        commands.awaited(lambda: _state(worker.pid) == "S", 10, "it goes on")
        worker.kill()


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]


DIED = "The actor died because its node has died. Node Id: 0123"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (RayTaskError("train", "Traceback", ValueError("too small")), "trial"),
        (RayTaskError("train", "Traceback", OSError(28, "No space left on device")), "cluster"),
        (RayTaskError("train", "Traceback", OSError(2, "No such file or directory")), "trial"),
        (RayActorError(error_msg="OSError: [Errno 28] No space left on device", actor_init_failed=True), "cluster"),
        (RayTaskError("train", "Traceback", StorageAway(116, "Stale file handle")), "cluster"),
        (RayActorError(error_msg="ValueError: too small", actor_init_failed=True), "trial"),
        (RayActorError(error_msg="StorageAway: Stale file handle", actor_init_failed=True), "cluster"),
        (RayActorError(error_msg="The actor is dead because its worker process has died."), "worker"),
        (RayActorError(error_msg=DIED), "cluster"),
        (RayActorError(error_msg="The actor is dead.\nThe actor never ran - it was cancelled"), "cluster"),
        (RayActorError(error_msg="drained", preempted=True), "cluster"),
        (ActorUnavailableError("no route to host", None), "cluster"),
        (OutOfMemoryError("the node has run out of memory"), "worker"),
        (WorkerCrashedError(), "worker"),
        (NodeDiedError("it is unreachable"), "cluster"),
    ],
)
def test_whose_fault_an_error_is(error: BaseException, fault: str) -> None:
    assert borrowed.fault_of(error) == fault
