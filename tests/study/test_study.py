"""The study: how it is made, found and held, that what is put into it comes out again, and what is shown of it."""

import json
import math
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any, NoReturn

import commands
import legs_by_hand
import optuna
import pytest
import sweeps
from optuna.trial import TrialState
from rich.console import Console
from sweep_cases import SUPERVISED

from trainables.base.trivial_answer import TrivialAnswer
from tuning.errors import LockstepError, StudyDiffers, StudyExists, StudyNotFound, StudyRunning
from tuning.report import study_report
from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study import catalogue
from tuning.study.attributes import FORMAT
from tuning.study.legs import Leg, Plan
from tuning.study.paths import Home
from tuning.study.seeds import SEARCH_SEEDS
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation, strongest
from tuning.sweep.model import Sweep

DIVERGED, FAILED = Outcome("pruned", diverged_at=120), Outcome("failed", reason="the worker died")
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


def ended(study: Study, found: Outcome | float) -> Plan:
    """A planned trial that has come to an end."""
    plan = legs_by_hand.planned(study, learning_rate=0.01)
    outcome = found if isinstance(found, Outcome) else Outcome("complete", found)
    study.records.finish(plan.number, outcome, legs_by_hand.results(outcome.value))
    return plan


def test_a_study_is_called_after_its_sweep_with_the_first_free_number(runs: Path) -> None:
    names = [sweeps.created(runs).name for _ in range(2)]
    names.append(sweeps.created(runs, "tiny-4").name)
    names += [sweeps.created(runs).name for _ in range(2)]
    assert names == ["tiny-1", "tiny-2", "tiny-4", "tiny-3", "tiny-5"]
    assert sweeps.created(runs, name="other").name == "other-1"


def test_a_study_that_was_killed_while_it_was_made_is_none(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps.created(runs)
    keep, left = optuna.Study.set_user_attr, 0

    def killed(self: optuna.Study, key: str, value: Any) -> None:
        nonlocal left
        if left == 0:
            raise KeyboardInterrupt
        left -= 1
        keep(self, key, value)

    monkeypatch.setattr(optuna.Study, "set_user_attr", killed)
    for writes in range(4):
        left = writes
        with pytest.raises(KeyboardInterrupt):
            sweeps.created(runs)
    monkeypatch.undo()
    assert sweeps.opened(runs).summary().name == "tiny-1"
    with pytest.raises(StudyExists, match="'tiny-2' is that of a study whose making was cut off"):
        sweeps.created(runs, "tiny-2")


def test_legs_come_in_the_order_in_which_they_were_handed_out(runs: Path) -> None:
    study = sweeps.created(runs)
    plans = [legs_by_hand.planned(study, learning_rate=0.01)]
    for number in (99_999, 100_000, 100_001):
        study.records.open_leg(Leg(f"leg-{number:05d}", plans, 0, 0, 200))
    study.records.open_leg(Leg("leg-10001", plans, 0, 0, 200))
    assert [leg.name for leg in study.records.legs()] == ["leg-10001", "leg-99999", "leg-100000", "leg-100001"]


def test_a_name_that_is_taken_is_refused_with_what_to_do_instead(runs: Path) -> None:
    sweeps.created(runs, "mine")
    with pytest.raises(StudyExists, match=r"'mine'.*`tuning show mine`.*--name.*'tiny-1'") as caught:
        sweeps.created(runs, "mine")
    assert isinstance(caught.value, LockstepError)
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["mine"]


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (("--name", "mine"), "there is a study 'mine' already: "),
        (("--name", "é" * 128), "name: 'é"),
        (("--name", "a/b"), "name: 'a/b' should be one that a folder can have"),
        (("--set", "start_from=my"), "start_from: neither a study in "),
        (("--storage", "sqlite:////proc/nope/studies.db"), "the storage sqlite:////proc/nope/studies.db can't be used"),
    ],
)
def test_what_is_wrong_with_a_new_study_is_said_before_workers_are_begun(
    tuning: Callable[..., commands.Said], runs: Path, option: tuple[str, str], message: str
) -> None:
    sweeps.created(runs, "mine")

    def hire(*wanted: object) -> NoReturn:
        pytest.fail("workers were begun")

    code, out, err = tuning("run", "number-match", "--root", str(runs), *option, hire=hire)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(message)
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["mine"]


def test_two_that_take_the_same_number_at_once_get_two(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweeps.created(runs)
    monkeypatch.setattr(optuna, "get_all_study_names", lambda storage: [])
    assert sweeps.created(runs).name == "tiny-2"


def test_several_that_make_the_first_study_of_a_root_at_once_get_one_each(runs: Path) -> None:
    together = Barrier(4)

    def create() -> str:
        together.wait()
        return sweeps.created(runs).name

    with ThreadPoolExecutor() as pool:
        creating = [pool.submit(create) for _ in range(together.parties)]
    assert sorted(each.result() for each in creating) == ["tiny-1", "tiny-2", "tiny-3", "tiny-4"]


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/b", "..", ".", "line\n"])
def test_a_name_that_is_no_folder_of_its_own_is_refused(runs: Path, name: str) -> None:
    with pytest.raises(LockstepError, match="name"):
        sweeps.created(runs, name)


def test_without_a_name_the_newest_is_opened(runs: Path) -> None:
    for name in ("b", "a", "c"):
        sweeps.created(runs, name)
    assert sweeps.opened(runs).name == "c"
    assert sweeps.opened(runs, "a").name == "a"
    assert catalogue.names(Home.at(runs), Home.at(runs).storage_url) == ["b", "a", "c"]


def test_a_study_of_someone_else_in_the_same_storage_is_none_of_ours(runs: Path) -> None:
    sweeps.created(runs, "ours")
    optuna.create_study(study_name="theirs", storage=catalogue.storage(Home.at(runs).storage_url))
    assert sweeps.opened(runs).name == "ours"
    with pytest.raises(StudyNotFound):
        sweeps.opened(runs, "theirs")


def test_where_there_are_none_a_person_is_told_what_makes_one_and_nothing_is_left_behind(runs: Path) -> None:
    with pytest.raises(StudyNotFound, match=r"no studies in .*`tuning run"):
        sweeps.opened(runs)
    assert not runs.exists()


@pytest.mark.parametrize(("asked", "hint"), [("tny-1", "tiny-1"), ("completely different", "later")])
def test_a_name_that_nothing_has_is_answered_with_one_that_exists(runs: Path, asked: str, hint: str) -> None:
    sweeps.created(runs)
    sweeps.created(runs, "later")
    with pytest.raises(StudyNotFound, match=f"did you mean '{hint}'"):
        sweeps.opened(runs, asked)


def test_another_storage_than_the_homes_own(runs: Path, tmp_path: Path) -> None:
    home, url = Home.at(runs), f"sqlite:///{tmp_path / 'elsewhere' / 'kept.db'}"
    assert catalogue.create(home, url, sweeps.tiny()).name == "tiny-1"
    assert catalogue.names(home, url) == ["tiny-1"]
    assert catalogue.names(home, home.storage_url) == []
    assert catalogue.opened(home, url).sweep == sweeps.tiny()


def test_the_sweep_comes_out_as_it_went_in(runs: Path) -> None:
    sweep = sweeps.tiny(time_limit="10m", workers={"count": 3, "cpus": 0.5}, seeds=2, seed=7, pack_size=6)
    home = Home.at(runs)
    catalogue.create(home, home.storage_url, sweep)
    assert sweeps.opened(runs).sweep == sweep


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


def test_how_far_the_seeds_of_a_trial_lie_apart_is_shown(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = sweeps.created(runs, seeds=3, aggregate="median")
    diverged = legs_by_hand.results(7.0, diverged_at=120)
    for members in (legs_by_hand.results(1.0, 2.0, 4.0), legs_by_hand.results(1.0, 3.0) + diverged):
        study.records.finish(legs_by_hand.planned(study).number, Outcome("complete", 2.0), members)
    first, second = study.summary().as_json()["trials"]
    assert (first["values"], first["spread"]) == ([1.0, 2.0, 4.0], pytest.approx(math.sqrt(7 / 3)))
    assert (second["values"], second["spread"]) == ([1.0, 3.0, None], pytest.approx(math.sqrt(2)))
    study_report.show(study.summary(), Console(width=100))
    said = capsys.readouterr().out
    assert "2 ± 1.528" in said
    assert "± the standard deviation over a trial's seeds" in said


@pytest.mark.parametrize(("direction", "place"), [("maximize", 1), ("minimize", 2)])
def test_the_checkpoint_shown_is_that_of_the_best_member(runs: Path, direction: str, place: int) -> None:
    study = sweeps.created(runs, seeds=4, direction=direction)
    plan = legs_by_hand.planned(study)
    study.records.finish(plan.number, Outcome("complete", -2.0), legs_by_hand.results(None, -1.0, -3.0, -2.0))
    (trial,) = study.summary().trials
    assert trial.checkpoint == str(runs / "studies" / "tiny-1" / "trials" / "00000" / f"seed-{place}" / "best.pt")


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
    plan = ended(study, 1.0)
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
    ended(study, -1.0)
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


@pytest.mark.parametrize(("direction", "number"), [("maximize", 2), ("minimize", 1)])
def test_the_best_is_the_first_of_the_best_complete_trials(runs: Path, direction: str, number: int) -> None:
    study = sweeps.created(runs, direction=direction)
    for value in (0.0, -5.0, 4.0, 4.0, -5.0):
        ended(study, value)
    ended(study, DIVERGED)
    legs_by_hand.planned(study)
    best = study.summary().best
    assert best is not None
    assert best.number == number


def test_json_has_the_shape_that_is_promised(runs: Path) -> None:
    study = sweeps.created(runs)
    plans = [ended(study, -2.0), ended(study, -1.0), ended(study, DIVERGED)]
    plans += [ended(study, FAILED), legs_by_hand.planned(study, learning_rate=0.02)]
    for plan in plans[:4]:
        study.attributes.set_run(plan.number, f"run-{plan.number}")
    with study.held():
        study.attributes.set_state("running", 7.0)
        shown = json.loads(json.dumps(study.summary().as_json()))

    def trial(number: int, state: str, value: float | None, diverged_at: int | None = None) -> dict[str, Any]:
        return {
            "number": number,
            "state": state,
            "value": value,
            "params": plans[number].params,
            "run_id": None if number == 4 else f"run-{number}",
            "seeds": plans[number].seeds,
            "steps": 0 if number == 4 else 200,
            "seconds": 0 if number == 4 else 1.0,
            "diverged_at": diverged_at,
            "second": None,
            "given_up_at": None,
            "error": "the worker died" if state == "failed" else None,
            "values": [] if number == 4 else [value],
            "checkpoint": None if value is None else str(runs / f"studies/tiny-1/trials/{number:05d}/seed-0/best.pt"),
            "spread": None,
        }

    assert shown == {
        "name": "tiny-1",
        "state": "running",
        "notes": [],
        "flaw": None,
        "trivial": [],
        "unbeaten": None,
        "metric": "evaluation/return_mean",
        "direction": "maximize",
        "second": None,
        "front": None,
        "counts": {"complete": 2, "pruned": 1, "failed": 1, "running": 1, "waiting": 0},
        "ended_by": None,
        "changes": [],
        "seconds": 7.0,
        "confirm_seconds": 0.0,
        "member_steps": 800,
        "halving": None,
        "default": {"number": 0, "value": -2.0},
        "chosen": 1,
        "champion": None,
        "confirmation": None,
        "best": {
            "number": 1,
            "value": -1.0,
            "params": {"learning_rate": 0.01},
            "run_id": "run-1",
            "checkpoint": str(runs / "studies" / "tiny-1" / "trials" / "00001" / "seed-0" / "best.pt"),
        },
        "trials": [
            trial(0, "complete", -2.0),
            trial(1, "complete", -1.0),
            trial(2, "pruned", None, 120),
            trial(3, "failed", None),
            trial(4, "running", None),
        ],
    }
    waiting = study.summary().as_json()["counts"]
    assert (waiting["running"], waiting["waiting"]) == (0, 1)


def test_json_of_a_study_in_which_nothing_has_happened(runs: Path) -> None:
    shown = sweeps.created(runs).summary().as_json()
    assert (shown["best"], shown["default"], shown["trials"], shown["member_steps"]) == (None, None, [], 0)
    assert shown["counts"] == {"complete": 0, "pruned": 0, "failed": 0, "running": 0, "waiting": 0}


def test_among_equals_the_one_that_was_better_throughout_is_best(runs: Path) -> None:
    study = sweeps.created(runs, trials=3)
    for average in (0.2, 0.7, 0.4):
        plan = legs_by_hand.planned(study, learning_rate=0.01)
        study.records.finish(
            plan.number, Outcome("complete", 1.0), [MemberResult(200, 1.0, 50, average=average, points=4)]
        )
    summary = sweeps.opened(runs).summary()
    assert [trial.number for trial in summary.ranked()] == [1, 2, 0]
    assert summary.best is not None
    assert summary.best.number == 1


def test_whoever_is_first_on_fresh_seeds_is_the_one_to_use(runs: Path) -> None:
    study = sweeps.created(runs, trials=2)
    for value in (1.0, 2.0):
        ended(study, value)
    assert study.summary().chosen == study.summary().best
    candidates = [Candidate(number, False, 1.0, [1.0], 1.0, (1.0, 1.0), None) for number in (1, 0)]
    study.attributes.set_confirmation(Confirmation(candidates, None, 0, [1], None, 1))
    summary = sweeps.opened(runs).summary()
    assert summary.best is not None
    assert summary.chosen is not None
    assert (summary.best.number, summary.chosen.number) == (1, 0)


@pytest.mark.parametrize(("direction", "name"), [("maximize", "b"), ("minimize", "a")])
def test_the_strongest_trivial_answer_is_what_counts(direction: Direction, name: str) -> None:
    found = strongest([TrivialAnswer("a", 1.0, 1.0), TrivialAnswer("b", 2.0, 2.0)], direction)
    assert found is not None
    assert found.name == name
    assert strongest([], direction) is None


def test_the_file_of_an_earlier_study_still_is_its_file(runs: Path) -> None:
    home, sweep = Home.at(runs), Sweep.model_validate(SUPERVISED)
    made = catalogue.create(home, home.storage_url, sweep)
    made.optuna.set_user_attr(FORMAT, 1)
    study = catalogue.opened(home, home.storage_url)
    assert study.sweep.fixed["standardise_targets"] is False
    study.insist_on(sweep)
    with pytest.raises(StudyDiffers, match=r"fixed\.standardise_targets: is true, the study has false"):
        study.insist_on(sweep.with_settings({"fixed.standardise_targets": True}))
