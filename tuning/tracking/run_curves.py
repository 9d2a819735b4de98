"""Curves of a training that MLflow has a run of, whoever logged it."""

import ast
from typing import Any

from mlflow.exceptions import MlflowException

from tuning.diagnosis import columns
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.training import Training
from tuning.errors import ArgumentError
from tuning.study.paths import Home
from tuning.tracking import server


def training(home: Home, run_id: str, given: dict[str, str] | None = None) -> Training:
    """The training of a run.

    home: names the MLflow, unless the environment does.
    run_id: of the run.
    given: of a curve, under which metric it is logged; see columns.matched.
    Raises ArgumentError where there is no such run, or no curve in it that is known.
    """
    client = server.client_of(home)
    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        raise ArgumentError(f"--run: {error.message}") from None
    try:
        found = columns.matched(run.data.metrics, given)
    except columns.UnknownCurve as error:
        raise ArgumentError(f"--map: {error}") from None
    if not found:
        raise ArgumentError(f"--run: none of the metrics of {run_id} is known: {', '.join(sorted(run.data.metrics))}")
    curves = {}
    for name, column in found.items():
        history = client.get_metric_history(run_id, column.name)
        curves[name] = Curve.of((point.step, column.factor * point.value) for point in history)
    config = {name: _plain(value) for name, value in run.data.params.items()}
    if "lr" in config and "learning_rate" not in config:
        config["learning_rate"] = config["lr"]
    return Training(curves, config)


def _plain(text: str) -> Any:
    """What a parameter's text means; the text itself where it is no plain value."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
