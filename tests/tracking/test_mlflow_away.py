"""Tracking when MLflow does not listen: no trial is lost by it, what is missing is said, and told later."""

import socket
import sys
import threading
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, RESOURCE_DOES_NOT_EXIST
from mlflow.tracking import MlflowClient
from tracked import Clock, Runs, assert_told, searched, tracked, trained

from tuning.errors import ServerError
from tuning.study.attributes import Attributes
from tuning.tracking import run_writer
from tuning.tracking.audit import differences
from tuning.tracking.repair import mend
from tuning.tracking.retries import Patience
from tuning.tracking.run_contents import UNTOLD
from tuning.tracking.sync import sync
from tuning.tracking.tracker import Tracker


def test_a_server_that_is_not_there_costs_no_trial_and_is_told_later(
    runs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ask, waited_for, said, clock = MlflowClient.get_experiment_by_name, threading.Event(), list[str](), Clock()

    def asked_once_it_is_waited_for(self: MlflowClient, *arguments: Any) -> Any:
        waited_for.wait()
        return ask(self, *arguments)

    def say(line: str) -> None:
        said.append(line)
        waited_for.set()

    monkeypatch.setattr(MlflowClient, "get_experiment_by_name", asked_once_it_is_waited_for)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        study = sweeps.created(runs, trials=4, pack_size=4)
        patience = Patience(silent_closing_s=0.0)
        tracker = searched(study, say=say, patience=patience, clock=clock, sleep=clock.sleep)
        for ask_it in (differences, sync):
            with pytest.raises(ServerError, match=r"^MLflow at http://me:\*\*\*@127\.0\.0\.1:\d+ can't be asked: "):
                ask_it(study)
    assert said == ["telling MLflow what is left, up to 60 s; Ctrl-C leaves it for later"]
    assert clock.now > 50.0
    assert tracker.behind == "MLflow is 4 points behind: connection refused"
    assert tracker.shortfall is not None
    assert tracker.shortfall.startswith("MLflow at http://me:***@127.0.0.1:")
    assert "connection refused; `tuning sync tiny-1` tells it the rest" in tracker.shortfall
    assert "secret" not in f"{tracker.shortfall} {caplog.text}"
    summary = study.summary()
    assert (summary.state, summary.count("complete"), summary.tracking) == ("finished", 4, {})
    assert {trial.run_id for trial in summary.trials} == {None}
    monkeypatch.undo()
    assert sync(study).shortfall is None
    assert_told(study)
    assert sync(study).points == 0


def test_what_mlflow_refuses_is_counted_and_said_with_its_reason(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **more: Any) -> Any:
        raise MlflowException("no more\nat all", RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "log_batch", refused)
    study = sweeps.created(runs, trials=4, pack_size=4)
    tracker = searched(study)
    assert tracker.shortfall is not None
    assert "was not told all of tiny-1: no more (more in " in tracker.shortfall
    assert sync(study).shortfall == tracker.shortfall
    monkeypatch.undo()
    assert sync(study).shortfall is None
    assert_told(study)


def test_a_run_that_has_ended_though_it_was_refused_a_point_is_told_it_later(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_batch, study = MlflowClient.log_batch, sweeps.created(runs, trials=2, pack_size=2)

    def refused_once(self: MlflowClient, run_id: str, metrics: Any = (), *more: Any) -> None:
        if metrics and not refused:
            refused.append(run_id)
            raise MlflowException("not now", INVALID_PARAMETER_VALUE)
        log_batch(self, run_id, metrics, *more)

    refused: list[str] = []
    monkeypatch.setattr(MlflowClient, "log_batch", refused_once)
    monkeypatch.setattr(run_writer, "BATCH", 1)
    assert searched(study).shortfall is not None
    (lacking,) = [run for run in Runs(study).of_trial.values() if UNTOLD in run.data.tags]
    assert (lacking.info.run_id, lacking.info.status) == (refused[0], "FINISHED")
    assert [each.message for each in differences(study)] == ["MLflow did not take all that its run was to hold"]
    monkeypatch.undo()
    assert sync(study).points == 1
    assert_told(study)
    assert UNTOLD not in Runs(study).client.get_run(refused[0]).data.tags


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_who_does_not_wait_for_what_is_left_can_have_it_told_later(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writing, process_ends = threading.Event(), threading.Event()

    def held_up(self: MlflowClient, *arguments: Any, **more: Any) -> None:
        writing.set()
        process_ends.wait()
        sys.exit()

    def impatient(line: str) -> None:
        said.append(line)
        writing.wait()
        raise KeyboardInterrupt

    said: list[str] = []
    monkeypatch.setattr(MlflowClient, "set_terminated", held_up)
    study = sweeps.created(runs, trials=4, pack_size=4)
    tracker = searched(study, say=impatient, patience=Patience(silent_closing_s=0.0, last_write_s=0.0))
    assert said == ["telling MLflow what is left, up to 60 s; Ctrl-C leaves it for later"]
    assert tracker.shortfall is not None
    assert "was not told all of tiny-1: that was interrupted; `tuning sync tiny-1` tells it" in tracker.shortfall
    assert study.summary().count("complete") == 4
    process_ends.set()
    monkeypatch.undo()
    mend(study)
    assert differences(study) == []


def test_who_does_not_wait_and_goes_on_in_the_same_process_has_no_run_twice(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, first, goes_on = MlflowClient.create_run, threading.Event(), threading.Event()

    def slow(self: MlflowClient, *arguments: Any, **more: Any) -> Any:
        first.set()
        goes_on.wait()
        return create(self, *arguments, **more)

    def impatient(line: str) -> None:
        first.wait()
        goes_on.set()
        raise KeyboardInterrupt

    monkeypatch.setattr(MlflowClient, "create_run", slow)
    study = sweeps.created(runs, trials=4, pack_size=4)
    searched(study, say=impatient, patience=Patience(silent_closing_s=0.0, last_write_s=60.0))
    mend(study)
    assert differences(study) == []


def test_what_else_goes_wrong_with_one_thing_keeps_nothing_else_from_being_told(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Attributes.set_run

    def locked(self: Attributes, number: int, run_id: str) -> None:
        if number == 1:
            raise RuntimeError("the database is locked\nfor long")
        keep(self, number, run_id)

    monkeypatch.setattr(Attributes, "set_run", locked)
    study = sweeps.created(runs, trials=4, pack_size=2, halving={"reduction": 2, "minimum": 50})
    tracker = searched(study)
    assert tracker.shortfall is not None
    assert "the database is locked" in tracker.shortfall
    assert "for long" not in tracker.shortfall
    told = Runs(study)
    assert sorted(told.of_trial) == [0, 1, 2, 3]
    assert (told.own.info.status, told.statuses["RUNNING"]) == ("FINISHED", 0)
    monkeypatch.undo()
    assert mend(study) is None
    assert differences(study) == []


def test_who_can_not_find_out_which_runs_there_are_makes_none(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4, halving={"reduction": 2, "minimum": 50})

    def interrupted(tracker: Tracker) -> None:
        search = legs_by_hand.Searching(study, 1, [tracker])
        search.trained("leg", trained(search.leg()))
        search.policy.put_back()

    tracked(study, interrupted, "interrupted")
    before = len(Runs(study).every)

    def locked(self: Attributes, tracking: dict[str, str]) -> None:
        raise RuntimeError("the database is locked")

    monkeypatch.setattr(Attributes, "set_tracking", locked)
    assert searched(sweeps.opened(runs)).shortfall is not None
    assert len(Runs(study).every) == before
    monkeypatch.undo()
    assert mend(sweeps.opened(runs)) is None
    assert differences(sweeps.opened(runs)) == []


def test_an_experiment_that_was_deleted_is_brought_back(runs: Path) -> None:
    one, other = (sweeps.created(runs) for _ in range(2))
    tracked(one)
    told = Runs(one)
    told.client.delete_experiment(told.own.info.experiment_id)
    assert tracked(other).shortfall is None
    assert Runs(one).own.info.experiment_id == Runs(other).own.info.experiment_id
