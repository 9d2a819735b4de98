"""What was understood of the columns of a table, in words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainables.data.columns import Column
from trainables.data.encoding import FittedColumn

MOST_NAMES = 12
"""That are said of one kind."""

FEWEST_COUNTED = 20
"""Rows, of which a column has the numbers hardly by chance."""


@dataclass(frozen=True)
class Remark:
    """Something that was understood.

    message: in words.
    warning: whether it is rarely wanted.
    """

    message: str
    warning: bool = False


def of_features(
    fitted: Sequence[FittedColumn], columns: Mapping[str, Column], validation: NDArray[np.int64]
) -> Iterator[Remark]:
    """What columns are learnt as.

    fitted: the columns.
    columns: their values.
    validation: the rows that are validated on.
    """
    for kind, how in _LEARNT_AS.items():
        named = [_shown(each) for each in fitted if each.kind == kind]
        if named:
            yield Remark(f"{how}: {listed(named)}")
    styles: dict[str, list[str]] = {}
    for each in fitted:
        style = columns[each.name].style
        if style not in ("", "decimal comma", "YYYY-MM-DD"):
            styles.setdefault(style, []).append(each.name)
    for style, names in styles.items():
        yield Remark(f"written with {style}: {listed(names)}")
    yield from _missing(fitted, columns)
    alone = [each.name for each in fitted if _is_constant(columns[each.name])]
    if alone:
        yield Remark(f"one value in every row, which tells nothing: {listed(alone)}", warning=True)
    counting = [each.name for each in fitted if _counts_rows(columns[each.name])]
    if counting:
        yield Remark(f"counts the rows, and is learnt from like any number: {listed(counting)}")
    for each in fitted:
        unknown = each.unknown(Column(each.kind, columns[each.name].values[validation]))
        if unknown:
            values = listed([repr(value) for value in unknown])
            yield Remark(
                f"{each.name}: {values} in no row to train on, only in those to validate on: none of its values"
            )


_LEARNT_AS = {
    "number": "numbers",
    "boolean": "yes or no",
    "date": "dates, as days since 1970-01-01",
    "text": "text, a number 0 or 1 for each value",
}


def _missing(fitted: Sequence[FittedColumn], columns: Mapping[str, Column]) -> Iterator[Remark]:
    counts = {each.name: int(columns[each.name].missing.sum()) for each in fitted}
    for text, what in ((False, "filled by the median and marked"), (True, "a value of their own")):
        named = [
            f"{each.name} ({counts[each.name]:,})"
            for each in fitted
            if counts[each.name] and (each.kind == "text") == text
        ]
        if named:
            yield Remark(f"gaps are {what}: {listed(named)}")


def _shown(column: FittedColumn) -> str:
    if column.kind == "text":
        return f"{column.name} ({listed(column.values, 5)})"
    return f"{column.name} ({'/'.join(column.words)})" if column.kind == "boolean" else column.name


def _is_constant(column: Column) -> bool:
    missing = column.missing
    present = column.values[~missing]
    return bool(present.size and not missing.any() and (present == present[0]).all())


def _counts_rows(column: Column) -> bool:
    """Whether its values are those of the row before and 1, from 0 or 1 on."""
    rows = len(column.values)
    return (
        column.kind == "number"
        and rows >= FEWEST_COUNTED
        and any(np.array_equal(column.values, np.arange(first, first + rows)) for first in (0, 1))
    )


def listed(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names with commas between them in one line, and how many more there are than it should have."""
    more = len(names) - most
    return ", ".join(" ".join(name.split()) for name in names[:most]) + (f" and {more:,} more" if more > 0 else "")
