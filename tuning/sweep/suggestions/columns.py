"""What is seen of a table: its columns, one by one, and what could be predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainables.data.table_files import Column as Values
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


def columns(table: Table) -> Sequence[Column]:
    """All columns of a table, in its order."""
    return [_column(name, values) for name, values in table.items()]


def _column(name: str, values: Values) -> Column:
    if values.dtype == object:
        there = [each for each in values.ravel().tolist() if each not in (None, "")]
        return Column(name, "text", len(set(there)), values.size - len(there))
    numbers = values[~np.isnan(values)]
    whole = bool(np.all(numbers == np.round(numbers)))
    kind: Kind = "whole numbers" if whole else "numbers"
    return Column(name, kind, len(np.unique(numbers)), values.size - numbers.size)
