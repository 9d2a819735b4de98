"""The files of a trial's network as a model of MLflow, which loads and runs where nothing of this project is.

    MLmodel               what it takes and gives, and how it is loaded: by mlflow.pyfunc and by mlflow.pytorch
    data/model.pt2        of a policy: a program of torch's own, which gives actions for observations
    table_model.py        of what was trained on a table: reads its rows, and names what is predicted
    artifacts/network/    the same program, which takes and gives numbers
    artifacts/table.json  what table_model.py is to know of the columns
    requirements.txt      torch, NumPy and MLflow as they are here

No file holds pickled code: weights are plain tensors, and MLflow itself refuses a program that has anything else.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import AnyType
from numpy.typing import NDArray

from trainables import prediction
from trainables.data import columns
from trainables.data.encoding import FittedColumn
from trainables.deployed_network import DeployedNetwork
from trainables.prediction import CLASS_SHARE, Predictor
from tuning.tracking.log_settings import log_settings_kept

with warnings.catch_warnings(), log_settings_kept():
    # MLflow finds fault with its own type hints as soon as it imports them, and below pandas with MLflow.
    warnings.simplefilter("ignore")
    import mlflow.pyfunc
    import mlflow.pytorch

CODE, NETWORK = Path(__file__).with_name("table_model.py"), "artifacts/network"


def write(folder: Path, weights: Path, model: Model) -> None:
    """Write the files of a model.

    folder: where they are to lie; it must not be there yet.
    weights: a best.pt.
    model: as MLflow knows it; it is told what it takes and gives.
    Raises CheckpointError for a best.pt that has no network, Unimportable for a person's own network that can't be
    imported, and what torch raises where it can't make a program of that.
    """
    predictor = prediction.load(weights)
    network = DeployedNetwork(predictor.network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if predictor.network.acts:
            _write_network(folder, network, model)
        else:
            _write_table_model(folder, network, predictor, model)


def _write_table_model(folder: Path, network: DeployedNetwork, predictor: Predictor, model: Model) -> None:
    with TemporaryDirectory() as aside:
        inner, table = Path(aside) / "network", Path(aside) / "table.json"
        _write_network(inner, network, Model())
        table.write_text(json.dumps(_table(predictor)), encoding="utf-8")
        mlflow.pyfunc.save_model(
            folder,
            python_model=str(CODE),
            artifacts={"network": str(inner), "table": str(table)},
            mlflow_model=model,
            signature=_signature(predictor),
            input_example=_rows(predictor),
            pip_requirements=_requirements("torch", "numpy", "pandas"),
        )
    # MLflow takes along what the current folder asks for, where uv looks after it.
    for name in ("uv.lock", "pyproject.toml", ".python-version"):
        (folder / name).unlink(missing_ok=True)
    model.flavors["python_function"]["model_code_path"] = CODE.name
    torch_alone = Model.load(str(folder / NETWORK / "MLmodel")).flavors["pytorch"]
    model.add_flavor("pytorch", **{**torch_alone, "model_data": f"{NETWORK}/data"})
    model.save(str(folder / "MLmodel"))


def _write_network(folder: Path, network: DeployedNetwork, model: Model) -> None:
    example = network.example()
    mlflow.pytorch.save_model(
        network,
        str(folder),
        mlflow_model=model,
        signature=ModelSignature(Schema([_tensor(example)]), Schema([_tensor(network.answers(example))])),
        input_example=example,
        serialization_format="pt2",
        pip_requirements=_requirements("torch", "numpy"),
    )
    # A program stays where it was made, and MLflow would refuse to load it where there is a GPU.
    model.flavors["python_function"]["config"] = {"device": "cpu"}
    model.save(str(folder / "MLmodel"))


def _tensor(batch: NDArray[np.generic]) -> TensorSpec:
    """A batch of any size."""
    return TensorSpec(batch.dtype, (-1, *batch.shape[1:]))


def _requirements(*names: str) -> list[str]:
    """These packages as they are here, whichever accelerator they were built for."""
    return [f"{name}=={version(name).partition('+')[0]}" for name in names]


def _table(predictor: Predictor) -> dict[str, Any]:
    """What table_model.py is to know: the columns as they were fitted, how values are written, and names."""
    return {
        "columns": [
            {**column.as_plain(), "format": columns.date_format(column.style) if column.kind == "date" else None}
            for column in predictor.columns
        ],
        "targets": list(predictor.targets),
        "classes": list(predictor.classes),
        "no_value": sorted(columns.NO_VALUE),
        "no_number": sorted(columns.NO_NUMBER),
        "words": [list(words) for words in columns.WORDS],
    }


def _signature(predictor: Predictor) -> ModelSignature:
    # Of a column that is whole numbers in one table, others in another and nothing but gaps in a third, MLflow would
    # take one kind alone.
    any_kind = AnyType()  # type: ignore[no-untyped-call]
    inputs: list[ColSpec | TensorSpec] = [ColSpec(any_kind, column.name) for column in predictor.columns]
    named = [(name, DataType.double) for name in predictor.targets]
    if predictor.classes:
        named = [(predictor.targets[0], DataType.string), (CLASS_SHARE, DataType.double)]
    outputs: list[ColSpec | TensorSpec] = [ColSpec(kind, name) for name, kind in named]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _rows(predictor: Predictor) -> pd.DataFrame:
    """Two rows that the network takes; not of the data, which may be nobody else's business."""
    return pd.DataFrame({column.name: _values(column) for column in predictor.columns})


def _values(column: FittedColumn) -> list[Any]:
    match column.kind:
        case "text":
            return [*column.values, *column.values, "", ""][:2]
        case "boolean":
            return list(column.words)
        case "date":
            form = columns.date_format(column.style)
            day = pd.Timestamp(86_400 * (column.fill or 0.0), unit="s")
            return [day.strftime("%Y-%m-%d" if form == "ISO8601" else form.partition(" ")[0])] * 2
    return [column.fill or 0.0] * 2
