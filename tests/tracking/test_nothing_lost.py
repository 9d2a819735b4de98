"""Whatever becomes of what MLflow is told on the way, in the end it has all of it, and nothing twice."""

import json
import math
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from commands import Said
from mlflow.tracking import MlflowClient
from tracked import Clock, Runs, assert_told, searched, tracked, trained

from trainables.base import checkpoint
from tuning import studies
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Leg, Plan
from tuning.tracking import tracker as tracking
from tuning.tracking.audit import differences
from tuning.tracking.retries import Patience
from tuning.tracking.sync import sync
from tuning.tracking.tracker import Tracker
from tuning.tracking.waiting import Waiting

HALVED = {"trials": 4, "pack_size": 2, "halving": {"reduction": 2, "minimum": 50}}


def asked_of(monkeypatch: pytest.MonkeyPatch, name: str, answer: Callable[..., Any]) -> None:
    """Have `answer` called in place of a method of MLflow's client, with the method itself as its first argument."""
    method = getattr(MlflowClient, name)

    def instead(client: MlflowClient, *arguments: Any, **more: Any) -> Any:
        return answer(partial(method, client), *arguments, **more)

    monkeypatch.setattr(MlflowClient, name, instead)


@pytest.mark.parametrize("name", ["create_experiment", "create_run", "log_batch", "set_terminated", "log_text"])
def test_what_was_heard_though_the_answer_is_lost_is_there_once(
    runs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lost, clock = list[Any](), Clock()

    def heard(ask: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        answer = ask(*arguments, **more)
        if (key := str(arguments[:1])) not in lost:
            lost.append(key)
            raise ConnectionError("[Errno 104] Connection reset by peer")
        return answer

    asked_of(monkeypatch, name, heard)
    study = sweeps.created(runs, trials=2, pack_size=2)
    assert searched(study, clock=clock, sleep=clock.sleep).shortfall is None
    assert lost
    assert_told(study)


def test_a_run_that_comes_to_be_long_after_it_was_asked_for_is_deleted(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late, clock = list[Callable[[], Any]](), Clock()

    def slow(ask: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        if "lockstep.trial" in more["tags"] and not late:
            late.append(partial(ask, *arguments, **more))
            raise TimeoutError("timed out")
        return ask(*arguments, **more)

    def end(ask: Callable[..., Any], *arguments: Any) -> None:
        ask(*arguments)
        if len(late) == 1:
            late.append(late[0]())

    asked_of(monkeypatch, "create_run", slow)
    asked_of(monkeypatch, "set_terminated", end)
    study = sweeps.created(runs, trials=2, pack_size=2)
    assert searched(study, clock=clock, sleep=clock.sleep).shortfall is None
    assert len(late) == 2
    assert differences(study) == []
    assert len(Runs(study).every) == 4, "the late one among them, deleted"


def test_what_has_no_room_while_mlflow_is_away_is_told_from_the_checkpoints(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def away(ask: Callable[..., Any], *arguments: Any) -> Any:
        over.wait()
        return ask(*arguments)

    asked_of(monkeypatch, "get_experiment_by_name", away)
    monkeypatch.setattr(tracking, "Waiting", partial(Waiting, most=2))
    study = sweeps.created(runs, **HALVED)
    tracker = searched(study, say=lambda line: over.set(), patience=Patience(silent_closing_s=0.0))
    assert (tracker.shortfall, tracker.behind) == (None, None)
    assert_told(study)


def test_a_trial_that_could_not_be_trained_has_all_that_it_has_reported(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweeps.created(runs, trials=1, pack_size=1)

    def drive(tracker: Tracker) -> None:
        search = legs_by_hand.Searching(study, 1, [tracker])
        leg = search.leg()
        search.reported("leg", trained(leg))
        (Path(str(leg.members[0].folder)) / checkpoint.LATEST).unlink()
        search.failed("leg", "the worker died")

    def away(ask: Callable[..., Any], *arguments: Any) -> Any:
        raise ConnectionError

    clock = Clock()
    asked_of(monkeypatch, "get_experiment_by_name", away)
    assert tracked(study, drive, clock=clock, sleep=clock.sleep).shortfall is not None
    monkeypatch.undo()
    told = sync(study)
    assert (told.trials, told.shortfall) == (1, None)
    assert [step for step, _ in Runs(study).curve(0)] == [200]
    assert differences(study) == []


def test_a_search_that_was_interrupted_while_mlflow_was_away_is_told_as_far_as_it_came(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2, halving={"reduction": 2, "minimum": 50})

    def drive(tracker: Tracker) -> None:
        search = legs_by_hand.Searching(study, 1, [tracker])
        search.trained("leg", trained(search.leg()))
        search.policy.put_back()

    def away(ask: Callable[..., Any], *arguments: Any) -> Any:
        raise ConnectionError

    clock = Clock()
    asked_of(monkeypatch, "get_experiment_by_name", away)
    tracked(study, drive, "interrupted", clock=clock, sleep=clock.sleep)
    monkeypatch.undo()
    assert sync(study).points > 0
    assert {number: len(Runs(study).curve(number)) for number in range(2)} == {0: 1, 1: 1}
    searched(sweeps.opened(runs))
    assert_told(study)


def test_names_values_and_parameters_that_mlflow_does_not_take_are_told_as_it_does(runs: Path) -> None:
    study, odd = (
        sweeps.created(runs, "an \"odd\" name, 'quoted' \U0001f600"),
        ["loss (%)", "../up", "a//b", "\U0001f600"],
    )
    params = {"text": "x" * 7_000, "learning_rate": 0.1}

    def drive(tracker: Tracker) -> None:
        plan = legs_by_hand.planned(study, Plan(0, params, params, [7]))
        tracker.begun(Leg("leg", [plan], 0, 0, 200))
        points = [(200, {**dict.fromkeys(odd, 1.0), "x" * 400: 2.0, "norm": math.inf})]
        tracker.reported(plan, 0, points, MemberResult(200))
        study.records.finish(0, Outcome("failed", reason="y" * 9_000), legs_by_hand.results(None))
        tracker.finished(plan, Outcome("failed", reason="y" * 9_000), legs_by_hand.results(None))

    assert tracked(study, drive).shortfall is None
    told = Runs(study)
    assert told.own.info.run_name == study.name
    metrics = told.of_trial[0].data.metrics
    assert {"loss (_)".replace("(", "_").replace(")", "_"), "___up", "a__b", "_"} <= metrics.keys()
    assert (len(metrics), math.isnan(metrics["norm"])) == (6, True)
    assert told.of_trial[0].data.params["text"] == "x" * 6_000
    assert differences(study) == []


def test_the_command_tells_the_rest_and_says_how_much_that_was(
    tuning: Callable[..., Said], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    legs_by_hand.driven(study, result=trained)
    study.attributes.set_state("finished", 1.0)
    code, out, err = tuning("sync", "--root", str(runs), "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["study"], found["trials"], found["shortfall"]) == ("tiny-1", 2, None)
    assert found["points"] > 0
    assert_told(study)
    assert tuning("sync", "tiny-1", "--root", str(runs)) == (
        0,
        "tiny-1: MLflow has all of its 2 trials; 0 points told now\n",
        "",
    )
    assert studies(runs)[0].sync().points == 0
    with study.held():
        code, out, err = tuning("sync", "--root", str(runs))
    assert (code, out) == (2, "")
    assert err.startswith("another process is running 'tiny-1' now")

    def refused(ask: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        raise OSError("[Errno 28] No space left on device")

    asked_of(monkeypatch, "log_text", refused)
    code, out, err = tuning("sync", "--root", str(runs))
    assert (code, err) == (1, "")
    assert "no space left on device" in out
    assert "`tuning sync tiny-1` tells it the rest" in out
