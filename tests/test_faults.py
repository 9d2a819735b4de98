"""Environments that break, configurations that diverge, workers that die: what it costs, and what is said of it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import drivers
import mortal_storage
import numpy as np
import pytest
import sweeps
from commands import Said
from drivers import Ran

from trainables import streams

BREAKING = '''
import os
import pathlib
import signal

import gymnasium

KILLED = pathlib.Path(__file__).with_name("killed")

class Breaking(gymnasium.Env):
    """Earns a multiple of what it is given.

    In episodes of some seeds it breaks at once; in those of others it kills its process, the first time.
    """

    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def __init__(self, times=3):
        self._times = times

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed in {breaks}:
            raise OSError("the robot's arm is off")
        if seed in {kills} and not KILLED.exists():
            KILLED.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return 0, {{}}

    def step(self, action):
        return 1, float(action * self._times), True, False, {{}}

gymnasium.register("Breaking-v0", entry_point=Breaking, max_episode_steps=1)
'''
BATCH_SIZE = 10
HARMLESS, DIVERGING = (1e-12, 2e-12, 3e-12, 4e-12), (1e30, 2e30, 3e30, 4e30)
"""Learning rates."""
TROUBLE: dict[str, Any] = {
    "environment": "breaking:Breaking-v0",
    "trials": 9,
    "pack_size": 4,
    "workers": 1,
    "sampler": "random",
    "fixed": {"batch_size": BATCH_SIZE, "hidden": [8], "reports": 4, "optimizer": "sgd", "reward_scale": 1e10},
    "search": {
        # As many as two packs have members: no configuration is tried twice.
        "learning_rate": {"choices": [*HARMLESS, *DIVERGING]},
        # The loop's default is neither of them, so the first trial is a pack of its own.
        "environment_args": {"choices": [{"times": 1}, {"times": 2}]},
    },
}
DEFAULT, UNLUCKY, KILLER = 0, 2, 4
"""Two trials whose first episode breaks the environment, which its trial run can't know, and one that kills its worker
halfway."""
HUNGRY = """
import os
import resource
import signal
import gymnasium

def exhausted():
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, before[1]))
    try:
        return bytearray(2**30)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)

class Hungry(gymnasium.Env):
    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed in {refused}:
            exhausted()
        if seed in {killed}:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0, {{}}

    def step(self, action):
        return 1, float(action), True, False, {{}}

gymnasium.register("Hungry-v0", entry_point=Hungry)
"""
"""An environment that wants more memory than its process may have; for some seeds the kernel ends the process."""
LEAKING = HUNGRY.replace(
    """    try:
        return bytearray(2**30)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
""",
    """    return bytearray(2**30)
""",
)
"""The same, and its process never has more memory again."""


def episode(trial: int, update: int = 0) -> int:
    """The seed of the first episode that a trial of the tiny sweep trains on in this update."""
    seeds = mortal_storage.in_memory(mortal_storage.Mortal()).training_seeds(trial)
    drawn = streams.Uniforms(seeds[:1], streams.Purpose.EPISODES, BATCH_SIZE).at(np.array([update]))
    return int(streams.episode_seeds(drawn, streams.TRAINING)[0, 0])


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A sweep of which some trials break their environment, some diverge, one kills its worker and some do well."""
    root = tmp_path_factory.mktemp("trouble")
    (root / "breaking.py").write_text(
        BREAKING.format(breaks={episode(DEFAULT), episode(UNLUCKY)}, kills={episode(KILLER, update=10)})
    )
    return drivers.ran(root, sweeps.written(root, **TROUBLE), PYTHONPATH=commands.python_path(root))


def test_an_environment_that_breaks_fails_its_own_trials_alone(trouble: Ran) -> None:
    assert trouble.done.returncode == 0, trouble.done.stderr
    assert trouble.shown["state"] == "finished"
    assert [leg.numbers for leg in trouble.study.records.legs()] == [[0], [1, 2, 3, 4], [5, 6, 7, 8]], (
        "none again or split"
    )
    states = {trial["number"]: trial["state"] for trial in trouble.shown["trials"]}
    assert [number for number, state in states.items() if state == "failed"] == [0, UNLUCKY]
    assert trouble.shown["trials"][0]["value"] is None
    assert set(states.values()) == {"failed", "complete", "pruned"}
    drivers.assert_whole(trouble.home.root, 9, untrained=(0, UNLUCKY))


def test_a_worker_that_is_killed_costs_no_trial(trouble: Ran) -> None:
    """Its leg is trained again on another; the records of the legs know nothing of it."""
    assert (trouble.home.root.parent / "killed").exists()
    killer = trouble.study.summary().trials[KILLER]
    assert (killer.state, killer.steps, killer.reason) == ("complete", 200, None)


def test_failures_are_told_in_our_words_alone(trouble: Ran) -> None:
    assert all(line.startswith("tiny-1: ") for line in trouble.done.stderr.splitlines()), trouble.done.stderr


def test_what_broke_is_said(trouble: Ran, tuning: Callable[..., Said]) -> None:
    default, unlucky = (trouble.study.summary().trials[number] for number in (DEFAULT, UNLUCKY))
    broke = "environment: breaking:Breaking-v0 raised OSError: the robot's arm is off"
    assert str(default.reason).startswith(broke)
    told = f"(at the beginning of the episode of seed {episode(UNLUCKY)})"
    whole = re.fullmatch(
        rf"{re.escape(broke)} \(.*breaking\.py:\d+\) {re.escape(told)} \(all of it: (.*)\)", unlucky.reason or ""
    )
    assert whole is not None
    assert "in reset" in Path(whole[1]).read_text()
    code, out, _ = tuning("show", "--root", str(trouble.home.root))
    assert code == 0
    assert "2 failed" in out
    assert f"trial {UNLUCKY}: environment: breaking:Breaking-v0 raised OSError" in " ".join(out.split())


def test_a_configuration_that_diverges_says_when(trouble: Ran) -> None:
    pruned = [trial for trial in trouble.shown["trials"] if trial["state"] == "pruned"]
    assert pruned
    for trial in pruned:
        assert trial["value"] is None
        assert 0 <= trial["diverged_at"] == trial["steps"] < 200
        assert trial["params"]["learning_rate"] in DIVERGING
    others = [trial for trial in trouble.shown["trials"] if trial["state"] == "complete"]
    assert others
    assert {trial["params"]["learning_rate"] for trial in others} <= {*HARMLESS}


def test_mlflow_tells_failed_from_diverged(trouble: Ran) -> None:
    of_trial = trouble.told.of_trial
    states = {trial.number: trial for trial in trouble.study.summary().trials}
    for number, run in of_trial.items():
        trial = states[number]
        expected = "diverged" if trial.diverged_at is not None else trial.state
        assert run.data.tags["lockstep.state"] == expected
        assert run.info.status == ("FAILED" if expected == "failed" else "FINISHED")
        assert run.data.tags.get("lockstep.diverged_at") == (
            None if trial.diverged_at is None else str(trial.diverged_at)
        )


@pytest.mark.slow
def test_a_member_that_exhausts_memory_fails_alone_whether_it_is_refused_or_killed(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "environment": "hungry:Hungry-v0",
        "fixed": {"batch_size": BATCH_SIZE, "hidden": [8], "reports": 4},
        "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
        "pack_size": 4,
        "workers": 1,
        "tries": 1,
    }
    refused, killed = 6, 2
    (tmp_path / "hungry.py").write_text(HUNGRY.format(refused={episode(refused)}, killed={episode(killed)}))
    root = tmp_path / "runs"
    done = commands.tuning(
        "run",
        sweeps.written(tmp_path, **changes),
        "--root",
        str(root),
        cwd=tmp_path,
        variables={"PYTHONPATH": commands.python_path(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    legs = sweeps.opened(root).records.legs()
    assert [leg.numbers for leg in legs if killed in leg.numbers] == [[0, 1, 2, 3], [2, 3], [2]]
    assert [leg.numbers for leg in legs if refused in leg.numbers] == [[4, 5, 6, 7]], "its pack need not be split"
    trials = sweeps.opened(root).summary().trials
    assert [trial.number for trial in trials if trial.state == "failed"] == [killed, refused]
    assert sum(trial.state == "complete" for trial in trials) == 6
    assert "MemoryError" in str(trials[refused].reason)
    assert "died" in str(trials[killed].reason)
    drivers.assert_whole(root, 8, untrained=(killed, refused))


@pytest.mark.slow
def test_a_worker_that_has_run_out_of_memory_is_replaced(tmp_path: Path) -> None:
    leaking = 1
    (tmp_path / "hungry.py").write_text(LEAKING.format(refused={episode(leaking)}, killed=set()))
    changes = {
        "environment": "hungry:Hungry-v0",
        "fixed": {"batch_size": BATCH_SIZE, "hidden": [8], "reports": 4},
        "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
        "trials": 4,
        "pack_size": 1,
        "workers": 1,
        "tries": 1,
    }
    ran = drivers.ran(tmp_path, sweeps.written(tmp_path, **changes), PYTHONPATH=commands.python_path(tmp_path))
    assert ran.done.returncode == 0, ran.done.stderr
    trials = ran.study.summary().trials
    assert [trial.state for trial in trials] == ["complete", "failed", "complete", "complete"]
    assert "MemoryError" in str(trials[leaking].reason)
    drivers.assert_whole(ran.home.root, 4, untrained=(leaking,))
