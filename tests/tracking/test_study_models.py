"""A study's networks as models of MLflow: made once, linked to what their trials came to, and loaded without us."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sweeps
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.protos.databricks_pb2 import FEATURE_DISABLED
from mlflow.tracking import MlflowClient
from real_weights import SPEC, searched
from tracked import Runs, tracked

from trainables.base import checkpoint
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation
from tuning.tracking import model_files
from tuning.tracking.audit import differences


def models_of(study: Study, client: MlflowClient) -> dict[int, list[LoggedModel]]:
    """The models of a study, by trial."""
    found: dict[int, list[LoggedModel]] = {}
    for model in client.search_logged_models([study.attributes.tracking["experiment_id"]]):
        found.setdefault(int(model.tags["lockstep.trial"]), []).append(model)
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models without a program, which takes torch seconds."""

    def write(folder: Path, weights: Path, model: Model) -> None:
        folder.mkdir()
        model.save(str(folder / "MLmodel"))

    monkeypatch.setattr(model_files, "write", write)


@pytest.fixture
def study(runs: Path) -> Study:
    return sweeps.created(runs, trials=4)


@pytest.mark.usefixtures("quick")
def test_the_leader_is_a_model_of_its_run_and_registered(study: Study) -> None:
    tracker, told = searched(study), Runs(study)
    leader = study.summary().chosen
    assert leader is not None
    ((number, (model,)),) = models_of(study, told.client).items()
    run = told.of_trial[leader.number]
    assert (number, model.source_run_id, model.status) == (leader.number, run.info.run_id, LoggedModelStatus.READY)
    assert {metric.key: metric.value for metric in model.metrics or []} == {"value": leader.value}
    assert run.outputs is not None
    assert [output.model_id for output in run.outputs.model_outputs] == [model.model_id]
    assert told.client.get_model_version_by_alias("tiny", "candidate").run_id == run.info.run_id
    assert tracker.news == [f"models:/tiny@candidate is trial {leader.number} of tiny-1 (version 1)"]
    assert 'mlflow.pyfunc.load_model("models:/tiny@candidate")' in run.data.tags["mlflow.note.content"]
    assert differences(study) == []


@pytest.mark.usefixtures("quick")
def test_told_again_there_is_still_one(study: Study) -> None:
    searched(study)
    tracked(study)
    told = Runs(study)
    assert [len(each) for each in models_of(study, told.client).values()] == [1]
    assert len(told.client.search_model_versions("name = 'tiny'")) == 1
    assert differences(study) == []


@pytest.mark.usefixtures("quick")
def test_one_that_was_cut_off_is_made_anew(study: Study) -> None:
    searched(study)
    client = Runs(study).client
    ((_, (model,)),) = models_of(study, client).items()
    client.delete_logged_model(model.model_id)
    cut_off = client.create_logged_model(model.experiment_id, model.name, model.source_run_id, model.tags)
    tracked(study)
    ((_, (new,)),) = models_of(study, client).items()
    assert new.model_id not in (model.model_id, cut_off.model_id)
    assert new.status == LoggedModelStatus.READY
    assert client.get_model_version_by_alias("tiny", "candidate").source == new.artifact_location


@pytest.mark.usefixtures("quick")
def test_all_that_were_confirmed_are_models_and_the_champion_has_its_alias(study: Study) -> None:
    searched(study)
    ranked = [trial.number for trial in study.summary().ranked()]
    found = [Candidate(each, each == 0, 1.0, [1.0] * 3, 1.0, (0.5, 1.5), 0.9) for each in ranked[:3]]
    study.attributes.set_confirmation(Confirmation(found, ranked[1], ranked[1], [], None, 3, kind="champion"))
    tracked(study)
    told = Runs(study)
    models = models_of(study, told.client)
    assert sorted(models) == sorted(ranked[:3])
    assert {metric.key for metric in models[ranked[1]][0].metrics or []} >= {"value", "confirmed/mean"}
    version = told.client.get_model_version_by_alias("tiny", "champion")
    assert version.run_id == told.of_trial[ranked[1]].info.run_id
    assert "95 % interval 0.5 to 1.5" in version.description
    # What led before the confirmation is no candidate any more.
    assert set(told.client.get_registered_model("tiny").aliases) == {"champion"}
    assert differences(study) == []


@pytest.mark.usefixtures("quick")
def test_an_interrupted_study_registers_nothing(study: Study) -> None:
    tracker = searched(study, state="interrupted")
    assert models_of(study, Runs(study).client) == {}
    assert tracker.news == []


@pytest.mark.usefixtures("quick")
def test_without_a_registry_a_person_is_told_and_nothing_fails(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise MlflowException("there is no registry here\nat all", error_code=FEATURE_DISABLED)

    monkeypatch.setattr(MlflowClient, "create_registered_model", none)
    tracker = searched(study)
    ((number, (model,)),) = models_of(study, Runs(study).client).items()
    assert tracker.news == [
        f"MLflow did not register trial {number} (there is no registry here); its model is models:/{model.model_id}"
    ]
    assert tracker.shortfall is None
    assert differences(study) == []


def test_what_no_model_can_be_made_of_is_said(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(folder: Path, weights: Path, model: Model) -> None:
        raise RuntimeError("its control flow depends on data\nand more")

    monkeypatch.setattr(model_files, "write", refused)
    tracker, leader = searched(study), study.summary().chosen
    assert leader is not None
    said = f"trial {leader.number} could not be made a model of MLflow: its control flow depends on data"
    assert tracker.news == [said]
    assert tracker.shortfall is None
    assert models_of(study, Runs(study).client) == {}
    assert differences(study) == []


ALONE = """
import sys
class NoneOfOurs:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tuning", "trainables"):
            raise AssertionError(name + " is imported")
sys.meta_path.insert(0, NoneOfOurs())
import json, warnings
import mlflow, numpy, torch
# Where there is a GPU, too, of which there need be none here.
torch.cuda.is_available = lambda: True
mlflow.set_tracking_uri(sys.argv[1])
seen = numpy.eye(16, dtype=numpy.float32)[:3]
acted = mlflow.pyfunc.load_model(sys.argv[2]).predict(seen)
program = mlflow.pytorch.load_model(sys.argv[2])
print(json.dumps([acted.tolist(), program(torch.from_numpy(seen)).tolist()]))
"""


@pytest.mark.slow
def test_the_leader_acts_in_a_process_that_has_nothing_of_ours(study: Study, tmp_path: Path) -> None:
    tracker, leader = searched(study), study.summary().chosen
    assert (tracker.shortfall, len(tracker.news)) == (None, 1)
    assert leader is not None
    assert leader.checkpoint is not None
    command = [sys.executable, "-P", "-c", ALONE, study.home.tracking_uri, "models:/tiny@candidate"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0, said.stderr
    best = checkpoint.read(Path(leader.checkpoint))
    assert best is not None
    layers = SPEC.build()
    layers.load_state_dict(best["state_dict"])
    weights = [layers(row).argmax().item() for row in _rows()]
    assert json.loads(said.stdout) == [weights, weights]


def _rows() -> Any:
    import torch

    return torch.eye(16)[:3]
