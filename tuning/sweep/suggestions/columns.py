"""What is seen of a table: its columns, one by one, and what could be predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainables.data.columns import Column as Values
from trainables.data.table_files import Table

Kind = Literal["numbers", "whole numbers", "text"]

MOST_CLASSES = 20
"""Whole numbers of more kinds than this are a quantity, not classes."""


@dataclass(frozen=True)
class Column:
    """A column.

    kind: of its values, where they are there.
    distinct: how many different values it has.
    missing: of how many rows it has no value.
    """

    name: str
    kind: Kind
    distinct: int
    missing: int

    def has_classes(self, rows: int) -> bool:
        """Whether as a target it is one of several classes, each with several of the rows."""
        few = self.distinct <= min(MOST_CLASSES, rows // 5)
        return self.kind == "text" or (self.kind == "whole numbers" and few)


def columns(table: Table) -> dict[str, Column]:
    """All columns of a table by name, in its order, and of an .npz all arrays."""
    return {name: _column(name, [table.columns[each] for each in singles]) for name, singles in table.arrays.items()}


def _column(name: str, singles: Sequence[Values]) -> Column:
    there = [each.values[~each.missing] for each in singles]
    distinct = len({value for values in there for value in values.tolist()})
    missing = sum(int(each.missing.sum()) for each in singles)
    if any(each.kind in ("text", "boolean") for each in singles):
        return Column(name, "text", distinct, missing)
    whole = all(np.all(values == np.round(values)) for values in there)
    return Column(name, "whole numbers" if whole else "numbers", distinct, missing)
