"""The audit: every way in which Optuna, MLflow and the disk may tell different stories is named, and mended."""

from collections.abc import Callable
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from audited import Kept, ended

from tuning.study.legs import Plan
from tuning.tracking.audit import differences
from tuning.tracking.repair import mend
from tuning.tracking.run_contents import FRONT, PARENT, VERDICT


def test_of_a_sound_study_there_is_nothing_to_say(kept: Kept) -> None:
    assert differences(kept.study) == []
    before = [run.to_dictionary() for run in (kept.run(None), kept.run(3))]
    mend(kept.study)
    assert differences(kept.study) == []
    assert [run.to_dictionary()["data"]["metrics"] for run in (kept.run(None), kept.run(3))] == [
        each["data"]["metrics"] for each in before
    ]


def cut_off(kept: Kept) -> None:
    kept.study.attributes.set_state("running", 1.0)


def still_running(kept: Kept) -> None:
    kept.client.update_run(kept.run(2).info.run_id, status="RUNNING")


def ended_otherwise(kept: Kept) -> None:
    kept.client.set_terminated(kept.run(1).info.run_id, "KILLED")


def own_run_running(kept: Kept) -> None:
    kept.client.update_run(kept.run(None).info.run_id, status="RUNNING")


def lost_run(kept: Kept) -> None:
    kept.client.delete_run(kept.run(3).info.run_id)


def lost_own_run(kept: Kept) -> None:
    kept.client.delete_run(kept.run(None).info.run_id)


def deleted_experiment(kept: Kept) -> None:
    kept.client.delete_experiment(kept.run(None).info.experiment_id)


def double(kept: Kept) -> None:
    kept.another_run(3)


def double_own(kept: Kept) -> None:
    kept.another_run(None)


def stray(kept: Kept) -> None:
    kept.another_run(3, **{"lockstep.trial": "77"})


def another_id(kept: Kept) -> None:
    kept.study.attributes.set_run(3, "of-nothing")


def another_place(kept: Kept) -> None:
    kept.client.set_tag(kept.run(3).info.run_id, PARENT, "of-nothing")


def another_parameter(kept: Kept) -> None:
    kept.client.log_param(kept.run(3).info.run_id, "added", "by hand")


def another_value(kept: Kept) -> None:
    kept.client.log_metric(kept.run(3).info.run_id, "value", 99.0, step=200)


def another_verdict(kept: Kept) -> None:
    kept.client.set_tag(kept.run(3).info.run_id, VERDICT, "exploded")


def no_verdict(kept: Kept) -> None:
    kept.client.delete_tag(kept.run(3).info.run_id, VERDICT)


def wrongly_on_front(kept: Kept) -> None:
    kept.client.set_tag(kept.run(3).info.run_id, FRONT, "true")


def no_end(kept: Kept) -> None:
    """As if its end had been lost, though the study says that it is finished."""
    study = kept.study
    plan = Plan(6, {"learning_rate": 0.1}, {"learning_rate": 0.1}, [7])
    legs_by_hand.planned(study, plan)
    study.change(sweeps.tiny(trials=7, pack_size=2))


@pytest.mark.parametrize(
    ("break_it", "where", "message"),
    [
        (cut_off, "study", "was cut off; `tuning resume` goes on with it"),
        (still_running, "trial 2", "is complete, its run in MLflow is RUNNING"),
        (ended_otherwise, "trial 1", "is diverged, its run in MLflow is KILLED"),
        (own_run_running, "study", "its own run in MLflow is still running"),
        (lost_run, "trial 3", "has 0 runs in MLflow, should have one"),
        (lost_own_run, "study", "has 0 runs of its own in MLflow, should have one"),
        (deleted_experiment, "study", "its experiment in MLflow, 'tiny', is deleted, and its runs with it"),
        (double, "trial 3", "has 2 runs in MLflow, should have one"),
        (double_own, "study", "has 2 runs of its own in MLflow, should have one"),
        (stray, "trial 77", "is in MLflow, and the study knows nothing of it"),
        (another_id, "trial 3", "the study knows of run of-nothing, MLflow has "),
        (another_place, "trial 3", "its run in MLflow hangs under another than the study's"),
        (another_parameter, "trial 3", "its parameters in MLflow are others"),
        (another_value, "trial 3", "its value is -"),
        (another_verdict, "trial 3", "its verdict is "),
        (no_verdict, "trial 3", "its verdict is "),
        (wrongly_on_front, "trial 3", "is not on the front, and MLflow says otherwise"),
        (no_end, "study", "is finished, but 1 of its trials have no end"),
    ],
)
def test_each_difference_is_named_and_mended(
    kept: Kept, break_it: Callable[[Kept], None], where: str, message: str
) -> None:
    before = {trial.number: trial.value for trial in kept.study.summary().trials}
    break_it(kept)
    (found,) = differences(kept.study)
    assert found.where == where
    assert found.message.startswith(message)
    assert str(found) == f"{where}: {found.message}"
    mend(kept.study)
    assert differences(kept.study) == []
    assert {trial.number: trial.value for trial in kept.study.summary().trials if trial.number in before} == before


@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_one_that_waits_and_has_lost_what_it_would_go_on_from_is_named(runs: Path, how: str) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4, halving={"reduction": 2, "rungs": 2}, tracking="off")
    search = legs_by_hand.Searching(study, 1, [])
    leg = search.next("leg")
    search.trained("leg", legs_by_hand.reports(leg))
    search.policy.put_back()
    study.attributes.set_state("interrupted", 1.0)
    waiting = [trial.number for trial in study.summary().trials if trial.state == "waiting"]
    assert waiting
    for number in waiting:
        path = study.home.member(study.name, number, 0) / "latest.pt"
        legs_by_hand.left_weights(path.parent)
        path.with_name("best.pt").rename(path)
    assert differences(study) == []
    path.write_bytes(b"?")
    if how == "missing":
        path.unlink()
    (found,) = differences(study)
    assert found.where == f"trial {number}"
    assert found.message.startswith(f"{path} is missing or damaged: its training begins again, though it had come to ")


def test_an_interrupted_study_is_sound_and_who_waits_needs_no_run(runs: Path) -> None:
    kept = ended(runs, "interrupted", trials=8, legs=2)
    assert differences(kept.study) == []
    plan = Plan(4, {"learning_rate": 0.1}, {"learning_rate": 0.1}, [7])
    study = kept.study
    legs_by_hand.planned(study, plan)
    assert differences(kept.study) == []


def test_one_that_a_limit_has_ended_may_leave_trials_without_an_end(kept: Kept) -> None:
    no_end(kept)
    kept.study.change(sweeps.tiny(trials=7, pack_size=2, target=100.0))
    assert differences(kept.study) == []


def test_of_a_study_that_runs_nothing_is_said(kept: Kept) -> None:
    study = kept.study
    with study.held():
        study.attributes.set_state("running", 1.0)
        (found,) = differences(kept.study)
    assert "is running now" in found.message


def test_without_tracking_there_is_no_mlflow_to_agree_with(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2, tracking="off")
    legs_by_hand.finished(study)
    study.attributes.set_state("finished", 1.0)
    assert [str(found).partition(" are missing")[0] for found in differences(study)] == [
        f"trial {number}: its best weights" for number in range(2)
    ]
    mend(study)
    assert not study.home.tracking_database.exists()
