"""What a study learns from, as MLflow has it: data and environments with digests and schemas."""

import json
from pathlib import Path
from typing import Any

import sweeps
from mlflow.tracking import MlflowClient
from tracked import Runs, client_of, searched, tracked

from tuning.sweep.model import Sweep
from tuning.tracking.dataset_input import dataset_input


def of_data(path: Path, **fixed: Any) -> Sweep:
    """A sweep that learns from a file."""
    search = {"learning_rate": {"low": 1e-3, "high": 1e-1, "log": True}}
    return Sweep.model_validate(
        {"name": "points", "loop": "supervised", "data": str(path), "budget": 20, "search": search, "fixed": fixed}
    )


def written(path: Path, last: str = "") -> Path:
    rows = [f"{place % 7},{'red' if place % 2 else 'blue'},{place * 1.5}" for place in range(20)]
    path.write_text("\n".join(["size,colour,price", *rows, *([last] if last else [])]))
    return path


def test_a_table_has_the_digest_of_its_bytes_and_its_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "points.csv")
    found = dataset_input(of_data(path))
    assert found is not None
    (tag,) = found.tags
    assert (tag.key, tag.value) == ("mlflow.data.context", "training")
    assert (found.dataset.name, found.dataset.source_type) == ("points.csv", "local")
    assert json.loads(found.dataset.source) == {"uri": str(path)}
    columns = json.loads(found.dataset.schema)["mlflow_colspec"]
    assert [(each["name"], each["type"]) for each in columns] == [
        ("size", "double"),
        ("colour", "string"),
        ("price", "double"),
    ]
    assert json.loads(found.dataset.profile) == {"num_rows": 20}
    same, other = dataset_input(of_data(written(tmp_path / "same.csv"))), written(tmp_path / "other.csv", "9,red,1.0")
    assert same is not None
    assert same.dataset.digest == found.dataset.digest
    changed = dataset_input(of_data(other))
    assert changed is not None
    assert changed.dataset.digest != found.dataset.digest


def test_a_file_that_is_gone_is_named_all_the_same(tmp_path: Path) -> None:
    path = written(tmp_path / "points.csv")
    sweep = of_data(path)
    path.unlink()
    found = dataset_input(sweep)
    assert found is not None
    assert (found.dataset.name, found.dataset.schema, found.dataset.profile) == ("points.csv", None, None)


def test_an_environment_is_told_by_its_spaces(runs: Path) -> None:
    study = sweeps.created(runs, trials=2)
    searched(study)
    tracked(study)
    client: MlflowClient = client_of(runs)
    run = client.get_run(Runs(study).own.info.run_id)
    assert run.inputs is not None
    # Told again it is still one.
    (found,) = run.inputs.dataset_inputs
    assert (found.dataset.name, found.dataset.source_type) == ("NumberMatch-v0", "code")
    made = json.loads(found.dataset.source)["tags"]
    assert made == {"environment": "NumberMatch-v0", "arguments": {"n": 4, "one_hot": True}, "wrappers": []}
    spaces = json.loads(found.dataset.schema)["mlflow_tensorspec"]
    (seen,), (done,) = json.loads(spaces["features"]), json.loads(spaces["targets"])
    assert (seen["tensor-spec"], done["name"]) == ({"dtype": "float32", "shape": [-1, 4]}, "action")
    other = sweeps.tiny(fixed={**sweeps.TINY["fixed"], "environment_args": {"n": 5}})
    again = dataset_input(other)
    assert again is not None
    assert again.dataset.digest != found.dataset.digest
