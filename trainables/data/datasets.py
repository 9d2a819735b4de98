"""Data sets, made here or read from a person's own file: features and targets, split into two parts.

Axis letters: N rows, F features, T targets.
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data import split, table_files
from trainables.data.split import Parts
from trainables.data.table_files import Column, Table, TableError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """Which data to learn from, and what of them.

    name: of a data set, or the path of a file.
    seed: of the making of the data, if they are made here, and of their split.
    features: names of columns, or of the arrays of an .npz; none: all but the targets.
    targets: likewise; none: the last column.
    validation_share: the share of the rows that is kept for validation.
    classes: whether the target is one of several classes; else targets are numbers.
    split: how rows are divided, as `split.Split` has it; where it goes by a column, its name and that of the column.
    """

    name: str
    seed: int = 0
    features: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    validation_share: float = 0.2
    classes: bool = False
    split: tuple[str, str | None] = ("auto", None)


@dataclass(frozen=True)
class Dataset:
    """Features (N, F) and targets (N, T), one part to train on and one to validate on.

    features: their names.
    targets: their names.
    classes: their names, if the target is one of several classes; targets are then (N, 1), places among these names.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
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
    names = ("speed_km_s", "miss_distance_km", "alert_confidence", "time_to_approach_h")
    drawn = dict(zip(names, np.hsplit(features, 4), strict=True))
    return {**drawn, "risk": conjunction_risk(features)[:, None]}


_MAKERS = {"conjunction-risk": _conjunction_risk}


def is_file(name: str) -> bool:
    """Whether this is the name of a person's own file, and not of a data set made here."""
    return Path(name).suffix in table_files.READERS


def load(source: Source) -> Dataset:
    """Makes or reads a data set. Raises Unusable with all that is wrong."""
    path = Path(source.name)
    # So a file that has changed is read again.
    changed = path.stat().st_mtime_ns if is_file(source.name) and path.is_file() else 0
    return _load(source, changed)


@lru_cache(maxsize=4)
def _load(source: Source, changed: int) -> Dataset:
    table = read(source)
    rows = len(next(iter(table.values()), ()))
    problems = list(_problems(source, table, rows))
    if problems:
        raise Unusable(problems)
    features, targets = _chosen(source, table)
    inputs = np.hstack([table_files.numbers(name, table[name]) for name in features])
    classes, truth = _targets(source, table, targets)
    train, validation = _parts(source, table, truth)
    parts = (inputs[train], truth[train], inputs[validation], truth[validation])
    names = _single(table, targets)
    if problems := list(_constant_targets(source, names, truth, train)):
        raise Unusable(problems)
    return Dataset(_single(table, features), names, classes, *parts)


def _parts(source: Source, table: Table, truth: Floats) -> Parts:
    """The rows to train on, and those to validate on. Raises Unusable."""
    (kind, column), share, rows = source.split, source.validation_share, len(truth)
    try:
        if column is not None:
            divided = split.by_group if kind == "by" else split.by_time
            return divided(table[column], share, source.seed)
        if kind == "auto" and source.classes:
            return split.by_class(truth[:, 0], share, source.seed)
    except TableError as error:
        at = "split" if column is None else f"split.{kind}"
        named = "" if column is None else f"column {column!r} "
        raise Unusable([(at, f"{named}{error}")]) from error
    if not is_file(source.name):
        # Drawn by chance in the first place.
        first = split.training_rows(rows, share)
        return np.arange(first), np.arange(first, rows)
    return split.by_chance(rows, share, source.seed)


def _constant_targets(
    source: Source, names: Sequence[str], truth: Floats, train: NDArray[np.int64]
) -> Iterator[tuple[str, str]]:
    """Targets that are the same in all rows, or in all that are trained on; a single row to train on may be meant."""
    for name, values in zip(names, truth.T, strict=True):
        learnt = values[train]
        if (learnt != learnt[0]).any() or (len(train) == 1 and (values != learnt[0]).any()):
            continue
        where = f"each of the {len(train):_} rows to train on" if (values != learnt[0]).any() else "every row"
        message = f"column {name!r} has the same value in {where}: there is nothing to learn"
        yield "targets" if source.targets else "data", message


def read(source: Source) -> Table:
    """All columns of the data, made here or read from the file. Raises Unusable where there are none to be had."""
    if source.name in _MAKERS:
        return _MAKERS[source.name](source.seed)
    if not is_file(source.name):
        near = difflib.get_close_matches(source.name, _MAKERS, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_MAKERS)}"
        endings = ", ".join(table_files.READERS)
        raise Unusable([("data", f"there is no data set {source.name!r}; {hint}, or a file ({endings})")])
    try:
        return table_files.read(Path(source.name))
    except TableError as error:
        raise Unusable([("data", str(error))]) from error


def _problems(source: Source, table: Table, rows: int) -> Iterator[tuple[str, str]]:
    """What is wrong with the chosen columns and with what they contain: (field of the source, message)."""
    if rows < 2:
        yield "data", f"should have at least 2 rows, to train on one and validate on another, has {rows}"
        return
    kind, column = source.split
    unknown = [
        (field, each) for field in ("features", "targets") for each in getattr(source, field) if each not in table
    ]
    unknown += [(f"split.{kind}", column)] if column is not None and column not in table else []
    for field, name in unknown:
        near = difflib.get_close_matches(name, table, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(table)}"
        yield field, f"there is no column {name!r}; {hint}"
    if unknown:
        return
    features, targets = _chosen(source, table)
    for name in dict.fromkeys(targets):
        if name in features:
            yield "targets", f"{name!r} stands under features, too"
    if not features:
        yield "features", f"there is no column beside {', '.join(targets)}"
    if source.classes and len(_single(table, targets)) != 1:
        yield "targets", f"should be one column of classes, are {', '.join(_single(table, targets))}"
        return
    for field, names in (("features", features), ("targets", targets)):
        check = _labels if field == "targets" and source.classes else table_files.numbers
        for name in names:
            try:
                check(name, table[name])
            except TableError as error:
                # Where nobody chose the columns, the file is to blame.
                yield field if getattr(source, field) else "data", str(error)


def _chosen(source: Source, table: Table) -> tuple[Sequence[str], Sequence[str]]:
    """The features and the targets. The column that the split goes by is neither, unless it is named as one."""
    others = [name for name in table if name != source.split[1]]
    targets = source.targets or tuple(others[-1:])
    return source.features or [name for name in others if name not in targets], targets


def _single(table: Table, names: Iterable[str]) -> tuple[str, ...]:
    """The names of these columns one by one; those of an array with several are numbered."""
    return tuple(table_files.single({name: table[name] for name in names}))


def _targets(source: Source, table: Table, names: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """The names of the classes, none if targets are numbers, and the targets (N, T)."""
    if not source.classes:
        return (), np.hstack([table_files.numbers(name, table[name]) for name in names])
    labels = _labels(names[0], table[names[0]])
    classes, places = np.unique(labels, return_inverse=True)
    return tuple(str(each) for each in classes.tolist()), places.reshape(-1, 1).astype(np.float64)


def _labels(name: str, column: Column) -> NDArray[Any]:
    """A column (N, 1) of classes, whole numbers or text, as (N,). Raises TableError."""
    if column.dtype == object:
        missing = [row for row, value in enumerate(column[:, 0], 1) if value in (None, "")]
        if missing:
            raise TableError(f"column {name!r} has no class in row {missing[0]}")
        labels: NDArray[Any] = column[:, 0].astype(str)
    else:
        found = table_files.numbers(name, column)[:, 0]
        broken = np.flatnonzero(found != np.round(found))
        if broken.size:
            row = int(broken[0])
            raise TableError(
                f"column {name!r} should be classes, whole numbers or text, is {found[row]} in row {row + 1}"
            )
        labels = found.astype(np.int64)
    if len(np.unique(labels)) < 2:
        raise TableError(f"column {name!r} should have two classes or more, has one: {labels[0]}")
    return labels
