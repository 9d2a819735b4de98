"""Data sets, made here or read from a person's own file: features and targets, split into two parts.

Axis letters: N rows, F features, T targets.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trainables.data import encoding, split, table_files, understanding
from trainables.data.columns import Column
from trainables.data.encoding import MOST_VALUES, FittedColumn, Floats
from trainables.data.scaling import Scaling
from trainables.data.split import Parts, Rows
from trainables.data.table_files import NoNames, Table, TableError
from trainables.data.understanding import Remark, listed

FARTHEST = 1e15
"""Deviations that a value may be from the mean: float32 can compute with its square."""


@dataclass(frozen=True)
class Source:
    """Which data to learn from, and what of them.

    name: of a data set, or the path of a file.
    seed: of the making of the data, if they are made here, and of their split.
    features: names of columns, or of the arrays of an .npz; none: all but the targets.
    targets: likewise; none: the last column.
    validation_share: the share of the rows that is kept for validation.
    classes: whether the target is one of several classes; else targets are numbers.
    header: whether the first row of a text has names; None: it should have.
    missing: whether missing values are filled, and rows without a target left out; else they are refused.
    text: whether text becomes a number for each of its values; else it is refused.
    split: how rows are divided, as `split.Split` has it; where it goes by a column, its name and that of the column.
    """

    name: str
    seed: int = 0
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    validation_share: float = 0.2
    classes: bool = False
    header: bool | None = None
    missing: Literal["fill", "refuse"] = "fill"
    text: Literal["one_hot", "refuse"] = "one_hot"
    split: tuple[str, str | None] = ("auto", None)


@dataclass(frozen=True)
class Dataset:
    """Features (N, F) and targets (N, T), one part to train on and one to validate on.

    features: their names.
    targets: their names.
    classes: their names, if the target is one of several classes; targets are then (N, 1), places among these names.
    columns: what the features are made of, fitted on the part to train on.
    remarks: what was understood of a person's own file.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    columns: tuple[FittedColumn, ...]
    remarks: tuple[Remark, ...]
    train_features: Floats
    train_targets: Floats
    validation_features: Floats
    validation_targets: Floats


class Unusable(ValueError):
    """The data can't be learnt from. `problems` has all reasons, each with the field of the Source that is to blame."""

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{field}: {message}" for field, message in self.problems))


def conjunction_risk(features: Floats) -> Floats:
    """The risk (N,) of approaches (N, 4): speed (km/s), miss distance (km), alert confidence, time to approach (h)."""
    speed, distance, confidence, hours = features.T
    risk: Floats = 1 / (1 + np.exp(-(0.5 * speed - 2.0 * distance + 0.3 * confidence - 0.1 * hours - 2.0)))
    return risk


def _conjunction_risk(seed: int) -> Table:
    """2,000 approaches, drawn uniformly."""
    features = np.random.default_rng(seed).uniform(0, (15.0, 5.0, 1.0, 24.0), (2_000, 4))
    names = ("speed_km_s", "miss_distance_km", "alert_confidence", "time_to_approach_h", "risk")
    values = [*features.T, conjunction_risk(features)]
    drawn = {name: Column("number", column) for name, column in zip(names, values, strict=True)}
    return Table(drawn, {name: (name,) for name in names})


_MAKERS = {"conjunction-risk": _conjunction_risk}


def is_file(name: str) -> bool:
    """Whether this is the name of a person's own file, and not of a data set made here."""
    return table_files.is_table(Path(name))


def load(source: Source) -> Dataset:
    """Makes or reads a data set. Raises Unusable with all that is wrong."""
    # So a file that has changed is read again.
    return _load(source, _changed(Path(source.name)) if is_file(source.name) else 0)


def _changed(path: Path) -> int:
    """When a file was last changed, 0 if there is none. Raises Unusable if it can't be found out."""
    try:
        table_files.insist_on_answer(path)
    except TableError as error:
        raise Unusable([("data", str(error))]) from error
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=4)
def _load(source: Source, changed: int) -> Dataset:
    table = read(source)
    problems = list(_unknown(source, table))
    if not problems:
        chosen = _chosen(source, table)
        problems = list(_problems(source, table, chosen))
    if problems:
        raise Unusable(problems)
    present = _with_targets(table, chosen.targets)
    classes, truth = _targets(source, table, chosen.targets)
    train, validation = _parts(source, table, present, truth[present], chosen.targets[0])
    if problems := list(_constant_targets(source, chosen.targets, truth[present], truth[train])):
        raise Unusable(problems)
    fitted = encoding.fitted(table.columns, chosen.features, train, source.missing == "fill")
    inputs = encoding.encoded(fitted, table.columns)
    names = tuple(name for column in fitted for name in column.features)
    problems = list(_far_off("features" if source.features else "data", names, inputs[train], inputs[validation]))
    if not classes:
        field = "targets" if source.targets else "data"
        problems += _far_off(field, chosen.targets, truth[train], truth[validation])
    if problems:
        raise Unusable(problems)
    return Dataset(
        names,
        chosen.targets,
        classes,
        fitted,
        tuple(_remarks(source, table, chosen, fitted, (train, validation))),
        *(inputs[train], truth[train], inputs[validation], truth[validation]),
    )


def _parts(source: Source, table: Table, present: Rows, truth: Floats, target: str) -> Parts:
    """The rows to train on, and those to validate on.

    present: (N,), the rows to divide.
    truth: (N, T), their targets.
    target: the name of the first of these.
    Raises Unusable.
    """
    (kind, column), share = source.split, source.validation_share
    by = column or target
    try:
        if column is not None:
            gaps = present[table.columns[column].missing[present]]
            if gaps.size:
                raise TableError(f"has no value in row {gaps[0] + 1}" + encoding.more(gaps))
            divided = split.by_group if kind == "by" else split.by_time
            parts = divided(table.columns[column].values[present], share, source.seed)
        elif kind == "auto" and source.classes:
            parts = split.by_class(truth[:, 0], share, source.seed)
        elif is_file(source.name):
            parts = split.by_chance(len(present), share, source.seed)
        else:
            # Drawn by chance in the first place.
            parts = split.in_order(len(present), share)
    except TableError as error:
        of_targets = "targets" if source.targets else "data"
        raise Unusable([(of_targets if column is None else f"split.{kind}", f"column {by!r} {error}")]) from error
    train, validation = parts
    return present[train], present[validation]


def _constant_targets(source: Source, names: Sequence[str], truth: Floats, learnt: Floats) -> Iterator[tuple[str, str]]:
    """Targets that are the same in all rows, or in all that are trained on; a single row to train on may be meant.

    truth, learnt: the targets of all rows, and those of the rows to train on.
    """
    for name, values, known in zip(names, truth.T, learnt.T, strict=True):
        varies = bool((values != values[0]).any())
        if (known != known[0]).any() or (len(known) == 1 and varies):
            continue
        where = f"each of the {len(known):_} rows to train on" if varies else "every row"
        message = f"column {name!r} has the same value in {where}: there is nothing to learn"
        yield "targets" if source.targets else "data", message


def _far_off(field: str, names: Sequence[str], train: Floats, validation: Floats) -> Iterator[tuple[str, str]]:
    """Columns (N, C) whose values to validate on are so far from those to train on that float32 can't tell them."""
    scaling = Scaling.fitted(train)
    distances = (np.abs(validation - scaling.mean) / scaling.deviation).max(0)
    for name, distance in zip(names, distances.tolist(), strict=True):
        if distance > FARTHEST:
            message = f"has a value to validate on that is {distance:.0e} deviations from those to train on"
            yield field, f"column {name!r} {message}"


def read(source: Source) -> Table:
    """All columns of the data, made here or read from the file. Raises Unusable where there are none to be had."""
    if source.name in _MAKERS:
        return _MAKERS[source.name](source.seed)
    if not is_file(source.name):
        near = difflib.get_close_matches(source.name, _MAKERS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_MAKERS)}"
        endings = ", ".join(table_files.ENDINGS)
        raise Unusable([("data", f"there is no data set {source.name!r}; {hint}, or a file ({endings})")])
    try:
        return table_files.read(Path(source.name), source.header)
    except NoNames as error:
        raise Unusable([("data", f"{error}; `header: false` if there are no names, `true` if these are")]) from error
    except TableError as error:
        raise Unusable([("data", str(error))]) from error


@dataclass(frozen=True)
class _Chosen:
    """The columns to learn from and to predict, and those that have no value at all, which nobody asked for."""

    features: tuple[str, ...]
    targets: tuple[str, ...]
    empty: tuple[str, ...]


def _chosen(source: Source, table: Table) -> _Chosen:
    # The column that the split goes by is neither, unless it is named as one.
    others = [name for name in usual(table) if name != source.split[1]]
    targets = _single(table, source.targets or others[-1:])
    if source.features:
        return _Chosen(_single(table, source.features), targets, ())
    features = [name for name in _single(table, others) if name not in targets]
    empty = [name for name in features if table.columns[name].missing.all()]
    return _Chosen(tuple(name for name in features if name not in empty), targets, tuple(empty))


def usual(table: Table) -> tuple[str, ...]:
    """The columns, of an .npz the arrays, that are learnt from or predicted where nobody chose any."""
    return tuple(name for name in table.arrays if name not in table.left_out) or tuple(table.arrays)


def _single(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    """The columns of these arrays; a column is an array of its own."""
    return tuple(dict.fromkeys(each for name in names for each in table.arrays.get(name, (name,))))


def _unknown(source: Source, table: Table) -> Iterator[tuple[str, str]]:
    """Names that the table has not: (field of the source, message)."""
    if not table.columns:
        yield "data", "should have columns, has none"
        return
    known = {**table.arrays, **table.columns}
    kind, column = source.split
    asked = [(field, name) for field in ("features", "targets") for name in getattr(source, field)]
    unknown = [(field, name) for field, name in asked if name not in known]
    unknown += [(f"split.{kind}", column)] if column is not None and column not in table.columns else []
    for field, name in unknown:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(table.arrays)}"
        yield field, f"there is no column {name!r}; {hint}"


def _problems(source: Source, table: Table, chosen: _Chosen) -> Iterator[tuple[str, str]]:
    """What is wrong with the chosen columns and with what they contain: (field of the source, message)."""
    rows = table.rows
    if rows < 2:
        yield "data", f"should have at least 2 rows, to train on one and validate on another, has {rows}"
        return
    for name in chosen.targets:
        if name in chosen.features:
            yield "targets", f"{name!r} stands under features, too"
    if not chosen.features:
        yield "features", f"there is no column beside {', '.join((*chosen.targets, *chosen.empty))}"
    if source.classes and len(chosen.targets) != 1:
        yield "targets", f"should be one column of classes, are {', '.join(chosen.targets)}"
        return
    # Where nobody chose the columns, the file is to blame.
    field = "features" if source.features else "data"
    found = [(field, each) for name in chosen.features for each in _feature_problems(source, table, chosen, name)]
    yield from found
    field = "targets" if source.targets else "data"
    wrong = [(field, each) for name in chosen.targets for each in _target_problems(source, name, table.columns[name])]
    yield from wrong
    present = _with_targets(table, chosen.targets)
    if not wrong and len(present) < 2:
        named = ", ".join(chosen.targets)
        yield (
            field,
            f"should have at least 2 rows with a value of {named}, one of them to validate on, has {len(present)}",
        )
    elif not wrong and source.classes:
        yield from ((field, each) for each in _class_problems(chosen.targets[0], table, present))


def _feature_problems(source: Source, table: Table, chosen: _Chosen, name: str) -> Iterator[str]:
    column = table.columns[name]
    if column.missing.all():
        yield f"column {name!r} has no value"
        return
    for message in _column_problems(name, column, source):
        others = [other for other in chosen.features if other != name and _learnable(table.columns[other], source)]
        without = f"; `features: [{', '.join(others)}]` does without it" if 0 < len(others) <= 20 else ""
        yield message + ("" if source.features else without)


def _learnable(column: Column, source: Source) -> bool:
    return not any(_column_problems("", column, source))


def _column_problems(name: str, column: Column, source: Source) -> Iterator[str]:
    return encoding.problems(name, column, source.missing, MOST_VALUES if source.text == "one_hot" else 0)


def _target_problems(source: Source, name: str, column: Column) -> Iterator[str]:
    """Why a column can't be predicted."""
    missing = np.flatnonzero(column.missing)
    if missing.size and source.missing == "refuse":
        what = "no class" if source.classes else "no number"
        yield f"column {name!r} has {what} in row {missing[0] + 1}" + encoding.more(missing)
    if source.classes:
        if column.doubt and column.kind != "text":
            yield f"column {name!r} {column.doubt}"
        elif column.kind == "number":
            whole = (column.values == np.round(column.values)) & (np.abs(column.values) < 2**53)
            broken = np.flatnonzero(~column.missing & ~whole)
            if broken.size:
                row = int(broken[0])
                value = column.values[row]
                yield f"column {name!r} should be classes, whole numbers or text, is {value} in row {row + 1}"
    elif column.kind in ("text", "date"):
        row = int(np.argmin(column.missing))
        what = f"is {column.values[row]!r} in row {row + 1}" if column.kind == "text" else "is dates"
        hint = "; `loss: cross_entropy` learns classes" if column.kind == "text" else ""
        yield f"column {name!r} " + (column.doubt or f"should be numbers, {what}{hint}")
    else:
        yield from encoding.problems(name, column, "fill", most_values=0)


def _class_problems(name: str, table: Table, present: Rows) -> Iterator[str]:
    labels = np.unique(_labels(table.columns[name], present))
    if len(labels) < 2:
        yield f"column {name!r} should have two classes or more, has one: {labels[0]}"


def _with_targets(table: Table, targets: Iterable[str]) -> Rows:
    """The rows that have a value of each target."""
    missing = [table.columns[name].missing for name in targets]
    return np.flatnonzero(~np.any(missing, axis=0))


def _targets(source: Source, table: Table, names: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """The names of the classes, none if targets are numbers, and the targets (N, T); NaN where one is missing."""
    if not source.classes:
        return (), np.column_stack([table.columns[name].values for name in names])
    column = table.columns[names[0]]
    present = np.flatnonzero(~column.missing)
    classes, places = np.unique(_labels(column, present), return_inverse=True)
    truth = np.full((len(column.values), 1), np.nan)
    truth[present, 0] = places
    return tuple(str(each) for each in classes.tolist()), truth


def _labels(column: Column, rows: Rows) -> NDArray[Any]:
    """The classes that these rows of a column have: text, words or whole numbers."""
    values = column.values[rows]
    if column.kind == "text":
        return values.astype(str)
    if column.kind == "date":
        return np.datetime_as_string((values * 86_400e6).round().astype("datetime64[us]"), unit="auto")
    if column.kind == "boolean":
        return np.array(column.words)[values.astype(np.int64)]
    return values.astype(np.int64)


def _remarks(
    source: Source, table: Table, chosen: _Chosen, fitted: Sequence[FittedColumn], parts: tuple[Rows, Rows]
) -> Iterator[Remark]:
    """What was understood of a person's own file."""
    if not is_file(source.name):
        return
    if table.notes:
        yield Remark("; ".join(table.notes))
    train, validation = parts
    rows, used = table.rows, len(train) + len(validation)
    left_out = f"; {rows - used:,} without a target left out" if used < rows else ""
    yield Remark(
        f"{rows:,} rows: {len(train):,} to train on, {len(validation):,} to validate on{_divided(source)}{left_out}"
    )
    yield Remark(_targets_in_words(source, table, chosen.targets, np.concatenate(parts)))
    yield from understanding.of_features(fitted, table.columns, validation)
    asked = {*chosen.features, *chosen.targets}
    if aside := [name for name in table.left_out if name not in asked]:
        yield Remark(f"left out, as pandas' index, which names the rows: {listed(aside)}")
    if chosen.empty:
        yield Remark(f"left out, as no row has a value: {listed(chosen.empty)}")


def _divided(source: Source) -> str:
    kind, column = source.split
    if column is not None:
        return f", rows of one {column} in one part" if kind == "by" else f", the latest by {column}"
    return ", of each class the same share" if kind == "auto" and source.classes else ""


def _targets_in_words(source: Source, table: Table, targets: Sequence[str], rows: Rows) -> str:
    named = listed(targets) + (
        "" if source.targets else ", the last column" if len(targets) == 1 else ", the last array"
    )
    if not source.classes:
        return f"predicted: {named}, {'a number' if len(targets) == 1 else 'numbers'}"
    classes, counts = np.unique(_labels(table.columns[targets[0]], rows), return_counts=True)
    shown = listed([f"{name} ({count:,})" for name, count in zip(classes.tolist(), counts.tolist(), strict=True)])
    return f"predicted: {named}, one of {len(classes)} classes: {shown}"
