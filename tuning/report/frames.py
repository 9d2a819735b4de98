"""A study as pandas data frames: its trials, and the curves of their members."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from tuning.study.summary import StudySummary

STATES = ("complete", "pruned", "failed", "running", "waiting")

Point = tuple[int, Mapping[str, float]]
"""The steps, and the metrics that a member has reported there."""


def trials(summary: StudySummary) -> pd.DataFrame:
    """One row a trial.

    number: int64
    state: a category of STATES
    value: float64; NaN of a trial that is not complete
    second: the same of a second objective; only where there is one
    spread: float64, the standard deviation over its seeds; NaN of a single seed
    steps: int64, of all its members together; seconds: float64
    diverged_at: Int64, the step; missing where it did not
    default: bool, whether it is the loop's default configuration
    run_id, checkpoint, error: text; missing where there is none
    param.<name>: a column for each parameter: Int64, float64 or boolean where all that is there is such, else a
        category of text; missing where the trial has no such setting
    """
    rows = summary.trials
    columns: dict[str, Any] = {
        "number": pd.Series([each.number for each in rows], dtype="int64"),
        "state": pd.Categorical([each.state for each in rows], categories=list(STATES)),
        "value": pd.Series([each.value for each in rows], dtype="float64"),
    }
    if summary.sweep.second is not None:
        columns["second"] = pd.Series([each.second for each in rows], dtype="float64")
    columns |= {
        "spread": pd.Series([each.spread for each in rows], dtype="float64"),
        "steps": pd.Series([each.steps for each in rows], dtype="int64"),
        "seconds": pd.Series([each.seconds for each in rows], dtype="float64"),
        "diverged_at": pd.Series([each.diverged_at for each in rows], dtype="Int64"),
        "default": pd.Series([each.default for each in rows], dtype="bool"),
        "run_id": pd.Series([each.run_id for each in rows], dtype="string"),
        "checkpoint": pd.Series([each.checkpoint for each in rows], dtype="string"),
        "error": pd.Series([each.reason for each in rows], dtype="string"),
    }
    names = dict.fromkeys(name for each in rows for name in each.params)
    columns |= {f"param.{name}": _parameter([each.params.get(name) for each in rows]) for name in names}
    return pd.DataFrame(columns)


def _parameter(values: list[Any]) -> pd.Series:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return pd.Series(values, dtype="boolean")
    if kinds == {int}:
        return pd.Series(values, dtype="Int64")
    if kinds <= {int, float}:
        return pd.Series(values, dtype="float64")
    texts = [None if value is None else str(value) for value in values]
    return pd.Series(texts, dtype="string").astype("category")


def curves(members: Iterable[tuple[int, int, Iterable[Point]]]) -> pd.DataFrame:
    """One row a metric that a member has reported at a step: trial, seed, step (int64), metric (category), value.

    members: of each its trial, its training seed, and its points.
    """
    rows = [
        (trial, seed, step, metric, value)
        for trial, seed, points in members
        for step, metrics in points
        for metric, value in metrics.items()
    ]
    frame = pd.DataFrame(rows, columns=["trial", "seed", "step", "metric", "value"])
    return frame.astype({"trial": "int64", "seed": "int64", "step": "int64", "metric": "category", "value": "float64"})
