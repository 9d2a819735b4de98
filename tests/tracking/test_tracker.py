"""Tracking: what MLflow is told of a study, read back through its client."""

import json
import math
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import sweeps
import torch
from mlflow.entities import Run
from mlflow.tracking import MlflowClient
from tracked import by_trial, client_of, curve, runs_of, tracked

from trainables.base import checkpoint
from trainables.messages import MemberRequest, PackReport, PackRequest
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
    result = sweeps.reports(replace(leg, until=upto), diverged=diverged)
    return PackReport([replace(each, steps=upto) for each in result.members], 0.5)


def best_files(study: Study, leg: PackRequest) -> None:
    """What the workers of a leg leave on disk."""
    for member in leg.members:
        sweeps.left_weights(Path(member.folder), f"weights of {member.config['seed']}")


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
        self.client = client_of(root)
        self.runs = runs_of(self.client)
        self.of_trial = by_trial(self.runs)

    def _drive(self, tracker: Tracker) -> None:
        search = sweeps.Searching(self.study, 2, [tracker])
        for place in range(9):
            leg = search.leg(str(place))
            trials = sweeps.numbers(leg)
            for number, member in zip(trials, leg.members[::2], strict=True):
                self.members[number] = member
                self.first_legs.setdefault(number, leg.name)
            best_files(self.study, leg)
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


def test_every_trial_has_one_run_under_that_of_the_study(story: Story) -> None:
    assert sorted(story.of_trial) == list(range(14))
    (parent,) = [run for run in story.runs if "mlflow.parentRunId" not in run.data.tags]
    assert len(story.runs) == 15
    assert {run.data.tags["mlflow.parentRunId"] for run in story.of_trial.values()} == {parent.info.run_id}
    assert story.summary.tracking == {"experiment_id": parent.info.experiment_id, "run_id": parent.info.run_id}
    assert parent.info.run_name == "tiny-1"
    assert story.tracker.shortfall is None


def test_the_study_knows_the_run_of_every_trial(story: Story) -> None:
    known = {trial.number: trial.run_id for trial in story.summary.trials}
    assert known == {number: run.info.run_id for number, run in story.of_trial.items()}


def test_runs_have_the_parameters_and_values_of_optuna(story: Story) -> None:
    for frozen in story.study.optuna.get_trials():
        run = story.of_trial[frozen.number]
        assert run.data.params == {name: str(value) for name, value in frozen.params.items()}
        assert run.data.metrics.get("value") == frozen.value


def test_runs_end_as_their_trials_did(story: Story) -> None:
    expected = {
        number: ("KILLED", "waiting")
        if number in WAITING
        else ("FAILED", "failed")
        if number in LOST
        else ("FAILED", "diverged")
        if number in DIVERGED
        else ("FINISHED", "complete")
        for number in range(14)
    }
    assert {
        number: (run.info.status, run.data.tags["lockstep.state"]) for number, run in story.of_trial.items()
    } == expected
    assert all(run.info.status != "RUNNING" and run.info.end_time is not None for run in story.runs)


def test_a_run_says_why_it_ended_before_its_time(story: Story) -> None:
    diverged, lost = story.of_trial[DIVERGED[0]].data.tags, story.of_trial[LOST[0]].data.tags
    assert diverged["lockstep.reason"] == "the loss is not finite"
    assert diverged["lockstep.diverged_at"] == str(story.summary.trials[DIVERGED[0]].diverged_at)
    assert lost["lockstep.reason"] == "the worker died"


def test_a_run_says_what_was_trained(story: Story) -> None:
    for trial in story.summary.trials:
        tags = story.of_trial[trial.number].data.tags
        assert json.loads(tags["lockstep.seeds"]) == trial.seeds
        assert tags["lockstep.default"] == ("true" if trial.number == 0 else "false")
        assert (tags["lockstep.study"], tags["lockstep.loop"]) == ("tiny-1", "reinforce")
        assert tags["lockstep.leg"] == story.first_legs[trial.number]


def test_curves_have_a_point_a_report_at_the_steps_of_the_budget(story: Story) -> None:
    for number, run in story.of_trial.items():
        reached = STEPS[:2] if number in (*WAITING, *LOST) else STEPS
        expected = [(steps, sweeps.score_of(story.members[number])) for steps in reached]
        assert curve(story.client, run) == expected
        assert curve(story.client, run, "seed-1/evaluation/return_mean") == expected


def test_the_value_stands_at_the_step_at_which_it_was_reached(story: Story) -> None:
    assert curve(story.client, story.of_trial[0], "value") == [(50, story.summary.trials[0].value)]


def test_a_trial_of_several_seeds_has_the_value_of_each_and_how_far_they_lie_apart(story: Story) -> None:
    (trial,) = [each for each in story.summary.trials if each.number == 0]
    metrics = story.of_trial[0].data.metrics
    assert [metrics["seed-0/value"], metrics["seed-1/value"]] == trial.values
    assert metrics["value_std"] == trial.spread == 0.0
    assert not {"value_std", "seed-0/value"} & story.of_trial[DIVERGED[0]].data.metrics.keys()


def test_the_best_trials_have_their_weights_and_no_others(story: Story) -> None:
    values = {trial.number: trial.value for trial in story.summary.trials if trial.value is not None}
    best = sorted(values, key=lambda number: -values[number])[: run_contents.BEST_KEPT]
    kept = {
        number
        for number, run in story.of_trial.items()
        if [file.path for file in story.client.list_artifacts(run.info.run_id, "checkpoint")]
    }
    assert kept == set(best)
    assert len(values) > run_contents.BEST_KEPT
    run = story.of_trial[best[0]].info.run_id
    with zipfile.ZipFile(story.client.download_artifacts(run, "checkpoint/best.pt")) as archive:
        assert archive.read("weights").startswith(b"weights of ")


def test_the_studys_own_run_has_the_sweep_and_the_best(story: Story) -> None:
    parent = story.client.get_run(story.summary.tracking["run_id"])
    assert (parent.info.status, parent.data.tags["lockstep.state"]) == ("KILLED", "waiting")
    best = story.summary.best
    assert best is not None
    assert (parent.data.metrics["value"], parent.data.tags["lockstep.best_trial"]) == (best.value, str(best.number))
    assert (parent.data.params["budget"], parent.data.params["fixed.batch_size"]) == ("200", "10")
    text = Path(story.client.download_artifacts(parent.info.run_id, "sweep.yaml")).read_text()
    assert text == story.study.sweep.to_yaml()


def plan(number: int, study: Study) -> Plan:
    """A trial that Optuna knows."""
    return sweeps.planned(study, Plan(number, {}, {"learning_rate": 0.1}, [7]))


def test_points_reported_again_after_a_worker_died_are_logged_once(runs: Path) -> None:
    study = sweeps.created(runs)

    def drive(tracker: Tracker) -> None:
        first = plan(0, study)
        tracker.begun(Leg("leg", [first], 0, 0, 200))
        for steps in (50, 100, 50, 100, 150):
            tracker.reported(first, 0, [(steps, {"score": float(steps)})], MemberResult(steps))
        study.records.finish(0, Outcome("complete", 1.0), sweeps.results(1.0))
        tracker.finished(first, Outcome("complete", 1.0), sweeps.results(1.0))

    tracked(study, drive)
    client = client_of(runs)
    assert curve(client, by_trial(runs_of(client))[0], "score") == [(50, 50.0), (100, 100.0), (150, 150.0)]


def test_more_points_than_mlflow_takes_at_once_and_some_that_are_not_finite(runs: Path) -> None:
    study = sweeps.created(runs)
    points = [(step, {"loss": float(step), "norm": math.nan if step == 3 else math.inf}) for step in range(1, 801)]

    def drive(tracker: Tracker) -> None:
        first = plan(0, study)
        tracker.begun(Leg("leg", [first], 0, 0, 800))
        tracker.reported(first, 0, points, MemberResult(800))
        study.records.finish(0, Outcome("pruned", diverged_at=800), sweeps.results(None, diverged_at=800))
        tracker.finished(first, Outcome("pruned", diverged_at=800), sweeps.results(None, diverged_at=800))

    tracker = tracked(study, drive)
    client = client_of(runs)
    run = by_trial(runs_of(client))[0]
    assert curve(client, run, "loss") == [(step, float(step)) for step in range(1, 801)]
    assert [step for step, _ in curve(client, run, "norm")] == list(range(1, 801))
    assert (run.info.status, tracker.shortfall) == ("FAILED", None)


def test_two_studies_of_a_sweep_share_its_experiment(runs: Path) -> None:
    for _ in range(2):
        tracked(sweeps.created(runs))
    assert sorted(run.info.run_name for run in runs_of(client_of(runs))) == ["tiny-1", "tiny-2"]
    assert {run.info.status for run in runs_of(client_of(runs))} == {"FINISHED"}


def confirmation(leader: int, champion: int | None, mean: float, seeds: int) -> Confirmation:
    candidates = [
        Candidate(leader, False, 1.0, [mean] * seeds, mean, (mean - 1.0, mean + 2.0), 0.75),
        Candidate(0, True, 0.5, [None] * seeds, -math.inf, (-math.inf, 0.0), None),
    ]
    return Confirmation(candidates, champion, leader, [], None, seeds)


def test_what_fresh_seeds_say_is_told_once_and_the_weights_of_the_first_are_kept(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=8)

    def drive(tracker: Tracker) -> None:
        search = sweeps.Searching(study, 1, [tracker])
        leg = search.next("leg")
        best_files(study, leg)
        search.trained("leg", sweeps.reports(leg))

    tracked(study, drive)
    last = study.summary().ranked()[-1].number
    client = client_of(runs)
    files = {number: client.list_artifacts(run.info.run_id, "checkpoint") for number, run in told(client).items()}
    assert not files[last]
    study.attributes.set_confirmation(confirmation(last, None, 5.0, 3))
    assert {str(each).partition(":")[2] for each in differences(study)} == {
        " its own run in MLflow does not say who is first on fresh seeds",
        " its run in MLflow does not say how it does on fresh seeds",
        " is one of the best, and MLflow does not have its weights",
    }
    for _ in range(2):
        tracked(sweeps.opened(runs))
    assert differences(study) == []
    study.attributes.set_confirmation(confirmation(last, last, 6.0, 9))
    tracked(sweeps.opened(runs))
    assert differences(study) == []
    run = told(client)[last]
    assert curve(client, run, "confirmed/mean") == [(3, 5.0), (9, 6.0)]
    assert curve(client, run, "confirmed/low") == [(3, 4.0), (9, 5.0)]
    assert curve(client, run, "confirmed/high") == [(3, 7.0), (9, 8.0)]
    assert curve(client, run, "confirmed/beats_default") == [(3, 0.75)]
    assert [file.path for file in client.list_artifacts(run.info.run_id, "checkpoint")] == ["checkpoint/best.pt"]
    default = told(client)[0].data.metrics
    assert {name: value for name, value in default.items() if name.startswith("confirmed/")} == {"confirmed/high": 0.0}
    (parent,) = [run for run in runs_of(client) if "lockstep.trial" not in run.data.tags]
    assert (parent.data.tags["lockstep.leader"], parent.data.tags["lockstep.champion"]) == (str(last), str(last))


def told(client: MlflowClient) -> dict[int, Run]:
    return by_trial(runs_of(client))


def test_another_mlflow_is_told_when_the_environment_names_one(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path / 'other.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.chdir(tmp_path)
    tracked(sweeps.created(runs))
    assert len(runs_of(MlflowClient(tracking_uri=uri))) == 1
    assert not (runs / "mlflow.db").exists()


def test_a_run_that_was_told_all_but_its_end_is_ended_and_told_nothing_twice(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    tracked(study, lambda tracker: sweeps.driven(study, observers=[tracker]))
    client = client_of(runs)
    before = by_trial(runs_of(client))
    # As a driver leaves it that is killed between its last two writes.
    client.update_run(before[0].info.run_id, status="RUNNING")
    tracked(sweeps.opened(runs))
    after = by_trial(runs_of(client))
    assert {number: run.info.run_id for number, run in after.items()} == {
        number: run.info.run_id for number, run in before.items()
    }
    assert {run.info.status for run in after.values()} == {"FINISHED"}
    for run in after.values():
        assert len(curve(client, run, "value")) == len(curve(client, run)) == 1


def test_a_run_that_was_made_and_told_nothing_is_told_all(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    tracked(study, None, "interrupted")
    sweeps.driven(study)
    (parent,) = runs_of(client_of(runs))
    client_of(runs).create_run(
        parent.info.experiment_id,
        tags={"lockstep.key": study.attributes.key, "lockstep.trial": "0", "lockstep.state": "running"},
    )
    tracked(sweeps.opened(runs))
    told = by_trial(runs_of(client_of(runs)))
    for trial in sweeps.opened(runs).summary().trials:
        run = told[trial.number]
        assert (run.info.status, run.info.run_id) == ("FINISHED", trial.run_id)
        assert run.data.params == {name: str(value) for name, value in trial.params.items()}
        assert run.data.metrics["value"] == trial.value


def test_a_curve_that_an_earlier_version_wrote_is_left_out_and_all_else_is_told(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    tracked(study, None, "interrupted")
    sweeps.driven(study)
    folder = study.home.member(study.name, 0, 0)
    folder.mkdir(parents=True, exist_ok=True)
    torch.save({"format": 1, "moment": 200}, folder / checkpoint.LATEST)
    tracker = tracked(sweeps.opened(runs))
    assert tracker.shortfall is None
    told = by_trial(runs_of(client_of(runs)))
    assert [told[number].info.status for number in (0, 1)] == ["FINISHED", "FINISHED"]


def test_metrics_that_are_called_as_what_a_trial_came_to_have_names_of_their_own(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)

    def drive(tracker: Tracker) -> None:
        search = sweeps.Searching(study, 1, [tracker])
        result = sweeps.reports(search.leg())
        for member in result.members:
            member.points[:] = [(steps, {**shown, "value": 7.0, "loss": 1.0}) for steps, shown in member.points]
        search.trained("leg", result)

    tracked(study, drive)
    client = client_of(runs)
    for trial in study.summary().trials:
        run = by_trial(runs_of(client))[trial.number]
        assert (run.data.metrics["value"], len(curve(client, run, "value"))) == (trial.value, 1)
        assert (run.data.metrics["curve/value"], run.data.metrics["loss"]) == (7.0, 1.0)
    assert [found for found in differences(study) if "weights" not in found.message] == []


def test_of_a_search_that_is_left_in_the_middle_nothing_is_said_to_run(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=2)

    def left(tracker: Tracker) -> None:
        assert sweeps.Searching(study, 1, [tracker]).next("leg") is not None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tracked(study, left)
    told = runs_of(client_of(runs))
    assert len(told) == 3
    assert {run.info.status for run in told} == {"KILLED"}
    assert {run.data.tags["lockstep.state"] for run in told} == {"waiting"}
