"""Tracking when MLflow does not listen: no trial is lost by it, what is missing is said, and told later."""

import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST
from mlflow.tracking import MlflowClient
from tracked import Runs, searched, tracked, trained

from tuning.errors import ServerError
from tuning.study.attributes import Attributes
from tuning.tracking.audit import differences
from tuning.tracking.repair import mend
from tuning.tracking.retries import Patience
from tuning.tracking.tracker import Tracker


def test_a_server_that_is_not_there_costs_no_trial_and_is_told_later(
    runs: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{nobody.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        study = sweeps.created(runs, trials=4, pack_size=4)
        said: list[str] = []
        hasty = Patience(first_wait_s=0.05, closing_s=0.2, silent_closing_s=0.01)
        tracker = searched(study, say=said.append, patience=hasty)
        with pytest.raises(
            ServerError, match=r"^MLflow at http://me:\*\*\*@127\.0\.0\.1:\d+ can't be asked: "
        ) as error:
            differences(study)
    assert said == ["telling MLflow what is left, up to 0.2 s; Ctrl-C leaves it for later"]
    assert tracker.shortfall is not None
    assert tracker.shortfall.startswith("MLflow could not be reached at http://me:***@127.0.0.1:")
    assert "secret" not in f"{tracker.shortfall} {error.value} {caplog.text}"
    assert "`tuning audit tiny-1 --repair`" in tracker.shortfall
    summary = study.summary()
    assert (summary.state, summary.count("complete"), summary.tracking) == ("finished", 4, {})
    assert {trial.run_id for trial in summary.trials} == {None}
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    mend(study)
    assert differences(study) == []


def test_what_mlflow_refuses_is_counted_and_said_with_its_reason(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: Any, **more: Any) -> Any:
        raise MlflowException("no more\nat all", RESOURCE_DOES_NOT_EXIST)

    monkeypatch.setattr(MlflowClient, "log_batch", refused)
    study = sweeps.created(runs, trials=4, pack_size=4)
    tracker = searched(study)
    assert tracker.shortfall is not None
    assert tracker.shortfall.startswith("MLflow did not take all of 5 runs (no more; all of it in "), tracker.shortfall
    assert tracker.shortfall.endswith("`tuning audit tiny-1 --repair` or `tuning resume tiny-1` tells it later.")
    assert mend(study) == tracker.shortfall
    monkeypatch.undo()
    assert mend(study) is None


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
    tracker = searched(study, say=impatient, patience=Patience(silent_closing_s=0.01))
    left = "`tuning audit tiny-1 --repair` or `tuning resume tiny-1` tells it later."
    assert said == ["telling MLflow what is left, up to 60 s; Ctrl-C leaves it for later"]
    assert tracker.shortfall == f"MLflow was not told all, as that was interrupted; {left}"
    assert study.summary().count("complete") == 4
    process_ends.set()
    monkeypatch.undo()
    mend(study)
    assert differences(study) == []


def test_who_does_not_wait_and_goes_on_in_the_same_process_has_no_run_twice(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create, first = MlflowClient.create_run, threading.Event()

    def slow(self: MlflowClient, *arguments: Any, **more: Any) -> Any:
        first.set()
        time.sleep(0.2)
        return create(self, *arguments, **more)

    def impatient(line: str) -> None:
        first.wait()
        raise KeyboardInterrupt

    monkeypatch.setattr(MlflowClient, "create_run", slow)
    study = sweeps.created(runs, trials=4, pack_size=4)
    searched(study, say=impatient, patience=Patience(silent_closing_s=1.0))
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
