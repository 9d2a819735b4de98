"""Workers that die, and environments that break: it costs the work of a leg, or the one trial that is to blame."""

import os
import signal
from pathlib import Path
from typing import Any

import drivers
import numpy as np
import pytest
import sweeps

from trainables import streams
from trainables.streams import Purpose

BREAKING = """
import gymnasium

class Breaking(gymnasium.Env):
    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed in {breaks}:
            raise OSError("the robot's arm is off")
        return 0, {{}}

    def step(self, action):
        return 1, float(action), True, False, {{}}

gymnasium.register("Breaking-v0", entry_point=Breaking)
"""
"""An environment that cannot begin the episodes of some seeds."""

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


def first_episode(seed: int, batch_size: int) -> int:
    """The seed of the first episode that a member with this seed trains on."""
    drawn = streams.Uniforms([seed], Purpose.EPISODES, batch_size).at(np.zeros(1, dtype=np.int64))
    return int(streams.episode_seeds(drawn, streams.TRAINING)[0, 0])


def test_a_trial_whose_environment_breaks_fails_alone(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "environment": "breaking:Breaking-v0",
        "fixed": {"batch_size": 10, "hidden": [8], "reports": 4},
        "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
        "pack_size": 4,
        "workers": 1,
    }
    to_blame = 2
    seed = sweeps.in_memory(sweeps.Mortal()).seeds(to_blame)[0]
    (tmp_path / "breaking.py").write_text(BREAKING.format(breaks={first_episode(seed, 10)}))
    path = sweeps.written(tmp_path, **changes)
    root = tmp_path / "runs"
    done = sweeps.tuning("run", path, "--root", str(root), cwd=tmp_path, variables={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    study = sweeps.opened(root)
    assert [leg.numbers for leg in study.legs()] == [[0, 1, 2, 3], [4, 5, 6, 7]], "nothing is tried again or split"
    trials = study.view().trials
    assert [trial.number for trial in trials if trial.state == "failed"] == [to_blame]
    assert sum(trial.state == "complete" for trial in trials) == 7
    reason = str(trials[to_blame].reason)
    told = f"(at the beginning of the episode of seed {first_episode(seed, 10)})"
    expected = f"environment: breaking:Breaking-v0 raised OSError: the robot's arm is off {told} (all of it: "
    assert reason.startswith(expected)
    assert "in reset" in Path(reason.removeprefix(expected).rstrip(")")).read_text()
    assert f"trial {to_blame}: environment: breaking:Breaking-v0 raised OSError" in " ".join(done.stdout.split())
    drivers.assert_whole(root, 8, untrained=(to_blame,))


@pytest.mark.slow
def test_a_member_that_exhausts_memory_fails_alone_whether_it_is_refused_or_killed(tmp_path: Path) -> None:
    changes: dict[str, Any] = {
        "environment": "hungry:Hungry-v0",
        "fixed": {"batch_size": 10, "hidden": [8], "reports": 4},
        "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
        "pack_size": 4,
        "workers": 1,
        "tries": 1,
    }
    refused, killed = 6, 2
    asking = sweeps.in_memory(sweeps.Mortal())
    seeds = {number: {first_episode(asking.seeds(number)[0], 10)} for number in (refused, killed)}
    (tmp_path / "hungry.py").write_text(HUNGRY.format(refused=seeds[refused], killed=seeds[killed]))
    root = tmp_path / "runs"
    done = sweeps.tuning(
        "run",
        sweeps.written(tmp_path, **changes),
        "--root",
        str(root),
        cwd=tmp_path,
        variables={"PYTHONPATH": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    legs = sweeps.opened(root).legs()
    assert [leg.numbers for leg in legs if killed in leg.numbers] == [[0, 1, 2, 3], [2, 3], [2]]
    assert [leg.numbers for leg in legs if refused in leg.numbers] == [[4, 5, 6, 7]], "its pack need not be split"
    trials = sweeps.opened(root).view().trials
    assert [trial.number for trial in trials if trial.state == "failed"] == [killed, refused]
    assert sum(trial.state == "complete" for trial in trials) == 6
    assert "MemoryError" in str(trials[refused].reason)
    assert "died" in str(trials[killed].reason)
    drivers.assert_whole(root, 8, untrained=(killed, refused))


def test_a_worker_that_is_killed_costs_no_trial(tmp_path: Path) -> None:
    with drivers.running(tmp_path, trials=8, budget=4_000, pack_size=2) as driver:
        sweeps.awaited(lambda: driver.is_training() and driver.has_finished(1), 90, "a trial finished")
        trainers = [each for each in driver.workers() if "train" in drivers.command_of(each)]
        assert trainers
        os.kill(trainers[0], signal.SIGKILL)
        _, err = driver.process.communicate(timeout=120)
    assert driver.process.returncode == 0, err
    assert sweeps.opened(tmp_path / "runs").view().count("complete") == 8
    drivers.assert_whole(tmp_path / "runs", 8)
    assert all(line.startswith("tiny-1: ") for line in err.splitlines()), err
