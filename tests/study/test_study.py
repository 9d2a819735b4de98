"""The study: who holds it, its seeds, and that what is put into it comes out again."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from optuna.trial import TrialState

from tuning.errors import StudyRunning
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg
from tuning.study.seeds import SEARCH_SEEDS

HOLDER = """
import sys
from tuning.report import study_report
from tuning.study import catalogue
from tuning.study.paths import Home

home = Home.at(sys.argv[1])
with catalogue.opened(home, home.storage_url).held():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_driver(root: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the study, until it is killed or this ends."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.kill()


def test_legs_come_in_the_order_in_which_they_were_handed_out(runs: Path) -> None:
    study = sweeps.created(runs)
    plans = [legs_by_hand.planned(study, learning_rate=0.01)]
    for number in (99_999, 100_000, 100_001):
        study.records.open_leg(Leg(f"leg-{number:05d}", plans, 0, 0, 200))
    study.records.open_leg(Leg("leg-10001", plans, 0, 0, 200))
    assert [leg.name for leg in study.records.legs()] == ["leg-10001", "leg-99999", "leg-100000", "leg-100001"]


def test_what_is_kept_of_a_trial_comes_out_again(runs: Path) -> None:
    study = sweeps.created(runs, seeds=2)
    plan = legs_by_hand.planned(study, learning_rate=0.01, schedule="cosine")
    study.attributes.set_run(plan.number, "run-of-0")
    members = [
        MemberResult(200, -1.0, 100, seconds=1.25),
        MemberResult(150, -3.0, 50, seconds=1.5),
    ]
    study.records.finish(plan.number, Outcome("complete", -2.0), members, {100: -3.0, 200: -2.0})
    (trial,) = sweeps.opened(runs).summary().trials
    assert (trial.rungs, trial.last) == ({100: -3.0, 200: -2.0}, (200, -2.0))
    assert trial.ended is not None
    assert (trial.number, trial.state, trial.value, trial.default) == (0, "complete", -2.0, True)
    assert (trial.params, trial.seeds, trial.run_id) == (plan.params, plan.seeds, "run-of-0")
    assert (trial.steps, trial.seconds, trial.diverged_at, trial.reason) == (350, 2.75, None, None)


@pytest.mark.parametrize(
    ("found", "told", "state"),
    [
        (Outcome("complete", 3.0), TrialState.COMPLETE, "complete"),
        (Outcome("pruned"), TrialState.PRUNED, "pruned"),
        (Outcome("pruned", None, 120, "the loss is not finite"), TrialState.PRUNED, "pruned"),
        (Outcome("failed", reason="the worker died"), TrialState.FAIL, "failed"),
    ],
)
def test_optuna_is_told_the_truth(runs: Path, found: Outcome, told: TrialState, state: str) -> None:
    study = sweeps.created(runs)
    plan = legs_by_hand.planned(study)
    study.records.finish(plan.number, found, legs_by_hand.results(found.value))
    again = sweeps.opened(runs)
    (frozen,), (trial,) = again.optuna.get_trials(), again.summary().trials
    assert (frozen.state, frozen.value) == (told, found.value)
    assert (trial.state, trial.value, trial.diverged_at, trial.reason) == (
        state,
        found.value,
        found.diverged_at,
        found.reason,
    )


def test_a_run_can_be_set_after_its_trial_has_ended(runs: Path) -> None:
    study = sweeps.created(runs)
    plan = legs_by_hand.ended(study, 1.0)
    study.attributes.set_run(plan.number, "late")
    assert [trial.run_id for trial in sweeps.opened(runs).summary().trials] == ["late"]


def test_a_trial_put_back_waits_with_how_far_it_came(runs: Path) -> None:
    study = sweeps.created(runs)
    plan = legs_by_hand.planned(study, learning_rate=0.01)
    study.records.put_back(plan.number, legs_by_hand.results(-1.5))
    again = sweeps.opened(runs)
    (trial,) = again.summary().trials
    assert (trial.state, trial.value, trial.steps, trial.params) == ("waiting", None, 200, plan.params)
    assert [frozen.state for frozen in again.optuna.get_trials()] == [TrialState.WAITING]


def test_seeds_are_repeatable_and_no_two_members_share_one(runs: Path, tmp_path: Path) -> None:
    study, again = sweeps.created(runs, seeds=3), sweeps.created(tmp_path / "again", seeds=3)
    drawn = [study.training_seeds(number) for number in range(200)]
    assert drawn == [again.training_seeds(number) for number in range(200)]
    every = [seed for seeds in drawn for seed in seeds]
    assert len(set(every)) == len(every) == 600
    assert all(0 <= seed < SEARCH_SEEDS for seed in every)


def test_another_seed_of_the_search_trains_with_others(runs: Path) -> None:
    one, other = sweeps.created(runs, seed=1), sweeps.created(runs, seed=2)
    assert {*one.training_seeds(0), *one.training_seeds(1)}.isdisjoint(
        {*other.training_seeds(0), *other.training_seeds(1)}
    )


def test_more_seeds_begin_with_those_of_fewer(runs: Path) -> None:
    few, many = sweeps.created(runs, seeds=1), sweeps.created(runs, seeds=4)
    assert many.training_seeds(5)[:1] == few.training_seeds(5)


def test_one_process_at_a_time_runs_a_study(runs: Path) -> None:
    study = sweeps.created(runs)
    with study.held(), pytest.raises(StudyRunning, match="another process is running 'tiny-1'"), study.held():
        pass
    with study.held():
        assert study.summary().state == "running"


def test_a_study_runs_while_its_driver_lives_and_is_interrupted_when_it_has_died(runs: Path) -> None:
    study = sweeps.created(runs)
    study.attributes.set_state("running", 1.0)
    legs_by_hand.ended(study, -1.0)
    legs_by_hand.planned(study)
    with another_driver(runs) as driver:
        assert (study.summary().state, [trial.state for trial in study.summary().trials]) == (
            "running",
            ["complete", "running"],
        )
        with pytest.raises(StudyRunning), study.held():
            pass
        driver.send_signal(signal.SIGKILL)
        driver.wait(10)
        assert (study.summary().state, [trial.state for trial in study.summary().trials]) == (
            "interrupted",
            ["complete", "waiting"],
        )


@pytest.mark.parametrize("state", ["finished", "interrupted", "failed"])
def test_a_study_that_was_closed_is_as_its_driver_left_it(runs: Path, state: Any) -> None:
    study = sweeps.created(runs)
    study.attributes.set_state(state, 12.3456)
    summary = sweeps.opened(runs).summary()
    assert (summary.state, summary.seconds) == (state, 12.346)


def test_tracking_is_kept(runs: Path) -> None:
    study = sweeps.created(runs)
    assert study.summary().tracking == {}
    study.attributes.set_tracking({"experiment_id": "1", "run_id": "abc"})
    assert sweeps.opened(runs).summary().tracking == {"experiment_id": "1", "run_id": "abc"}
