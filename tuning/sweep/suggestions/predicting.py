"""Sweeps for tables: what is usual in the field, fitted to what is seen of the columns."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainables.data import datasets
from tuning.sweep.suggestions.columns import Column
from tuning.sweep.suggestions.suggestion import Suggestion, introduction, log_range, study_name

UPDATES = 2_000
"""Of a training, about, where that is not too many or too few epochs."""

DEFAULT_BATCH = 64
"""The loop's own."""

COMMENTS = {
    "budget": "epochs of each training",
    "trials": "configurations; `--trials 100` tries more",
    "halving": "Half way a half of the trials goes on; earlier a large learning rate still looks worse than it is.",
    "confirm": "The two best and the default, trained afresh: how good they are when luck is left out.",
    "default": "What the first trial has; the loop's default batch is too large for so few rows.",
    "search.schedule": "Near the end the error is mostly the size of the last steps: the rate falls.",
    "search.max_norm": "from always clipping gradients to never",
    "search.batch_size": "Each choice is a program of its own, which takes some seconds to compile the first time.",
    "search.dropout": "Keeps a network from learning rows by heart.",
    "search.optimizer": "So does a decay of the weights.",
}


def supervised(
    data: str, rows: int, columns: Sequence[Column], targets: Sequence[str], unfit: Sequence[str] = ()
) -> Suggestion:
    """Supervised training: of numbers, or of one of several classes.

    data: the name of a data set, or the path of a file.
    rows: how many there are.
    columns: all that are used.
    targets: the names of those to predict.
    unfit: the names of those that can't be learnt from.
    """
    features = [each.name for each in columns if each.name not in (*targets, *unfit)]
    predicted = [each for each in columns if each.name in targets]
    classes = len(predicted) == 1 and predicted[0].has_classes(rows)
    trained = max(1, rows * 4 // 5)
    batches = _batch_sizes(trained)
    fixed: dict[str, Any] = {}
    if tuple(targets) != (columns[-1].name,):
        fixed["targets"] = list(targets)
    if unfit and features:
        fixed["features"] = features
    if classes:
        fixed["loss"] = "cross_entropy"
    if len(batches) == 1:
        fixed["batch_size"] = batches[0]
    search: dict[str, Any] = {
        "learning_rate": log_range(3e-4, 3e-2),
        "schedule": {
            "choices": {
                "cosine": {"floor": {"low": 0.0, "high": 0.1}},
                "one-cycle": {"rise": {"low": 0.1, "high": 0.5}},
            }
        },
        "max_norm": log_range(0.1, 10.0),
        **({"batch_size": {"choices": batches}} if len(batches) > 1 else {}),
        "dropout": {"low": 0.0, "high": 0.4},
        "optimizer": {"choices": {"adam": {"weight_decay": log_range(1e-6, 1e-2)}}},
    }
    sweep = {
        "name": study_name(Path(data).stem, "table"),
        "loop": "supervised",
        "data": data,
        "budget": max(10, min(UPDATES * batches[0] // trained, 200)),
        "trials": 32,
        "halving": {"reduction": 2, "rungs": 2},
        "confirm": {"top": 2, "seeds": 8},
        **({"fixed": fixed} if fixed else {}),
        **({} if DEFAULT_BATCH in batches or len(batches) == 1 else {"default": {"batch_size": batches[-1]}}),
        "search": search,
    }
    loss = f"{targets[0]} has {predicted[0].distinct} values: a class."
    if predicted[0].kind != "text":
        loss = f"{targets[0]} has {predicted[0].distinct} values, so it is taken for a class; mse is for quantities."
    heading = (
        *introduction("Supervised training", Path(data).name, "supervised"),
        *_heading(data, rows, features, targets, classes),
    )
    left_out = f"Left out, as they can't be learnt from: {_listed(unfit)}. `tuning check` without this line says why."
    return Suggestion(heading, sweep, {**COMMENTS, "fixed.loss": loss, "fixed.features": left_out})


def _heading(data: str, rows: int, features: Sequence[str], targets: Sequence[str], classes: bool) -> list[str]:
    """What is understood of a data set of the platform's; of a person's own file the check says more."""
    if datasets.is_file(data):
        return []
    what = "one of several classes" if classes else "a number" if len(targets) == 1 else "numbers"
    return [f"{rows:,} rows. Predicted: {_listed(targets)}, {what}. From: {_listed(features)}."]


def _batch_sizes(trained: int) -> list[int]:
    """Two that leave an epoch with several updates, one where there are hardly any rows.

    One of them is the loop's default, where there are rows enough.
    """
    if trained >= 128:
        return [64, 256] if trained >= 4_000 else [16, 64]
    largest = 2 ** math.floor(math.log2(max(1, trained // 4)))
    return [largest // 2, largest] if largest > 1 else [1]


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
