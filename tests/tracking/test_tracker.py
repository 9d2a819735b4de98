"""Tracking: what MLflow is told of a study, read back through its client."""

import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from tracked import Runs, searched, tracked, trained

from trainables.base.trivial_answer import TrivialAnswer
from trainables.messages import MemberRequest, PackReport, PackRequest
from tuning.diagnosis.verdict import Diagnosis, Verdict
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg, Plan
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation, StudySummary
from tuning.tracking import run_contents
from tuning.tracking.audit import differences
from tuning.tracking.tracker import Tracker

STEPS = (50, 100, 150, 200)


def report(leg: PackRequest, upto: int, *diverged: int) -> PackReport:
    """What a leg reports on its way, one point a member."""
    result = legs_by_hand.reports(replace(leg, until=upto), diverged=diverged)
    return PackReport([replace(each, steps=upto) for each in result.members], 0.5)


class Story:
    """A study in which everything happens, and what is known of it afterwards.

    Of fourteen trials in packs of two, each trained with two seeds, the last pack is cut short, the two of one kill
    their worker, together and each alone, and in one a member diverges.
    """

    def __init__(self, root: Path) -> None:
        self.study = sweeps.created(root, trials=14, pack_size=4, seeds=2, search=SEARCH)
        self.members: dict[int, MemberRequest] = {}
        self.first_legs: dict[int, str] = {}
        self.tracker = tracked(self.study, self._drive, "interrupted")
        self.summary: StudySummary = self.study.summary()
        self.told = Runs(self.study)
        self.of_trial = self.told.of_trial

    def _drive(self, tracker: Tracker) -> None:
        search = legs_by_hand.Searching(self.study, 2, [tracker])
        for place in range(9):
            leg = search.leg(str(place))
            trials = legs_by_hand.numbers(leg)
            for number, member in zip(trials, leg.members[::2], strict=True):
                self.members[number] = member
                self.first_legs.setdefault(number, leg.name)
            trained(leg)
            diverged = (2,) if DIVERGED[0] in trials else ()
            for steps in STEPS[:2]:
                search.reported(str(place), report(leg, steps, *diverged))
            if LOST[0] in trials or LOST[1] in trials:
                search.failed(str(place), "the worker died")
            elif WAITING[0] not in trials:
                for steps in STEPS[2:3]:
                    search.reported(str(place), report(leg, steps, *diverged))
                search.trained(str(place), report(leg, STEPS[3], *diverged))
        search.policy.put_back()


SEARCH = {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}, "gamma": {"low": 0.9, "high": 1.0}}
WAITING, LOST, DIVERGED = (12, 13), (4, 5), (3,)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    changes = {key: value for key, value in sweeps.TINY["fixed"].items() if key != "gamma"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sweeps.TINY, "fixed", changes)
        return Story(tmp_path_factory.mktemp("story") / "runs")


def test_the_study_and_mlflow_agree(story: Story) -> None:
    assert [found for found in differences(story.study) if "latest.pt" not in found.message] == []
    own = story.told.own.info
    assert story.summary.tracking == {"experiment_id": own.experiment_id, "run_id": own.run_id}
    assert (own.run_name, len(story.told.every), story.tracker.shortfall) == ("tiny-1", 15, None)


def test_runs_end_as_their_trials_did(story: Story) -> None:
    expected = {
        number: ("KILLED", "waiting")
        if number in WAITING
        else ("FAILED", "failed")
        if number in LOST
        else ("FINISHED", "diverged")
        if number in DIVERGED
        else ("FINISHED", "complete")
        for number in range(14)
    }
    assert {
        number: (run.info.status, run.data.tags["lockstep.state"]) for number, run in story.of_trial.items()
    } == expected
    assert all(run.info.status != "RUNNING" and run.info.end_time is not None for run in story.told.every)


def test_a_run_says_why_it_ended_before_its_time(story: Story) -> None:
    diverged, lost = story.of_trial[DIVERGED[0]].data.tags, story.of_trial[LOST[0]].data.tags
    assert diverged["lockstep.reason"] == "the loss is not finite"
    assert diverged["lockstep.diverged_at"] == str(story.summary.trials[DIVERGED[0]].diverged_at)
    assert lost["lockstep.reason"] == "the worker died"


def test_a_run_says_what_ails_its_trial_once_that_has_ended(story: Story) -> None:
    words = {number: run.data.tags.get(run_contents.VERDICT) for number, run in story.of_trial.items()}
    assert words[DIVERGED[0]] == "diverged"
    kept = {trial.number: trial.verdict for trial in story.summary.trials}
    assert all(words[number] == kept[number] for number in words if number not in (*WAITING, *LOST, *DIVERGED))
    assert None not in {kept[number] for number in kept if number not in (*WAITING, *LOST)}
    assert {words[number] for number in (*WAITING, *LOST)} == {None}
    (verdict, *_) = json.loads(story.of_trial[DIVERGED[0]].data.tags[run_contents.VERDICTS])
    assert (verdict["name"], verdict["step"], set(verdict["patch"])) == ("diverged", 100, {"learning_rate"})


def test_as_many_verdicts_are_told_as_a_tag_has_room_for() -> None:
    many = [Verdict(f"fault_{place}", "x" * 3_000, "y") for place in range(5)]
    tags = run_contents.diagnosis_tags(Diagnosis(many, ""))
    assert tags[run_contents.VERDICT] == "fault_0"
    assert [each["name"] for each in json.loads(tags[run_contents.VERDICTS])] == ["fault_0", "fault_1"]


def test_a_run_says_what_was_trained(story: Story) -> None:
    for trial in story.summary.trials:
        tags = story.of_trial[trial.number].data.tags
        assert json.loads(tags["lockstep.seeds"]) == trial.seeds
        assert tags["lockstep.default"] == ("true" if trial.number == 0 else "false")
        assert (tags["lockstep.study"], tags["lockstep.loop"]) == ("tiny-1", "reinforce")
        assert tags["lockstep.leg"] == story.first_legs[trial.number]


def test_curves_have_a_point_a_report_at_the_steps_of_the_budget(story: Story) -> None:
    for number in range(14):
        reached = STEPS[:2] if number in (*WAITING, *LOST) else STEPS
        expected = [(steps, legs_by_hand.score_of(story.members[number])) for steps in reached]
        assert story.told.curve(number) == expected
        assert story.told.curve(number, "seed-1/evaluation/return_mean") == expected


def test_the_value_stands_at_the_step_at_which_it_was_reached(story: Story) -> None:
    assert story.told.curve(0, "value") == [(50, story.summary.trials[0].value)]


def test_a_trial_of_several_seeds_has_the_value_of_each_and_how_far_they_lie_apart(story: Story) -> None:
    (trial,) = [each for each in story.summary.trials if each.number == 0]
    metrics = story.of_trial[0].data.metrics
    assert [metrics["seed-0/value"], metrics["seed-1/value"]] == trial.values
    assert metrics["value_std"] == trial.spread == 0.0
    assert not {"value_std", "seed-0/value"} & story.of_trial[DIVERGED[0]].data.metrics.keys()


def test_the_best_trials_have_their_weights_and_no_others(story: Story) -> None:
    values = {trial.number: trial.value for trial in story.summary.trials if trial.value is not None}
    best = sorted(values, key=lambda number: -values[number])[: run_contents.BEST_KEPT]
    kept = {number for number in range(14) if story.told.weights(number)}
    assert kept == set(best)
    assert len(values) > run_contents.BEST_KEPT
    run = story.of_trial[best[0]].info.run_id
    with zipfile.ZipFile(story.told.client.download_artifacts(run, "checkpoint/best.pt")) as archive:
        assert archive.read("weights").startswith(b"weights of ")


def test_the_studys_own_run_has_the_sweep_and_the_best(story: Story) -> None:
    parent = story.told.own
    assert (parent.info.status, parent.data.tags["lockstep.state"]) == ("KILLED", "waiting")
    best = story.summary.best
    assert best is not None
    assert (parent.data.metrics["value"], parent.data.tags["lockstep.best_trial"]) == (best.value, str(best.number))
    assert (parent.data.params["budget"], parent.data.params["fixed.batch_size"]) == ("200", "10")
    text = Path(story.told.client.download_artifacts(parent.info.run_id, "sweep.yaml")).read_text()
    assert text == story.study.sweep.to_yaml()


def plan(number: int, study: Study) -> Plan:
    """A trial that Optuna knows."""
    return legs_by_hand.planned(study, Plan(number, {}, {"learning_rate": 0.1}, [7]))


def test_points_reported_again_after_a_worker_died_are_logged_once(runs: Path) -> None:
    study = sweeps.created(runs)

    def drive(tracker: Tracker) -> None:
        first = plan(0, study)
        tracker.begun(Leg("leg", [first], 0, 0, 200))
        for steps in (50, 100, 50, 100, 150):
            tracker.reported(first, 0, [(steps, {"score": float(steps)})], MemberResult(steps))
        study.records.finish(0, Outcome("complete", 1.0), legs_by_hand.results(1.0))
        tracker.finished(first, Outcome("complete", 1.0), legs_by_hand.results(1.0))

    tracked(study, drive)
    assert Runs(study).curve(0, "score") == [(50, 50.0), (100, 100.0), (150, 150.0)]


def test_more_points_than_mlflow_takes_at_once_and_some_that_are_not_finite(runs: Path) -> None:
    study = sweeps.created(runs)
    points = [(step, {"loss": float(step), "norm": math.nan if step == 3 else math.inf}) for step in range(1, 801)]

    def drive(tracker: Tracker) -> None:
        first = plan(0, study)
        tracker.begun(Leg("leg", [first], 0, 0, 800))
        tracker.reported(first, 0, points, MemberResult(800))
        study.records.finish(0, Outcome("pruned", diverged_at=800), legs_by_hand.results(None, diverged_at=800))
        tracker.finished(first, Outcome("pruned", diverged_at=800), legs_by_hand.results(None, diverged_at=800))

    tracker = tracked(study, drive)
    told = Runs(study)
    assert told.curve(0, "loss") == [(step, float(step)) for step in range(1, 801)]
    assert [step for step, _ in told.curve(0, "norm")] == list(range(1, 801))
    assert (told.of_trial[0].info.status, tracker.shortfall) == ("FINISHED", None)


def test_two_studies_of_a_sweep_share_its_experiment(runs: Path) -> None:
    studies = [sweeps.created(runs) for _ in range(2)]
    for study in studies:
        tracked(study)
    own = [Runs(study).own.info for study in studies]
    assert [each.run_name for each in own] == ["tiny-1", "tiny-2"]
    assert own[0].experiment_id == own[1].experiment_id
    assert {each.status for each in own} == {"FINISHED"}


def confirmation(leader: int, champion: int | None, mean: float, seeds: int) -> Confirmation:
    candidates = [
        Candidate(leader, False, 1.0, [mean] * seeds, mean, (mean - 1.0, mean + 2.0), 0.75),
        Candidate(0, True, 0.5, [None] * seeds, -math.inf, (-math.inf, 0.0), None),
    ]
    return Confirmation(candidates, champion, leader, [], None, seeds)


def test_what_fresh_seeds_say_is_told_once_and_the_weights_of_the_first_are_kept(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=8)
    searched(study)
    last = study.summary().ranked()[-1].number
    assert not Runs(study).weights(last)
    study.attributes.set_confirmation(confirmation(last, None, 5.0, 3))
    assert {each.message for each in differences(study)} == {
        "its own run in MLflow does not say who is first on fresh seeds",
        "its run in MLflow does not say how it does on fresh seeds",
        "is one of the best, and MLflow does not have its weights",
        "should have the role leader, has none in MLflow",
        "should have the role of none, has leader in MLflow",
    }
    for _ in range(2):
        tracked(sweeps.opened(runs))
    assert differences(study) == []
    study.attributes.set_confirmation(confirmation(last, last, 6.0, 9))
    tracked(sweeps.opened(runs))
    assert differences(study) == []
    told = Runs(study)
    assert told.curve(last, "confirmed/mean") == [(3, 5.0), (9, 6.0)]
    assert told.curve(last, "confirmed/low") == [(3, 4.0), (9, 5.0)]
    assert told.curve(last, "confirmed/high") == [(3, 7.0), (9, 8.0)]
    assert told.curve(last, "confirmed/beats_default") == [(3, 0.75)]
    assert told.weights(last) == ["checkpoint/best.pt"]
    default = told.of_trial[0].data.metrics
    assert {name: value for name, value in default.items() if name.startswith("confirmed/")} == {"confirmed/high": 0.0}
    tags = told.own.data.tags
    assert (tags["lockstep.leader"], tags["lockstep.champion"]) == (str(last), str(last))


def test_what_is_scored_without_learning_is_told_and_whether_a_trial_beats_it(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    study.attributes.set_trivial([TrivialAnswer("a random policy", -9.0, -8.0), TrivialAnswer("always 1", -7.5, -7.5)])
    searched(study)
    told = Runs(study).own.data
    assert {name: told.metrics[name] for name in told.metrics if name.startswith("trivial/")} == {
        "trivial/a-random-policy": -9.0,
        "trivial/always-1": -7.5,
    }
    assert told.tags["lockstep.unbeaten"] == "none"
    study.attributes.set_trivial([TrivialAnswer("always 1", 0.0, 0.0)])
    tracked(sweeps.opened(runs))
    assert Runs(study).own.data.tags["lockstep.unbeaten"] == "always 1"
    assert differences(study) == []


def test_another_mlflow_is_told_when_the_environment_names_one(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path / 'other.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    tracked(study := sweeps.created(runs))
    assert Runs(study).own.info.status == "FINISHED"
    assert not (runs / "mlflow.db").exists()


def test_metrics_that_are_called_as_what_a_trial_came_to_have_names_of_their_own(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)

    def drive(tracker: Tracker) -> None:
        search = legs_by_hand.Searching(study, 1, [tracker])
        result = trained(search.leg())
        for member in result.members:
            member.points[:] = [(steps, {**shown, "value": 7.0, "loss": 1.0}) for steps, shown in member.points]
        search.trained("leg", result)

    tracked(study, drive)
    told = Runs(study)
    for trial in study.summary().trials:
        assert [value for _, value in told.curve(trial.number, "value")] == [trial.value]
        metrics = told.of_trial[trial.number].data.metrics
        assert (metrics["curve/value"], metrics["loss"]) == (7.0, 1.0)
    assert differences(study) == []


def test_of_a_search_that_is_left_in_the_middle_nothing_is_said_to_run(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=2)

    def left(tracker: Tracker) -> None:
        assert legs_by_hand.Searching(study, 1, [tracker]).next("leg") is not None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracked(study, left)
    told = Runs(study)
    assert told.statuses == {"KILLED": 3}
    assert {run.data.tags["lockstep.state"] for run in told.every} == {"waiting"}
