"""Ctrl-C, at any moment of a command: what is kept, that nothing runs on, and that the study goes on from there."""

import json
import re
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import drivers
import legs_by_hand
import pytest
import sweeps
from commands import Said
from optuna.trial import TrialState

from tuning.study.paths import Home

ENDLESS: dict[str, Any] = {"trials": 2_000, "budget": 2_000, "pack_size": 4}
"""Legs of about a second, more of them than any test waits for."""
ONE_LONG_LEG: dict[str, Any] = {
    "trials": 4,
    "budget": 10**9,
    "pack_size": 4,
    "workers": 1,
    "fixed": {**sweeps.TINY["fixed"], "reports": 1},
}


def assert_ended_cleanly(run: drivers.Driver, within: float = 120, code: int = 130) -> tuple[str, str]:
    """With this code, in time, without a traceback, without a process left; returns what it printed."""
    out, err = run.process.communicate(timeout=within)
    assert run.process.returncode == code, err
    assert "Traceback" not in err
    commands.awaited(lambda: not commands.processes(run.mark), 10, "all of its processes gone")
    return out, err


def test_ctrl_c_keeps_what_is_finished_leaves_nothing_running_and_it_goes_on(
    tmp_path: Path, tuning: Callable[..., Said]
) -> None:
    with drivers.running(tmp_path, "--json", **ENDLESS) as run:
        commands.awaited(lambda: run.has_finished(5), 300, "five trials finished")
        run.press_ctrl_c()
        out, err = assert_ended_cleanly(run)
    shown = json.loads(out)
    assert all(line.startswith("tiny-1: ") for line in err.splitlines()), err
    assert shown["state"] == "interrupted"
    assert shown["counts"]["complete"] >= 5
    assert shown["counts"]["running"] == shown["counts"]["failed"] == 0
    states = Counter(trial["state"] for trial in shown["trials"])
    assert states.keys() == {"complete", "waiting"}
    study = sweeps.opened(run.root)
    assert study.summary().as_json() == shown
    frozen = Counter(trial.state for trial in study.optuna.get_trials())
    assert frozen == {TrialState.COMPLETE: states["complete"], TrialState.WAITING: states["waiting"]}
    # The study's own run is among those that were cut short.
    assert drivers.statuses(run.root) == {"FINISHED": states["complete"], "KILLED": states["waiting"] + 1}
    for trial in shown["trials"]:
        folder = Home.at(run.root).member("tiny-1", trial["number"], 0)
        assert trial["state"] != "complete" or (folder / "best.pt").exists()
    code, out, _ = tuning("show", "--root", str(run.root))
    assert code == 0
    assert re.match(r"tiny-1: interrupted after 0:\d\d", out)

    there = len(shown["trials"])
    options = ("--trials", str(there), "--root", str(run.root), "--json")
    code, out, _ = tuning("resume", *options, hire=legs_by_hand.ByHand(trains=True))
    assert code == 0
    ended = [trial for trial in shown["trials"] if trial["state"] == "complete"]
    assert [trial for trial in json.loads(out)["trials"] if trial in ended] == ended
    drivers.assert_whole(run.root, there)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "sent", "code"),
    [
        pytest.param(drivers.Driver.tell, signal.SIGTERM, 143, marks=pytest.mark.core),
        (drivers.Driver.tell_all, signal.SIGTERM, 143),
        (drivers.Driver.tell, signal.SIGHUP, 129),
        (drivers.Driver.tell_all, signal.SIGHUP, 129),
    ],
    ids=["SIGTERM", "SIGTERM to all", "SIGHUP", "SIGHUP to all"],
)
def test_sigterm_and_sighup_end_it_as_ctrl_c_does(
    tmp_path: Path, told: Callable[..., None], sent: signal.Signals, code: int
) -> None:
    with drivers.running(tmp_path, **ENDLESS) as run:
        commands.awaited(lambda: run.has_finished(1), 300, "a trial finished")
        told(run, sent)
        out, err = assert_ended_cleanly(run, code=code)
    assert all(line.startswith("tiny-1: ") for line in err.splitlines()), err
    assert "Next: `tuning resume tiny-1` goes on with it." in out
    summary = sweeps.opened(run.root).summary()
    assert (summary.state, summary.count("running"), summary.count("failed")) == ("interrupted", 0, 0)
    assert "RUNNING" not in drivers.statuses(run.root)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["loading", "ray"])
def test_sigterm_before_anything_is_trained(tmp_path: Path, moment: str) -> None:
    with drivers.running(tmp_path, **ENDLESS) as run:
        maps = Path(f"/proc/{run.process.pid}/maps")
        reached = {
            "loading": lambda: "libtorch" in maps.read_text(),
            "ray": lambda: len(commands.processes(run.mark)) > 2,
        }
        commands.awaited(reached[moment], 300, moment)
        run.tell(signal.SIGTERM)
        assert_ended_cleanly(run, code=143)


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_a_long_leg(tmp_path: Path) -> None:
    with drivers.running(tmp_path, "--json", **ONE_LONG_LEG) as run:
        commands.awaited(run.is_training, 300, "the leg begun")
        run.press_ctrl_c()
        out, _ = assert_ended_cleanly(run)
    shown = json.loads(out)
    assert {trial["state"] for trial in shown["trials"]} == {"waiting"}
    assert drivers.statuses(run.root) == {"KILLED": 5}


@pytest.mark.slow
def test_ctrl_c_twice_in_a_row(tmp_path: Path) -> None:
    with drivers.running(tmp_path, **ENDLESS) as run:
        commands.awaited(lambda: run.has_finished(1), 300, "a trial finished")
        run.press_ctrl_c()
        run.press_ctrl_c()
        assert_ended_cleanly(run)
    summary = sweeps.opened(run.root).summary()
    assert summary.state == "interrupted"
    assert summary.count("running") == 0
    assert "RUNNING" not in drivers.statuses(run.root)


def test_ctrl_c_while_the_command_is_being_loaded(tmp_path: Path) -> None:
    with drivers.running(tmp_path) as run:
        maps = Path(f"/proc/{run.process.pid}/maps")
        commands.awaited(lambda: "libtorch" in maps.read_text(), 300, "torch being loaded")
        run.press_ctrl_c()
        out, err = assert_ended_cleanly(run)
    assert (out, err) == ("", "")
    assert not run.root.exists()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["imports", "ray", "study"])
def test_ctrl_c_before_anything_is_trained(tmp_path: Path, moment: str) -> None:
    with drivers.running(tmp_path, **ENDLESS) as run:
        reached = {
            "imports": lambda: (run.root / "logs").exists(),
            "ray": lambda: len(commands.processes(run.mark)) > 2,
            "study": lambda: run.summary() is not None,
        }
        commands.awaited(reached[moment], 300, moment)
        run.press_ctrl_c()
        assert_ended_cleanly(run)
    summary = run.summary()
    if summary is not None:
        assert summary.state == "interrupted"
        assert "RUNNING" not in drivers.statuses(run.root)
