"""What a person finds in MLflow at first sight: states, values, places, who is first, and a file to begin from."""

from pathlib import Path

import pytest
import sweeps
from audited import Kept
from tracked import Runs, searched

from tuning.sweep import loading
from tuning.tracking import run_contents
from tuning.tracking.audit import differences
from tuning.tracking.repair import mend
from tuning.tracking.run_notes import NOTE

HALVED = {"trials": 8, "pack_size": 4, "halving": {"reduction": 2, "rungs": 2}}


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    kept = Kept(tmp_path_factory.mktemp("halved") / "runs")
    searched(sweeps.created(kept.root, **HALVED))
    return kept


def test_trials_that_were_given_up_are_finished_and_say_where_and_why(halved: Kept) -> None:
    trials, runs = halved.study.summary().trials, Runs(halved.study).of_trial
    pruned = [trial for trial in trials if trial.state == "pruned"]
    assert 0 < len(pruned) < len(trials)
    for trial in pruned:
        run = runs[trial.number]
        assert (run.info.status, run.data.tags["lockstep.state"]) == ("FINISHED", "pruned")
        assert run.data.tags[NOTE].startswith("**Given up by halving**: not among the best at 100, with -")
        assert trial.last == (100, run.data.metrics["value"])


def test_every_trial_that_came_anywhere_has_a_value_where_it_was_taken_and_a_place(halved: Kept) -> None:
    summary, runs = halved.study.summary(), Runs(halved.study).of_trial
    metrics = {number: run.data.metrics for number, run in runs.items()}
    assert all({"value", "value_at", "rank"} <= each.keys() for each in metrics.values())
    ranked = sorted(metrics, key=lambda number: metrics[number]["rank"])
    assert [metrics[number]["rank"] for number in ranked] == list(range(1, 9))
    complete = [trial.number for trial in summary.ranked()]
    assert ranked[: len(complete)] == complete
    assert [metrics[number]["value_at"] for number in ranked] == [200] * len(complete) + [100] * (8 - len(complete))
    given_up = [metrics[number]["value"] for number in ranked[len(complete) :]]
    assert given_up == sorted(given_up, reverse=True)


def test_who_is_first_is_named_and_the_default_and_how_to_load_it(halved: Kept) -> None:
    best, runs = halved.study.summary().best, Runs(halved.study)
    assert best is not None
    roles = {number: run.data.tags.get(run_contents.ROLE) for number, run in runs.of_trial.items()}
    assert roles == {**dict.fromkeys(range(8)), 0: "default", best.number: "leader"}
    leader = runs.of_trial[best.number]
    assert str(leader.info.run_name).startswith(f"#{best.number} leader")
    assert "**The trial to use** of tiny-1." in leader.data.tags[NOTE]
    assert (
        f"[#{best.number}](#/experiments/{leader.info.experiment_id}/runs/{leader.info.run_id}?workflowType=machine_learning)"
        in (runs.own.data.tags[NOTE])
    )


def test_a_complete_trial_has_a_file_that_begins_a_sweep_with_it(halved: Kept, tmp_path: Path) -> None:
    best = halved.study.summary().best
    assert best is not None
    file = halved.client.download_artifacts(str(best.run_id), run_contents.CONFIG, str(tmp_path))
    began = loading.load(file)
    plan = halved.study.records.plans()[best.number]
    assert began.config() == halved.study.sweep.config(plan.values)
    assert began.search == halved.study.sweep.search


def another_role(kept: Kept, role: str) -> int:
    other = next(
        trial.number for trial in kept.study.summary().trials if not trial.default and trial.number != _best(kept)
    )
    kept.client.set_tag(kept.run(other).info.run_id, run_contents.ROLE, role)
    return other


def _best(kept: Kept) -> int:
    best = kept.study.summary().best
    assert best is not None
    return best.number


def test_a_role_that_is_another_trials_is_named_and_mended(kept: Kept) -> None:
    other = another_role(kept, "leader")
    (found,) = differences(kept.study)
    assert str(found) == f"trial {other}: should have the role of none, has leader in MLflow"
    mend(kept.study)
    assert differences(kept.study) == []
    assert run_contents.ROLE not in kept.run(other).data.tags
    assert "leader" not in str(kept.run(other).info.run_name)


def test_of_a_study_that_goes_on_another_may_come_to_be_first(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    searched(study)
    first = Kept(runs)
    before = _best(first)
    study.change(sweeps.tiny(trials=12, pack_size=2))
    searched(study)
    after = _best(Kept(runs))
    told = Runs(study).of_trial
    assert after != before, "the seed of the sweep finds a better one"
    leaders = {number for number, run in told.items() if run.data.tags.get(run_contents.ROLE) == "leader"}
    assert leaders == {after}
    assert "leader" not in str(told[before].info.run_name)
    assert sorted(run.data.metrics["rank"] for run in told.values()) == list(range(1, 13))
