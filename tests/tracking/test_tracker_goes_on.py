"""A study that goes on: MLflow is told what it was not told before, and nothing twice."""

from pathlib import Path

import legs_by_hand
import sweeps
import torch
from tracked import Runs, searched, tracked, trained

from trainables.base import checkpoint
from tuning.tracking.audit import differences


def test_a_run_that_was_told_all_but_its_end_is_ended_and_told_nothing_twice(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    searched(study)
    before = Runs(study)
    # As a driver leaves it that is killed between its last two writes.
    before.client.update_run(before.of_trial[0].info.run_id, status="RUNNING")
    tracked(sweeps.opened(runs))
    assert differences(study) == []
    after = Runs(study)
    assert {run.info.run_id for run in after.every} == {run.info.run_id for run in before.every}
    for trial in after.of_trial:
        assert len(after.curve(trial, "value")) == len(after.curve(trial)) == 1


def test_a_run_that_was_made_and_told_nothing_is_told_all(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    tracked(study, None, "interrupted")
    legs_by_hand.driven(study, result=trained)
    told, key = Runs(study), study.attributes.key
    tags = {"lockstep.key": key, "lockstep.trial": "0", "lockstep.state": "running"}
    made = told.client.create_run(told.own.info.experiment_id, tags=tags)
    tracked(sweeps.opened(runs))
    assert differences(study) == []
    assert Runs(study).of_trial[0].info.run_id == made.info.run_id


def test_a_curve_that_an_earlier_version_wrote_is_left_out_and_all_else_is_told(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    tracked(study, None, "interrupted")
    legs_by_hand.driven(study, result=trained)
    torch.save({"format": 1, "moment": 200}, study.home.member(study.name, 0, 0) / checkpoint.LATEST)
    assert tracked(sweeps.opened(runs)).shortfall is None
    assert differences(study) == []
