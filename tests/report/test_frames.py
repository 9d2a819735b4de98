"""Studies as data frames: a row a trial or a reported value, in columns of one type each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import legs_by_hand
import pandas as pd
import pytest
import sweeps

from tuning.report import frames
from tuning.study.summary import StudySummary


def with_params(summary: StudySummary, *params: dict[str, Any]) -> StudySummary:
    """A study whose trials have these parameters."""
    trials = [replace(trial, params=each) for trial, each in zip(summary.trials, params, strict=True)]
    return replace(summary, trials=trials)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> StudySummary:
    """Four trials; trial 1 has diverged."""
    study = sweeps.created(tmp_path_factory.mktemp("runs"), trials=4, pack_size=4, tracking="off")
    legs_by_hand.finished(study, diverged=(1,))
    return study.summary()


def test_a_row_a_trial(summary: StudySummary) -> None:
    frame = frames.trials(summary)
    assert list(frame["number"]) == [0, 1, 2, 3]
    assert list(frame["state"]) == ["complete", "pruned", "complete", "complete"]
    assert list(frame["default"]) == [True, False, False, False]
    assert frame["value"].isna().tolist() == [False, True, False, False]
    assert frame.loc[1, "diverged_at"] == summary.trials[1].diverged_at
    assert frame.loc[1, "error"] == "the loss is not finite"
    assert frame["diverged_at"].isna().sum() == 3
    assert frame.loc[frame["value"].idxmax(), "number"] == summary.ranked()[0].number
    assert list(frame["checkpoint"].dropna()) == [each.checkpoint for each in summary.trials if each.checkpoint]
    for name in ("learning_rate", "schedule", "schedule.cosine.floor"):
        given = [each.params.get(name) for each in summary.trials]
        assert [None if pd.isna(each) else each for each in frame[f"param.{name}"]] == given


TYPES = {
    "number": "int64",
    "state": "category",
    "value": "float64",
    "spread": "float64",
    "steps": "int64",
    "seconds": "float64",
    "diverged_at": "Int64",
    "default": "bool",
    "run_id": "string",
    "checkpoint": "string",
    "error": "string",
}


def test_columns_have_their_types_also_where_there_is_no_trial(summary: StudySummary) -> None:
    some, none = frames.trials(summary), frames.trials(replace(summary, trials=[]))
    assert {name: str(some.dtypes[name]) for name in TYPES} == TYPES
    assert {name: str(kind) for name, kind in none.dtypes.items()} == TYPES
    assert list(none["state"].cat.categories) == ["complete", "pruned", "failed", "running", "waiting"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2, 3, 4], "Int64"),
        ([1, None, 3, 4], "Int64"),
        ([1, 2.5, 3, 4], "float64"),
        ([0.1, None, 1e-3, 2.0], "float64"),
        ([True, False, None, True], "boolean"),
        (["relu", None, "tanh", "relu"], "category"),
        ([1, "auto", True, None], "category"),
    ],
)
def test_a_parameter_has_the_type_of_its_values(summary: StudySummary, values: list[Any], kind: str) -> None:
    params = [{} if each is None else {"x": each} for each in values]
    column = frames.trials(with_params(summary, *params))["param.x"]
    assert str(column.dtype) == kind
    assert column.isna().tolist() == [each is None for each in values]
    found = [each for each in column if not pd.isna(each)]
    assert found == [str(each) if kind == "category" else each for each in values if each is not None]


def test_a_second_objective_has_a_column(tmp_path: Path) -> None:
    study = sweeps.created(tmp_path, trials=2, pack_size=2, tracking="off", second="steps")
    legs_by_hand.finished(study)
    seconds = frames.trials(study.summary())["second"]
    assert (str(seconds.dtype), seconds.tolist()) == ("float64", [each.second for each in study.summary().trials])


def test_a_row_a_reported_value() -> None:
    points = [(50, {"loss": 1.0, "return": 3.0}), (100, {"loss": 0.5})]
    frame = frames.curves([(0, 7, points), (2, 8, []), (2, 9, points[:1])])
    assert frame.to_dict("tight")["data"] == [
        [0, 7, 50, "loss", 1.0],
        [0, 7, 50, "return", 3.0],
        [0, 7, 100, "loss", 0.5],
        [2, 9, 50, "loss", 1.0],
        [2, 9, 50, "return", 3.0],
    ]
    kinds = ["int64", "int64", "int64", "category", "float64"]
    assert [str(each) for each in frame.dtypes] == kinds
    assert [str(each) for each in frames.curves([]).dtypes] == kinds
