"""Columns as the numbers that a network learns from: what is fitted on the rows to train on, and applied to any.

    number, date   as it is; a missing one is the median of the training rows
    boolean        0 or 1; a missing one is what most of the training rows have
    text           a number for each value of the training rows, 1 if it is this one, else 0

Where a value is missing in the training rows, a number says so: 1 if it is, else 0.

Axis letters: N rows, F features.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import Column, Kind

MOST_VALUES = 50
"""Of a column of text that is learnt from."""

LARGEST = 1e30
"""Number that is learnt from: float32 can hold it. Its square it need not hold, as what is computed with is scaled."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FittedColumn:
    """What of a column is learnt from.

    name: of the column.
    kind: of its values.
    style: how its dates are written.
    fill: what a missing number is taken for; None: missing values are refused.
    marks_missing: whether a number says that the value is missing.
    values: of a text, those of the training rows, in order.
    words: of a boolean.
    """

    name: str
    kind: Kind
    style: str = ""
    fill: float | None = None
    marks_missing: bool = False
    values: tuple[str, ...] = ()
    words: tuple[str, str] = ("false", "true")

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the numbers that it becomes."""
        numbers = tuple(f"{self.name} = {value}" for value in self.values) if self.kind == "text" else (self.name,)
        return numbers + ((f"{self.name} is missing",) if self.marks_missing else ())

    @classmethod
    def fitted(cls, name: str, column: Column, rows: NDArray[Any], fills: bool = True) -> Self:
        """What these rows of a column tell.

        name: of the column.
        column: which has these rows and others.
        rows: places of those to train on.
        fills: whether missing values are filled, or refused.
        """
        values, marks = column.values[rows], bool(column.missing[rows].any())
        if column.kind == "text":
            known = tuple(sorted(_different(values)))
            return cls(name, "text", fill=0.0 if fills else None, marks_missing=marks, values=known)
        present = np.sort(values[~np.isnan(values)])
        # Of a boolean one of both values, also where they are equally many.
        middle = present[(present.size - 1) // 2 :][:1] if column.kind == "boolean" else present
        fill = float(np.median(middle)) if middle.size else 0.0
        style = column.style if column.kind == "date" else ""
        return cls(name, column.kind, style, fill if fills else None, marks, words=column.words)

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The same, out of `as_plain`."""
        fields: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in plain.items()}
        return cls(**fields)

    def as_plain(self) -> dict[str, Any]:
        """Text, numbers and lists alone."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    def encoded(self, column: Column) -> Floats:
        """The numbers (N, F) of a column of the same kind; a text that is not in `values` is none of them."""
        missing = column.missing
        if self.kind == "text":
            places = _places(column.values, self.values)
            numbers = np.zeros((len(missing), len(self.values)))
            seen = np.flatnonzero(places >= 0)
            numbers[seen, places[seen]] = 1.0
        else:
            numbers = np.where(missing, np.nan if self.fill is None else self.fill, column.values)[:, None]
        return np.hstack([numbers, missing[:, None]]) if self.marks_missing else numbers

    def unknown(self, column: Column) -> dict[str, int]:
        """The texts of a column that are not in `values`, with how often they occur."""
        if self.kind != "text":
            return {}
        found = column.values[(_places(column.values, self.values) < 0) & ~column.missing]
        return {value: int((found == value).sum()) for value in sorted(_different(found))}


def fitted(
    columns: Mapping[str, Column], names: Sequence[str], rows: NDArray[Any], fills: bool = True
) -> tuple[FittedColumn, ...]:
    """What these rows tell of the columns with these names. fills: whether missing values are filled."""
    return tuple(FittedColumn.fitted(name, columns[name], rows, fills) for name in names)


def encoded(fitted: Sequence[FittedColumn], columns: Mapping[str, Column]) -> Floats:
    """(N, F), all that these columns become."""
    return np.hstack([each.encoded(columns[each.name]) for each in fitted])


def problems(name: str, column: Column, missing: str, most_values: int | None) -> Iterator[str]:
    """Why a column can't be learnt from, or told anything of.

    name: of it.
    missing: fill or refuse.
    most_values: that text may have; None: as many as it likes.
    """
    if column.doubt:
        yield f"column {name!r} {column.doubt}"
        return
    none = np.flatnonzero(column.missing)
    if none.size and missing == "refuse":
        yield f"column {name!r} has no {_ONE[column.kind]} in row {none[0] + 1}{more(none)}"
    if column.kind != "text":
        size = np.abs(column.values)
        for what, rows in (
            ("an infinite number", np.flatnonzero(np.isinf(size))),
            (f"a number beyond {LARGEST:g}", np.flatnonzero((size > LARGEST) & ~np.isinf(size))),
        ):
            if rows.size:
                yield f"column {name!r} has {what} in row {rows[0] + 1}{more(rows)}"
        return
    given = _different(column.values)
    if most_values == 0:
        row = int(np.argmin(column.missing))
        yield f"column {name!r} should be numbers, is {column.values[row]!r} in row {row + 1}"
    elif most_values is not None and len(given) > most_values:
        yield (
            f"column {name!r} is text of {len(given):,} different values, such as {given[0]!r}; at most {most_values} "
            f"can be learnt from"
        )


_ONE = {"number": "number", "boolean": "yes or no", "date": "date", "text": "text"}


def more(rows: NDArray[Any]) -> str:
    """How many rows there are beside the first one of these."""
    return f" and in {rows.size - 1:,} more" if rows.size > 1 else ""


def _different(values: NDArray[Any]) -> list[str]:
    import pandas

    return [value for value in pandas.unique(values).tolist() if value is not None]


def _places(values: NDArray[Any], known: Sequence[str]) -> NDArray[np.int64]:
    """(N,), the place of each value among the known ones; -1 of all others."""
    import pandas

    names = pandas.Index(np.array([*known, None], dtype=object)[:-1])
    return np.asarray(names.get_indexer(pandas.Index(values)), np.int64)
