"""Curves of a training that anyone has run, from a file: a table with a row a step, or a .json as Keras keeps it."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trainables.data import table_files
from trainables.data.table_files import TableError
from tuning.diagnosis import columns
from tuning.diagnosis.columns import UnknownCurve
from tuning.diagnosis.curves import Curve
from tuning.diagnosis.training import RETURN, Training
from tuning.errors import ArgumentError


def training(path: Path, given: Mapping[str, str] | None = None) -> Training:
    """The training that a file tells of.

    path: of the file.
    given: of a curve, in which column it is; see columns.matched.
    Raises ArgumentError for a file that can't be read, and where it has no curve that is known.
    """
    table = _table(path)
    if missing := [name for name in (given or {}).values() if name not in table]:
        raise ArgumentError(f"--map: {path} has no column {', '.join(missing)}; it has {', '.join(table)}")
    try:
        found = columns.matched(table, given)
    except UnknownCurve as error:
        raise ArgumentError(f"--map: {error}") from None
    if not found:
        known = "loss, val_loss, lr, grad_norm, reward, entropy"
        raise ArgumentError(
            f"{path}: none of its columns is known ({', '.join(table)}); usual names are {known}, and "
            "`--map loss=COLUMN` names others"
        )
    counting = columns.step_column(name for name in table if name not in {each.name for each in found.values()})
    steps = list(range(1, _rows(table) + 1)) if counting is None else table[counting]
    return Training(
        {
            name: Curve.of(
                (step, column.factor * value)
                for step, value in zip(steps, table[column.name], strict=False)
                if value is not None and step is not None and math.isfinite(step)
            )
            for name, column in found.items()
        },
        loop="reinforce" if RETURN in found and "train/entropy" in found else None,
    )


Table = dict[str, list[float | None]]
"""Columns of numbers; None where there is none."""


def _rows(table: Table) -> int:
    return max(map(len, table.values()))


def _table(path: Path) -> Table:
    table = _of_json(path) if path.suffix.lower() == ".json" else _of_rows(path)
    if not table or not _rows(table):
        raise ArgumentError(f"{path}: should have a row of names, and one for each step")
    return table


def _of_json(path: Path) -> Table:
    """Lists by name, or a list of records."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise ArgumentError(f"{path} can't be read: {error}") from None
    except json.JSONDecodeError as error:
        raise ArgumentError(f"{path} is no JSON: {error}") from None
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        names = dict.fromkeys(name for row in data for name in row)
        return {name: [_number(row.get(name)) for row in data] for name in names}
    if isinstance(data, dict) and all(isinstance(values, list) for values in data.values()):
        return {name: [_number(value) for value in values] for name, values in data.items()}
    raise ArgumentError(f"{path}: should be lists by name, as Keras' history.history, or a list of records")


def _of_rows(path: Path) -> Table:
    """Columns as they are written, for a cell that is empty is no point, and one that says nan is a loss that burst."""
    try:
        found = table_files.texts(path)
    except TableError as error:
        raise ArgumentError(f"--curves: {error}") from None
    point = "," if found.decimal_comma else "."
    return {
        name: [_number(cell.replace(point, ".")) for cell in column.to_pylist()]
        for name, column in found.columns.items()
    }


def _number(value: Any) -> float | None:
    """The number that a cell holds, NaN included; None of an empty cell, and of one that holds none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
