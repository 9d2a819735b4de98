"""Sweeps with a second objective: what it may be, what it is worth, and the front in place of a best."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import mortal_storage
import pytest
import sweeps
from optuna.trial import TrialState
from rich.console import Console
from tracked import Runs, tracked

from trainables.base.report import Report
from trainables.messages import MemberRequest, PackReport, PackRequest
from tuning import runner as runner
from tuning.errors import PredictionError, StudyError, SweepError
from tuning.report import predict, study_report
from tuning.report.importance import importances
from tuning.rules.trial_outcome import MemberResult, Outcome, advanced, outcome
from tuning.study.study import Study
from tuning.sweep.kept_sweep import changed
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Confirm, Second
from tuning.tracking import experiments, run_contents
from tuning.tracking.tracker import Tracker

LOSS = "train/loss"


def two(**changes: Any) -> Sweep:
    """As a file has it that says nothing of halving and confirmation."""
    given = {key: value for key, value in sweeps.TINY.items() if key not in ("halving", "confirm")}
    return Sweep.model_validate({**given, "second": "seconds", **changes})


@pytest.mark.parametrize(
    ("given", "metric", "direction"),
    [
        ("seconds", "seconds", "minimize"),
        ("steps", "steps", "minimize"),
        ("train/loss", LOSS, "minimize"),
        ({"metric": "seconds"}, "seconds", "minimize"),
        ({"metric": "train/loss", "direction": "maximize"}, LOSS, "maximize"),
        ({"metric": "train/entropy", "direction": "maximize"}, "train/entropy", "maximize"),
    ],
)
def test_a_second_objective_may_be_seconds_steps_or_another_metric(given: Any, metric: str, direction: str) -> None:
    sweep = two(second=given)
    assert sweep.second == Second.model_validate({"metric": metric, "direction": direction})
    assert sweep.directions == ("maximize", direction)
    assert (sweep.halving, sweep.confirm) == (None, None)
    assert Sweep.model_validate(sweep.model_dump(mode="json")) == sweep


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"second": "minutes"}, "second", "reinforce has no metric 'minutes'"),
        ({"second": 3}, "second", "should be seconds, steps or one of evaluation/return_mean, "),
        ({"second": {"direction": "minimize"}}, "second.metric", "should be seconds, steps or one of "),
        ({"second": "train/entropy"}, "second", "should be {metric: train/entropy, direction: ...}"),
        ({"second": "evaluation/return_mean"}, "second", "should differ from the metric"),
        ({"second": {"metric": "steps", "direction": "maximize"}}, "second.direction", "fewer steps are better"),
        ({"second": {"metric": LOSS, "direction": "down"}}, "second.direction", "minimize"),
        ({"second": {"metric": LOSS, "weight": 2}}, "second.weight", "second has no such setting"),
        ({"halving": {"reduction": 3}}, "halving", "should be off or left out with a second objective"),
        ({"halving": "on"}, "halving", "should be off or left out with a second objective"),
        ({"confirm": {"top": 2}}, "confirm", "should be off or left out with a second objective"),
        ({"sampler": "cmaes"}, "sampler", "cmaes knows one objective"),
    ],
)
def test_a_wrong_second_objective_is_told_at_its_key(changes: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(SweepError) as caught:
        two(**changes)
    (found,) = caught.value.problems
    assert found.key_path == path
    assert message in found.message


def test_a_study_that_rests_gets_no_second_objective_and_loses_none() -> None:
    for sweep, setting in ((two(), "second=steps"), (sweeps.tiny(), "second=steps"), (two(), "confirm=on")):
        with pytest.raises(SweepError):
            changed(sweep, None, None, [setting])


@pytest.mark.parametrize(
    ("second", "members", "expected"),
    [
        ("seconds", [MemberResult(value=1.0, share_s=2.0), MemberResult(value=3.0, share_s=4.0)], 3.0),
        ("steps", [MemberResult(value=1.0, value_steps=50), MemberResult(value=3.0, value_steps=200)], 125.0),
        (LOSS, [MemberResult(value=1.0, second=0.5), MemberResult(value=3.0, second=0.1)], 0.3),
    ],
)
def test_a_second_value_is_the_mean_over_the_seeds(second: str, members: list[MemberResult], expected: float) -> None:
    assert outcome(members, second=second) == Outcome("complete", 2.0, second=pytest.approx(expected))
    assert outcome(members).second is None


def test_seeds_that_diverged_have_no_second_value() -> None:
    members = [MemberResult(value=1.0, value_steps=50)] * 2 + [MemberResult(diverged_at=100, reason="nan")]
    assert outcome(members, aggregate="median", second="steps") == Outcome("complete", 1.0, second=50.0)
    assert outcome(members, second="steps") == Outcome("pruned", diverged_at=100, reason="nan")


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_a_trial_without_a_finite_second_value_has_failed(value: float | None) -> None:
    found = outcome([MemberResult(value=1.0, value_steps=50, second=value)], second=LOSS)
    assert found == Outcome("failed", reason="train/loss was not a finite number where the metric was best")


def test_another_metric_counts_as_it_was_at_the_best_point() -> None:
    points = [(50, {"score": 1.0, LOSS: 9.0}), (100, {"score": 5.0, LOSS: 4.0}), (150, {"score": 2.0, LOSS: 0.0})]
    report = Report(150, points)
    found = advanced(MemberResult(), report, "score", "maximize", LOSS)
    assert (found.value, found.value_steps, found.second) == (5.0, 100, 4.0)
    again = Report(200, [(200, {"score": 5.0, LOSS: 0.0})])
    best = advanced(MemberResult(), report, "score", "maximize", LOSS)
    assert advanced(best, again, "score", "maximize", LOSS).second == 4.0


def test_the_seconds_of_a_pack_are_shared_out(runs: Path) -> None:
    study = sweeps.created(runs, trials=5, pack_size=4, second="seconds")
    search = legs_by_hand.Searching(study, 1, [])
    for name, seconds in (("first", (1.0, 3.0)), ("second", (0.5,))):
        leg = search.next(name)
        for each in seconds[:-1]:
            search.reported(name, replace(legs_by_hand.reports(leg), train_s=each))
        search.trained(name, replace(legs_by_hand.reports(leg), train_s=seconds[-1]))
    assert [trial.second for trial in study.summary().trials] == [1.0] * 4 + [0.5]


POINTS = [(1.0, 3.0), (2.0, 4.0), (0.5, 1.0), (1.0, 5.0), (2.0, 4.0), (3.0, 3.5)]
"""Values to be maximised and seconds to be few: 2, 0 and 5 are on the front, the default among them."""


def ended(study: Study, points: list[tuple[float, float]]) -> None:
    """Trials of a search that have come to these values, and one more that has diverged."""
    search = legs_by_hand.Searching(study, 1, [])
    for value, second in [*points, (float("nan"), 1.0)]:
        leg = search.next("leg")
        diverged = [0] if value != value else []
        result = legs_by_hand.reports(leg, partial(_worth, value), diverged)
        search.trained("leg", replace(result, train_s=second))


def _worth(value: float, member: MemberRequest) -> float:
    return value


@pytest.fixture
def study(runs: Path) -> Study:
    made = sweeps.created(runs, trials=7, pack_size=1, second="seconds", sampler="random")
    ended(made, POINTS)
    made.attributes.set_state("finished", 12.0)
    return made


def test_there_is_a_front_and_no_best(study: Study) -> None:
    summary = study.summary()
    assert [trial.number for trial in summary.front] == [5, 0, 2]
    assert summary.best is None
    assert [trial.number for trial in summary.ranked()] == [5, 0, 2, 1, 4, 3]
    assert [(trial.state, trial.values) for trial in study.optuna.get_trials()] == [
        *((TrialState.COMPLETE, list(point)) for point in POINTS),
        (TrialState.PRUNED, None),
    ]


def test_json_has_the_front_with_both_values(study: Study) -> None:
    shown = json.loads(json.dumps(study.summary().as_json()))
    assert shown["second"] == {"metric": "seconds", "direction": "minimize"}
    assert shown["best"] is None
    assert [(each["number"], each["value"], each["second"]) for each in shown["front"]] == [
        (5, 3.0, 3.5),
        (0, 1.0, 3.0),
        (2, 0.5, 1.0),
    ]
    assert all(each["checkpoint"].endswith(f"{each['number']:05d}/seed-0/best.pt") for each in shown["front"])
    assert [trial["second"] for trial in shown["trials"]] == [*(second for _, second in POINTS), None]


def test_people_are_shown_the_front(study: Study, capsys: pytest.CaptureFixture[str]) -> None:
    study_report.show(study.summary(), Console(width=80, force_terminal=True, color_system=None))
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    rows = [line.split()[:4] for line in lines if line.split()[:1] in (["1"], ["2"], ["3"], ["4"])]
    assert rows == [["1", "5", "3", "3.5"], ["2", "0*", "1", "3"], ["3", "2", "0.5", "1"], ["4", "1", "2", "4"]]
    assert "Front: trials 5, 0, 2;" in " ".join(lines)
    assert "Best:" not in " ".join(lines)


def test_another_study_starts_from_the_front(study: Study) -> None:
    front = [trial.params for trial in study.summary().front]
    assert experiments.beginnings(study.home, study.home.storage_url, study.name, sweeps.tiny())[:3] == front


def test_predictions_need_a_trial_that_is_named(study: Study) -> None:
    with pytest.raises(PredictionError, match=r"--trial: is missing; tiny-1 has no single best but a front: 5, 0, 2"):
        predict.answer(study.summary(), ["1.0"])


def test_importance_is_that_for_the_first_objective() -> None:
    search = {"learning_rate": {"low": 0.1, "high": 1.0}, "gamma": {"low": 0.0, "high": 1.0}}
    fixed = {key: value for key, value in sweeps.TINY["fixed"].items() if key != "gamma"}
    study = mortal_storage.in_memory(
        mortal_storage.Mortal(), second="seconds", search=search, fixed=fixed, trials=30, pack_size=1, sampler="random"
    )

    def result(leg: PackRequest) -> PackReport:
        (member,) = leg.members
        report = legs_by_hand.reports(leg, lambda _: float(member.config["learning_rate"]))
        return replace(report, train_s=member.config["gamma"])

    legs_by_hand.driven(study, result=result)
    found = importances(study.optuna, study.sweep.space)
    assert found["learning_rate"] > 0.8


def test_confirmation_is_refused(study: Study) -> None:
    with pytest.raises(StudyError, match=r"'tiny-1' compares trials by two objectives: .*`tuning show tiny-1`"):
        runner.confirm(study, Confirm())


def test_mlflow_has_both_values_and_knows_the_front_as_it_is_now(runs: Path) -> None:
    study = sweeps.created(runs, trials=6, pack_size=1, second="seconds", sampler="random")
    for each in ((4.0, 3.0, 2.0), (5.0, 1.0, 3.0)):
        tracked(study, partial(of_seconds, study, each))
        study = sweeps.opened(runs)
        front, told = [trial.number for trial in study.summary().front], Runs(study)
        on_it = {number for number, run in told.of_trial.items() if run.data.tags.get(run_contents.FRONT) == "true"}
        assert on_it == set(front)
        for trial in study.summary().trials:
            assert told.of_trial[trial.number].data.metrics["second"] == trial.second
        assert told.own.data.tags[run_contents.FRONT] == ", ".join(map(str, front))
        assert all(told.weights(number) for number in front)
    assert front == [4]
    assert told.of_trial[2].data.tags[run_contents.FRONT] == "false"


def of_seconds(study: Study, seconds: Sequence[float], tracker: Tracker) -> None:
    """Trials of one member each that take so long."""
    search = legs_by_hand.Searching(study, 1, [tracker])
    for each in seconds:
        leg = search.leg()
        legs_by_hand.left_weights(Path(leg.members[0].folder))
        search.trained("leg", replace(legs_by_hand.reports(leg, lambda member: 1.0), train_s=each))


@pytest.mark.parametrize("kind", ["tpe", "nsga2", "random", "qmc", pytest.param("gp", marks=pytest.mark.slow)])
def test_every_sampler_copes_with_two_objectives_and_trials_that_diverge(kind: str) -> None:
    study = mortal_storage.in_memory(mortal_storage.Mortal(), second="steps", sampler=kind, trials=40, pack_size=4)

    def result(leg: PackRequest) -> PackReport:
        bad = [place for place, member in enumerate(leg.members) if member.config["learning_rate"] > 0.05]
        return legs_by_hand.reports(leg, diverged=bad)

    legs_by_hand.driven(study, workers=2, result=result)
    summary = study.summary()
    assert summary.count("complete") + summary.count("pruned") == 40
    assert summary.front
    assert 0 < sum(trial.diverged_at is not None for trial in summary.trials) < 40


def test_tpe_learns_from_both_objectives() -> None:
    """A small rate is worth the more, a large one is the quicker; a large gamma is neither."""

    def bad(kind: str) -> int:
        search = {"learning_rate": {"low": 0.1, "high": 1.0}, "gamma": {"low": 0.0, "high": 1.0}}
        fixed = {key: value for key, value in sweeps.TINY["fixed"].items() if key != "gamma"}
        changes: dict[str, Any] = {"search": search, "fixed": fixed, "sampler": kind, "trials": 80, "pack_size": 1}
        study = mortal_storage.in_memory(mortal_storage.Mortal(), second="seconds", **changes)

        def result(leg: PackRequest) -> PackReport:
            (member,) = leg.members
            rate, miss = member.config["learning_rate"], member.config["gamma"]
            return replace(legs_by_hand.reports(leg, lambda _: -rate - miss), train_s=1.1 - rate + miss)

        legs_by_hand.driven(study, result=result)
        return sum(trial.params["gamma"] > 0.3 for trial in study.summary().trials[40:])

    assert bad("tpe") < 0.7 * bad("random")


@pytest.mark.slow
def test_a_real_sweep_ends_with_a_front_and_goes_on(tmp_path: Path) -> None:
    path = sweeps.written(tmp_path, second="steps", trials=4, pack_size=4, workers=1)
    done = commands.tuning("run", path, "--root", "runs", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["front"]
    assert all(trial["second"] in (50.0, 100.0, 150.0, 200.0) for trial in shown["trials"])
    more = commands.tuning("resume", "--root", "runs", "--trials", "+4", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    assert "Front: trial" in more.stdout
    summary = sweeps.opened(tmp_path / "runs").summary()
    assert summary.count("complete") == 8
    audited = commands.tuning("audit", "--root", "runs", cwd=tmp_path)
    assert audited.returncode == 0, audited.stdout
    refused = commands.tuning("confirm", "--root", "runs", cwd=tmp_path)
    assert (refused.returncode, "two objectives" in refused.stderr) == (2, True)
