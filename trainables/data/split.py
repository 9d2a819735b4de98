"""Which rows are trained on, and which are validated on.

Axis letters: N rows, K rows of one part.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from trainables.data.table_files import TableError

Split: TypeAlias = str | dict[str, str]
"""How rows are divided:

    auto            by chance, of each class the same share; where numbers are predicted, as random
    random          by chance
    {by: column}    by chance, rows with the same value in the column all in one part
    {time: column}  those with the highest values in the column are validated on
"""


def checked(split: Any) -> Split:
    """The same. Raises ValueError where it is none of these."""
    if split in ("auto", "random"):
        return str(split)
    if isinstance(split, dict) and len(split) == 1:
        (kind, column), *_ = split.items()
        if kind in ("by", "time") and isinstance(column, str):
            return {kind: column}
    raise ValueError("should be auto, random, {by: column} or {time: column}")


def named(split: Split) -> tuple[str, str | None]:
    """Its name, and the column that it goes by."""
    return (split, None) if isinstance(split, str) else next(iter(split.items()))


Rows = NDArray[np.int64]
Parts: TypeAlias = tuple[Rows, Rows]
"""The rows to train on (K,), and those to validate on (K,)."""


def training_rows(rows: int, share: float) -> int:
    """How many of so many rows are trained on; at least one, and one less than all. share: of those to validate on."""
    return min(rows - 1, max(1, round(rows * (1 - share))))


def by_chance(rows: int, share: float, seed: int) -> Parts:
    """So many rows, shuffled. share: of those to validate on."""
    order, first = np.random.default_rng(seed).permutation(rows), training_rows(rows, share)
    return order[:first], order[first:]


def in_order(rows: int, share: float) -> Parts:
    """So many rows as they come, the last ones to validate on. share: of those."""
    first = training_rows(rows, share)
    return np.arange(first), np.arange(first, rows)


def by_class(classes: NDArray[Any], share: float, seed: int) -> Parts:
    """The same share of each class (N,) in each part; a class of two rows or more is in both, a single row in training.

    Raises TableError where no class has two rows.
    """
    order = np.random.default_rng(seed).permutation(len(classes))
    _, places, counts = np.unique(classes[order], return_inverse=True, return_counts=True)
    validated = np.clip(np.round(counts * share), np.minimum(counts - 1, 1), counts - 1)
    if not validated.any():
        raise TableError("should have a class of two rows or more, one to train on and one to validate on")
    # The place of each row among those of its class.
    nth = np.empty(len(classes), dtype=np.int64)
    for place in range(len(counts)):
        nth[places == place] = np.arange(counts[place])
    held_out = nth < validated[places]
    return order[~held_out], order[held_out]


def by_group(values: NDArray[Any], share: float, seed: int) -> Parts:
    """Rows with the same one of the values (N,) all in one part. Raises TableError where that leaves a part empty."""
    _, groups, counts = np.unique(_comparable(values), return_inverse=True, return_counts=True)
    if len(counts) < 2:
        raise TableError("should have two values or more, one to train on and one to validate on, has one")
    wanted, held_out = len(groups) * share, np.zeros(len(counts), dtype=np.bool_)
    order = np.random.default_rng(seed).permutation(len(counts))
    for group in order:
        before = counts[held_out].sum()
        held_out[group] = abs(before + counts[group] - wanted) < abs(before - wanted)
    if not held_out.any() or held_out.all():
        held_out[:] = np.arange(len(counts)) == counts.argmin()
    rows = np.random.default_rng(seed).permutation(len(groups))
    return rows[~held_out[groups[rows]]], rows[held_out[groups[rows]]]


def by_time(values: NDArray[Any], share: float, seed: int) -> Parts:
    """The rows with the highest of the values (N,) to validate on; rows of one moment are never divided.

    The seed is of no account.

    Raises TableError where all rows have one value.
    """
    moments = _comparable(values)
    order = np.argsort(moments, kind="stable")
    in_order = moments[order]
    # Where one moment ends and another begins.
    ends = np.flatnonzero(in_order[1:] != in_order[:-1]) + 1
    if not ends.size:
        raise TableError("should have two values or more, the later ones to validate on, has one")
    first = ends[np.abs(ends - len(order) * (1 - share)).argmin()]
    return order[:first], order[first:]


def _comparable(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(str) if values.dtype == object else values
