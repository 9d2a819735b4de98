"""Curves as they are kept: by checkpoints, and beyond the last of them where a trial could not be trained."""

import math
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from tracked import trained

from trainables.base import checkpoint
from tuning.study import kept_curves, trainings


def saved(folder: Path, *steps: int) -> None:
    points = [(step, {"loss": float(step)}) for step in steps]
    checkpoint.save([folder], [{"moment": max(steps), "report": {"points": points}}], [None])


def test_a_curve_is_the_checkpoints_and_what_was_reported_after_it(tmp_path: Path) -> None:
    assert kept_curves.curve(tmp_path) == []
    saved(tmp_path, 1, 2)
    kept_curves.keep(tmp_path, [(2, {"loss": 2.0}), (3, {"loss": math.inf, "norm": 1.0})])
    assert kept_curves.curve(tmp_path) == [(1, {"loss": 1.0}), (2, {"loss": 2.0}), (3, {"loss": math.inf, "norm": 1.0})]


@pytest.mark.parametrize("damage", ["", "[[1", "[1]", "{}x"])
def test_a_damaged_file_is_none(tmp_path: Path, damage: str) -> None:
    saved(tmp_path, 1)
    (tmp_path / kept_curves.REPORTED).write_text(damage)
    assert kept_curves.curve(tmp_path) == [(1, {"loss": 1.0})]


def test_where_there_is_no_room_nothing_is_raised(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    kept_curves.keep(tmp_path / "file", [(1, {"loss": 1.0})])
    assert "can't be kept" in caplog.text


def test_of_a_trial_that_could_not_be_trained_all_is_kept_that_it_has_reported(runs: Path) -> None:
    study = sweeps.created(runs, trials=1, pack_size=1)
    search = legs_by_hand.Searching(study)
    leg = search.leg()
    search.reported("leg", trained(leg))
    (member,) = leg.members
    assert member.folder is not None
    (Path(member.folder) / checkpoint.LATEST).unlink()
    search.failed("leg", "the worker died")
    (training,) = trainings.of_trial(study, 0)
    assert training.curves["evaluation/return_mean"].steps.tolist() == [200]
