"""The way in for Python: what its functions take, what they raise, and what a run leaves of itself in a process."""

import json
import os
import signal
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import uuid4

import commands
import drivers
import legs_by_hand
import pandas as pd
import pytest
import sweeps
from python_guide import snippets

import tuning
from tuning import (
    ArgumentError,
    LockstepError,
    StudyHandle,
    StudyNotFound,
    Sweep,
    SweepError,
    confirm,
    resume,
    run,
    studies,
)
from tuning.search.leg_source import LegSource
from tuning.study.paths import Home
from tuning.study.study import Study

QUICK: dict[str, Any] = {"trials": 4, "pack_size": 2, "workers": 1, "tracking": "off", "sampler": "random"}


def test_every_public_name_is_there() -> None:
    assert {name for name in tuning.__all__ if getattr(tuning, name) is None} == set()
    assert {*tuning.__all__} <= {*dir(tuning)}
    with pytest.raises(AttributeError, match="has no attribute 'walk'"):
        _ = tuning.walk  # type: ignore[attr-defined]


def test_every_error_is_of_one_tree() -> None:
    errors = [getattr(tuning, name) for name in tuning.__all__ if isinstance(getattr(tuning, name), type)]
    assert all(issubclass(each, LockstepError) for each in errors if issubclass(each, Exception))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: run(5), ArgumentError, "sweep: should be a Sweep, a preset's name or a path, is 5"),  # type: ignore[arg-type]
        (lambda: run("number-macth"), SweepError, "did you mean number-match"),
        (lambda: run("number-match", trials=0), SweepError, "trials: should be at least 1, is 0"),
        (lambda: run("number-match", set={"fixed.gama": 1.0}), SweepError, "fixed.gama: .*did you mean gamma"),
        (lambda: run("number-match", set={"fixed.gamma": object()}), SweepError, "fixed.gamma: should be text, a fin"),
        (lambda: run("number-match", address="127.0.0.1:9"), LockstepError, "no Ray cluster can be reached there"),
        (lambda: resume("nobody"), StudyNotFound, "there are no studies in"),
        (lambda: resume(5), ArgumentError, "study: should be a StudyHandle or a name, is 5"),  # type: ignore[arg-type]
        (lambda: run("number-match", name=5), ArgumentError, "name: should be a text, is 5"),  # type: ignore[arg-type]
        (
            lambda: run("number-match", set=["budget=5"], root=3),  # type: ignore[arg-type]
            ArgumentError,
            r"set: should be a mapping of key paths to values, is \['budget=5'\]\nroot: should be a path, is 3",
        ),
        (lambda: resume(set="budget"), ArgumentError, "set: should be a mapping"),  # type: ignore[arg-type]
        (lambda: confirm(address=7), ArgumentError, "address: should be the address of"),  # type: ignore[arg-type]
        (lambda: studies(storage=Path("x")), ArgumentError, "storage: should be the URL"),  # type: ignore[arg-type]
        (lambda: run("number-match", set={5: 1}), SweepError, "5 should be a key path"),  # type: ignore[dict-item]
        (lambda: run("number-match", name="  "), LockstepError, "name: '  ' should be one that a folder can have"),
    ],
)
def test_what_a_person_can_mend_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Any, error: type[Exception], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        call()


def test_settings_of_a_study_that_rests_are_checked(runs: Path) -> None:
    sweeps.created(runs, **QUICK)
    (study,) = studies(runs)
    with pytest.raises(ArgumentError, match="root, storage: should be left out"):
        resume(study, root=runs)
    with pytest.raises(SweepError, match=r"budget: .*only .*trials.* can change"):
        resume(study, set={"budget": 400})
    with pytest.raises(SweepError, match=r"confirm\.top: should be at least 1, is 0"):
        confirm(study, top=0)


def test_a_run_and_what_follows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    sweeps.written(tmp_path, **QUICK)
    hire = legs_by_hand.ByHand()
    study = run("~/tiny.yaml", root="~/studies", trials=3, seed=7, set={"fixed.gamma": 0.9}, hire=hire)
    assert (study.name, study.state, study.home.root) == ("tiny-1", "finished", tmp_path / "studies")
    assert (study.sweep.trials, study.sweep.seed, study.sweep.fixed["gamma"]) == (3, 7, 0.9)
    again = run(Sweep(**{**sweeps.TINY, **QUICK}), root="studies", name="again", workers=2, hire=hire)
    assert (again.sweep.workers.count, [each.name for each in studies("studies")]) == (2, ["tiny-1", "again"])
    assert resume(study, trials="+2", hire=hire).sweep.trials == 5
    assert resume("tiny-1", trials=6, root="studies", hire=hire) == study
    assert len(study.trials()) == 6
    confirmed = confirm(study, top=2, seeds=3, hire=hire)
    assert confirmed == study
    assert confirmed.sweep.confirm is not None
    assert (confirmed.sweep.confirm.top, confirmed.sweep.confirm.seeds) == (2, 3)
    assert confirmed.summary().confirmation is not None
    assert capfd.readouterr() == ("", "")


def test_data_may_lie_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "cases.csv").write_text("a,b\n1,2\n2,3\n3,4\n4,5\n")
    search = {"learning_rate": {"low": 1e-3, "high": 1e-1}}
    sweep = Sweep(name="cases", loop="supervised", data="~/cases.csv", budget=10, search=search)
    assert sweep.data == str(tmp_path / "cases.csv")


def test_progress_is_drawn_where_it_is_asked_for(
    runs: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    run(Sweep(**{**sweeps.TINY, **QUICK}), root=runs, progress=True, hire=legs_by_hand.ByHand())
    said = capfd.readouterr()
    assert said.out == ""
    assert "tiny-1" in said.err


def test_what_a_person_should_know_in_any_case_is_a_warning(runs: Path) -> None:
    class Dying:
        """Workers whose disk is full."""

        count = 1

        def train(self, study: Study, source: LegSource[Any]) -> None:
            while source.next("pack") is not None:
                source.failed("pack", "the disk is full")

    study = run(Sweep(**{**sweeps.TINY, **QUICK}), root=runs, hire=legs_by_hand.ByHand())
    with pytest.warns(UserWarning, match="nothing could be confirmed: the disk is full"):
        confirm(study, hire=lambda wanted, address: nullcontext(Dying()))


def test_ctrl_c_leaves_a_study_that_goes_on(runs: Path) -> None:
    with pytest.raises(KeyboardInterrupt, match=r"'tiny-1' was interrupted; resume\('tiny-1'\) goes on with it"):
        run(Sweep(**{**sweeps.TINY, **QUICK}), root=runs, hire=legs_by_hand.ByHand(legs=1))
    assert studies(runs)[0].state == "interrupted"
    study = resume(root=runs, hire=legs_by_hand.ByHand())
    assert (study.state, len(study.trials())) == ("finished", 4)
    with pytest.raises(KeyboardInterrupt, match="the confirmation of 'tiny-1' was interrupted"):
        confirm(study, hire=legs_by_hand.ByHand(legs=0))


STATE = """
import json, logging, os, signal, sys, warnings
import tuning.runner  # what libraries do when they are imported is theirs

def state():
    return {
        "environment": dict(os.environ),
        "signals": [str(signal.getsignal(each)) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)],
        "levels": {name: logging.getLogger(name).level for name in ("mlflow", "optuna", "alembic", "ray.tune.tune")},
        "switch interval": sys.getswitchinterval(),
        "handlers": len(logging.getLogger("tuning").handlers),
        "hook": str(sys.excepthook),
        "breakpoint": str(sys.breakpointhook),
        "standard output": str(sys.stdout),
        "folder": os.getcwd(),
    }

before = state()
"""

AFTER = """
after = state()
print(json.dumps({name: [before[name], after[name]] for name in before if before[name] != after[name]}))
"""


def in_a_process(folder: Path, code: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Runs code as a script in a folder, with a home of its own."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=commands.surrounding(HOME=str(folder), **variables),
        capture_output=True,
        text=True,
        timeout=400,
    )


def test_the_guide_runs_in_a_process_and_leaves_it_as_it_was(tmp_path: Path) -> None:
    codes = snippets(tmp_path)
    (own_ray,) = [place for place, code in enumerate(codes) if "ray.init" in code]
    codes.insert(own_ray, AFTER)
    ended = in_a_process(tmp_path, STATE + "\n".join(codes) + "\nassert ray.is_initialized()\n")
    assert ended.returncode == 0, ended.stderr
    shown, listed, left, *problems = ended.stdout.splitlines()
    assert shown.startswith("<Study cartpole-dqn-1: finished, 8 trials; first on fresh seeds: trial ")
    assert listed == "cartpole-dqn-1 finished"
    assert json.loads(left) == {}
    assert {line.partition(":")[0] for line in problems} == {"trials", "fixed.gama"}
    # What there is was said by Ray, when the script began one by itself.
    assert [line for line in ended.stderr.splitlines() if "ray" not in line.lower()] == []
    trials = StudyHandle("cartpole-dqn-1", Home.at(tmp_path / "runs"), Home.at(tmp_path / "runs").storage_url).trials()
    assert isinstance(trials, pd.DataFrame)
    assert list(trials["state"]) == ["complete"] * 16


INTERRUPTED = """
from tuning import resume, run, studies

try:
    run("tiny.yaml")
except KeyboardInterrupt as interrupt:
    print(interrupt, flush=True)
(study,) = studies()
print(study.state, flush=True)
input()
study = resume(study, trials=len(study.trials()))
print(study.state)
"""


@pytest.mark.slow
@pytest.mark.core
def test_ctrl_c_in_a_script_ends_the_workers_and_the_script_goes_on(tmp_path: Path) -> None:
    sweeps.written(tmp_path, trials=2_000, budget=2_000, pack_size=4, tracking="off")
    mark = uuid4().hex
    script = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        env=commands.surrounding(HOME=str(tmp_path), MARK=mark),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with script:
        driver = drivers.Driver(script, tmp_path / "runs", mark)
        try:
            commands.awaited(lambda: driver.has_finished(4), 90, "four trials finished")
            driver.press_ctrl_c()
            assert script.stdout is not None
            said = [script.stdout.readline().rstrip() for _ in range(2)]
            assert said == ["'tiny-1' was interrupted; resume('tiny-1') goes on with it", "interrupted"]
            commands.awaited(lambda: commands.processes(mark) == [script.pid], 20, "the workers gone")
            out, err = script.communicate("\n", timeout=200)
        finally:
            for left in commands.processes(mark):
                os.kill(left, signal.SIGKILL)
    assert (script.returncode, out) == (0, "finished\n"), err
    summary = sweeps.opened(tmp_path / "runs").summary()
    assert {trial.state for trial in summary.trials} == {"complete"}
