"""Workers that hang: what ends them, what it costs, and what is said of it."""

import os
import re
import signal
from pathlib import Path
from typing import Any

import commands
import drivers
import pytest
import sweeps
from test_faults import BATCH_SIZE, episode

from trainables.streams import CONFIRMATION, evaluation_seeds
from tuning.study.paths import Home

HANGING = '''
import ctypes
import os
import pathlib
import os
import re
import signal
import signal
import time

import gymnasium

class Hanging(gymnasium.Env):
    """Earns what it is given; in episodes of some seeds it hangs."""

    observation_space, action_space = gymnasium.spaces.Discrete(2), gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.hangs = seed in {hangs}
        if self.hangs and "{how}" == "reset":
            time.sleep(3_600)
        return 0, {{}}

    def step(self, action):
        if self.hangs and "{how}" == "sleep":
            time.sleep(3_600)
        if self.hangs and "{how}" == "spin":
            while True:
                pass
        if self.hangs and "{how}" == "lock":
            re.match("(a+)+b", "a" * 60)
        if self.hangs and "{how}" == "foreign lock":
            ctypes.PyDLL(None).sleep(3_600)
        return 1, float(action), True, False, {{}}

gymnasium.register("Hanging-v0", entry_point=Hanging)
'''
HUNG = 2
"""The trial that hangs, in its first episode."""
PATIENT_S = round(5 * min(4.0, max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))))
"""More where this machine has much to do, as a worker that waits for a core does not answer either."""
SILENT_S = f"({'|'.join(str(PATIENT_S + late) for late in range(10))})"
"""What is said of it, as a regular expression: a little more, until somebody looks."""
SWEEP: dict[str, Any] = {
    "environment": "hanging:Hanging-v0",
    "fixed": {"batch_size": BATCH_SIZE, "hidden": [8], "reports": 4},
    "search": {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}},
    "pack_size": 4,
    "workers": {"count": 1, "stall_timeout": PATIENT_S},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "where"),
    [
        ("sleep", "hung in environment.step at step 1 of the episode of seed {seed} (in step, {file} line"),
        ("reset", "hung in environment.reset at the beginning of the episode of seed {seed} (in reset, {file} line"),
        ("spin", "hung in environment.step at step 1 of the episode of seed {seed} (in step, {file} line"),
        ("lock", "hung in environment.step, in code that keeps Python's lock (in step, {file} line"),
        ("foreign lock", "hung in environment.step, in code that keeps Python's lock (in step, {file} line"),
    ],
)
def test_a_member_that_hangs_its_pack_is_found_and_the_others_finish(tmp_path: Path, how: str, where: str) -> None:
    module = tmp_path / "hanging.py"
    module.write_text(HANGING.format(hangs={episode(HUNG)}, how=how))
    ran = drivers.ran(tmp_path, sweeps.written(tmp_path, **SWEEP), PYTHONPATH=commands.python_path(tmp_path))
    assert ran.done.returncode == 0, ran.done.stderr
    assert "Traceback" not in ran.done.stderr
    assert not commands.processes(ran.mark)
    trials = ran.study.summary().trials
    assert [trial.number for trial in trials if trial.state == "failed"] == [HUNG]
    assert sum(trial.state == "complete" for trial in trials) == 7
    assert [leg.numbers for leg in ran.study.records.legs() if HUNG in leg.numbers][-1] == [HUNG]
    reason = str(trials[HUNG].reason)
    assert reason.startswith(where.format(seed=episode(HUNG), file=module)), reason
    kept = Path(reason.partition("all of it: ")[2].rstrip(")"))
    assert kept == Home.at(ran.home.root).member("tiny-1", HUNG, 0) / "error.txt"
    assert f'"{module}"' in kept.read_text()
    said = [line for line in ran.done.stderr.splitlines() if "has not answered" in line]
    assert re.fullmatch(rf"tiny-1: worker 1 has not answered for {SILENT_S} s: ended, its leg is tried again", said[0])
    assert re.fullmatch(r"tiny-1: worker 2 .*: ended, its leg is divided to find who hangs it", said[1])
    assert re.fullmatch(r"tiny-1: worker \d .*: ended, its trial has failed", said[-1])
    drivers.assert_whole(ran.home.root, 8, untrained=(HUNG,))


def workers(run: drivers.Driver) -> list[int]:
    """The processes that train, or wait for something to train."""
    named = ("ray::Reinforce", "ray::ResourceTrainable")
    return [each for each in commands.processes(run.mark) if drivers.command_of(each).startswith(named)]


def training(run: drivers.Driver) -> list[int]:
    """The processes that train: those that begin may take longer to answer, and those that wait are not missed."""
    run.assert_alive()
    return [each for each in workers(run) if drivers.command_of(each).startswith("ray::ResourceTrainable.train")]


LONG: dict[str, Any] = {
    "trials": 4,
    "budget": 40_000,
    "pack_size": 2,
    "workers": {"count": 2, "stall_timeout": PATIENT_S},
    # A compiler may take longer to answer, too.
    "fixed": {**sweeps.TINY["fixed"], "compile": "never"},
}
"""Two legs, of several seconds each."""


@pytest.mark.slow
@pytest.mark.core
def test_a_worker_that_is_stopped_costs_what_it_did_since_its_checkpoint_and_the_timeout(tmp_path: Path) -> None:
    with drivers.running(tmp_path, **LONG) as run:
        stopped = commands.awaited(lambda: training(run), 400, "a worker that trains")[0]
        os.kill(stopped, signal.SIGSTOP)
        _, err = run.process.communicate(timeout=400)
        assert run.process.returncode == 0, err
        commands.awaited(lambda: not commands.processes(run.mark), 60, "all of its processes gone")
    said = [line for line in err.splitlines() if "has not answered" in line]
    assert len(said) == 1, err
    assert re.fullmatch(rf"tiny-1: worker \d has not answered for {SILENT_S} s: ended, its leg is tried again", said[0])
    assert "Traceback" not in err
    drivers.assert_whole(run.root, 4)


@pytest.mark.slow
def test_a_study_whose_time_is_over_ends_though_its_leg_hangs_and_the_leg_waits(tmp_path: Path) -> None:
    (tmp_path / "hanging.py").write_text(HANGING.format(hangs={episode(HUNG)}, how="sleep"))
    limited = {**SWEEP, "time_limit": 2, "tries": 9}
    ran = drivers.ran(tmp_path, sweeps.written(tmp_path, **limited), PYTHONPATH=commands.python_path(tmp_path))
    assert ran.shown["ended_by"] == "time_limit", ran.done.stderr
    assert ran.shown["counts"]["waiting"] == 4
    assert ran.shown["counts"]["failed"] == 0
    said = [line for line in ran.done.stderr.splitlines() if "has not answered" in line]
    assert len(said) == 1, "it is not tried again"
    assert said[0].endswith("ended, its leg waits to be gone on with")
    assert not commands.processes(ran.mark)


@pytest.mark.slow
def test_ctrl_c_ends_a_study_whose_worker_is_stopped(tmp_path: Path) -> None:
    with drivers.running(tmp_path, **{**LONG, "workers": {"count": 2, "stall_timeout": "never"}}) as run:
        commands.awaited(run.is_training, 300, "the legs begun")
        os.kill(commands.awaited(lambda: workers(run), 300, "a worker")[0], signal.SIGSTOP)
        run.press_ctrl_c()
        _, err = run.process.communicate(timeout=300)
        assert run.process.returncode == 130, err
        commands.awaited(lambda: not commands.processes(run.mark), 60, "all of its processes gone")
    assert "Traceback" not in err


@pytest.mark.slow
def test_what_hangs_in_the_confirmation_alone_can_not_be_confirmed(tmp_path: Path) -> None:
    seeds = {int(each) for each in evaluation_seeds(0, 5, CONFIRMATION)}
    (tmp_path / "hanging.py").write_text(HANGING.format(hangs=seeds, how="sleep"))
    changes = {**SWEEP, "trials": 2, "pack_size": 2, "tries": 1, "confirm": {"top": 2, "seeds": 2, "episodes": 5}}
    ran = drivers.ran(tmp_path, sweeps.written(tmp_path, **changes), PYTHONPATH=commands.python_path(tmp_path))
    assert ran.done.returncode == 0, ran.done.stderr
    assert ran.shown["counts"]["complete"] == 2
    assert "nothing could be confirmed: hung in environment.step at step 1 of the episode of seed" in ran.done.stderr
    assert not commands.processes(ran.mark)


@pytest.mark.slow
def test_a_worker_that_hangs_while_it_is_given_another_leg_is_ended_too(tmp_path: Path) -> None:
    """Tune leaves a leg behind whose worker dies in that moment."""
    later = 5
    (tmp_path / "hanging.py").write_text(HANGING.format(hangs={episode(later)}, how="reset"))
    ran = drivers.ran(tmp_path, sweeps.written(tmp_path, **SWEEP), PYTHONPATH=commands.python_path(tmp_path))
    assert ran.done.returncode == 0, ran.done.stderr
    states = [trial.state for trial in ran.study.summary().trials]
    assert states == ["failed" if number == later else "complete" for number in range(8)]
    drivers.assert_whole(ran.home.root, 8, untrained=(later,))
