"""What to know of how a data set is divided."""

from typing import Any

import numpy as np
import pytest

from trainables.data import split_notes
from trainables.data.datasets import Dataset


def noted(train: Any, unseen: Any, classes: tuple[str, ...] = ()) -> list[str]:
    """Of a data set of rows of one feature and one target."""
    parts = [np.array(rows, dtype=np.float64) for rows in (train, unseen)]
    split = [(part[:, :1], part[:, 1:]) for part in parts]
    return list(split_notes.notes(Dataset(("x",), ("y",), classes, (), (), *split[0], *split[1])))


@pytest.mark.parametrize(
    ("train", "unseen", "classes", "expected"),
    [
        ([[1, 5], [2, 6]], [[1, 6], [3, 5]], (), []),
        ([[1, 0], [2, 1]], [[3, 0], [4, 1]], ("no", "yes"), []),
        (
            [[1, 0], [2, 1]],
            [[3, 0], [4, 2], [5, 2]],
            ("a", "b", "c"),
            [
                "a class has no row to train on: 'c' (2 in all)",
                "a class has no row to validate on: 'b' (1 in all)",
            ],
        ),
        (
            [[each, each] for each in range(8)],
            [[9, 0]],
            tuple("abcdefgh"),
            [
                "classes have no row to validate on: 'b' (1 in all), 'c' (1 in all), 'd' (1 in all), 'e' (1 in all), "
                "'f' (1 in all) and 2 more"
            ],
        ),
    ],
)
def test_classes(train: Any, unseen: Any, classes: tuple[str, ...], expected: list[str]) -> None:
    assert noted(train, unseen, classes) == expected


def test_rows_in_both_parts() -> None:
    (found,) = noted([[1, 5], [2, 6], [2, 6]], [[1, 5], [2, 6], [2, 5], [2, 6]])
    assert found.startswith("3 of the 4 rows to validate on are among those to train on as well")
