"""What a study learns from, as an input of its run in MLflow: the data set, or the environment. Nothing is asked there.

Two studies that have learnt from the same have the same digest: of the bytes of a file, or of what an environment or a
data set is made with.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

from trainables import environments
from trainables.data import datasets
from trainables.data.columns import Kind
from trainables.environments import Description, EnvironmentMisfit
from tuning.study.urls import without_password
from tuning.sweep.model import Sweep

CONTEXT = "mlflow.data.context"
"""What a data set is for, as MLflow's pages have it."""

DIGITS, LONGEST_SCHEMA = 12, 65_000
"""Characters of a digest; and what MLflow's databases have room for."""

TYPES: Mapping[Kind, DataType] = {
    "number": DataType.double,
    "boolean": DataType.boolean,
    "date": DataType.datetime,
    "text": DataType.string,
}


def dataset_input(sweep: Sweep) -> DatasetInput | None:
    """What the default configuration of a sweep learns from; None where the sweep does not say it.

    Columns, or spaces of observations and actions, are told where data and environment can be had here.
    """
    if sweep.data is not None:
        found = _of_data(sweep, sweep.data)
    elif sweep.environment is not None:
        found = _of_environment(sweep, sweep.environment)
    else:
        return None
    return DatasetInput(found, [InputTag(CONTEXT, "training")])


def _of_data(sweep: Sweep, name: str) -> Dataset:
    config = sweep.config()
    source: datasets.Source | None = getattr(config, "source", None)
    schema, profile = None, None
    if isinstance(source, datasets.Source):
        try:
            # Its checks have read it, and it is still there.
            known = datasets.load(source)
        except datasets.Unusable:
            pass
        else:
            target = DataType.string if known.classes else DataType.double
            columns = [(TYPES[column.kind], column.name) for column in known.columns]
            columns += [(target, name) for name in known.targets]
            schema = {"mlflow_colspec": Schema([ColSpec(kind, name) for kind, name in columns]).to_dict()}
            profile = {"num_rows": len(known.train_features) + len(known.validation_features)}
    path = Path(name)
    if datasets.is_file(name) and path.is_file():
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return _dataset(path.name, digest, "local", {"uri": str(path)}, schema, profile)
    made = {"data": name, "seed": getattr(source, "seed", 0)}
    return _dataset(path.name, _digest(made), "code", {"tags": made}, schema, profile)


def _of_environment(sweep: Sweep, name: str) -> Dataset:
    config = sweep.config().model_dump(mode="json")
    arguments, wrappers = config.get("environment_args", {}), config.get("wrappers", [])
    made = {"environment": name, "arguments": arguments, "wrappers": wrappers}
    try:
        described = environments.describe(name, arguments, wrappers)
    except EnvironmentMisfit:
        return _dataset(name, _digest(made), "code", {"tags": made}, None, None)
    solved_from = described.reward_threshold
    profile = {"max_episode_steps": described.longest, "reward_threshold": solved_from}
    return _dataset(name, _digest(made), "code", {"tags": made}, _spaces(described), profile)


def _spaces(described: Description) -> dict[str, Any]:
    """Observations and actions, one of each in a batch."""
    seen = (described.space.dtype, described.shape) if described.flattened is None else (None, (described.inputs,))
    done = described.actions.given(np.zeros(described.actions.axes, np.int64))
    specs = {
        "features": TensorSpec(np.dtype(seen[0] or np.float32), (-1, *seen[1]), "observation"),
        "targets": TensorSpec(np.asarray(done).dtype, (-1, *np.shape(done)), "action"),
    }
    return {"mlflow_tensorspec": {part: Schema([spec]).to_json() for part, spec in specs.items()}}


def _digest(made: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def _dataset(
    name: str,
    digest: str,
    kind: str,
    source: Mapping[str, Any],
    schema: Mapping[str, Any] | None,
    profile: Mapping[str, Any] | None,
) -> Dataset:
    texts = [None if each is None else json.dumps(each) for each in (schema, profile)]
    fitting = [None if text is None or len(text) > LONGEST_SCHEMA else text for text in texts]
    return Dataset(name, digest[:DIGITS], kind, without_password(json.dumps(source)), *fitting)
