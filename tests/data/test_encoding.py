"""What columns become for a network: fitted on some rows, applied to any, and kept as plain data."""

import json
from typing import Any

import numpy as np
import pytest

from trainables.data import columns, encoding
from trainables.data.columns import Column
from trainables.data.encoding import FittedColumn


def read(*texts: str) -> Column:
    return columns.from_text(columns.as_texts(texts))


@pytest.mark.parametrize(
    ("column", "names", "numbers"),
    [
        (read("1", "4", "9", "100"), ["x"], [[1], [4], [9], [100]]),
        # The row that is not trained on has no part in the median.
        (read("1", "", "3", "100"), ["x", "x is missing"], [[1, 0], [2, 1], [3, 0], [100, 0]]),
        (read("1", "2", "3", ""), ["x"], [[1], [2], [3], [2]]),
        (read("", "", "", "5"), ["x", "x is missing"], [[0, 1], [0, 1], [0, 1], [5, 0]]),
        (read("yes", "", "no", "no"), ["x", "x is missing"], [[1, 0], [0, 1], [0, 0], [0, 0]]),
        (read("1970-01-02", "", "1970-01-04", ""), ["x", "x is missing"], [[1, 0], [2, 1], [3, 0], [2, 1]]),
        (read("b", "a", "b", "c"), ["x = a", "x = b"], [[0, 1], [1, 0], [0, 1], [0, 0]]),
        (read("b", "a", "", "c"), ["x = a", "x = b", "x is missing"], [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0]]),
        (read("b", "a", "b", ""), ["x = a", "x = b"], [[0, 1], [1, 0], [0, 1], [0, 0]]),
    ],
)
def test_fitted_on_three_rows_and_applied_to_four(column: Column, names: list[str], numbers: list[list[float]]) -> None:
    fitted = FittedColumn.fitted("x", column, np.arange(3))
    assert list(fitted.features) == names
    assert fitted.encoded(column).tolist() == numbers
    again = FittedColumn.from_plain(json.loads(json.dumps(fitted.as_plain())))
    assert again == fitted


def test_several_columns_side_by_side() -> None:
    table = {"a": read("1", "2"), "b": read("x", "y"), "c": read("5", "6")}
    fitted = encoding.fitted(table, ["c", "b"], np.arange(2))
    assert encoding.encoded(fitted, table).tolist() == [[5, 1, 0], [6, 0, 1]]


def test_values_that_were_never_seen() -> None:
    fitted = FittedColumn.fitted("x", read("a", "b", ""), np.arange(3))
    assert fitted.unknown(read("a", "d", "c", "d", "")) == {"c": 1, "d": 2}
    assert FittedColumn.fitted("x", read("1", "2"), np.arange(2)).unknown(read("3")) == {}


@pytest.mark.parametrize(
    ("column", "asked", "problem"),
    [
        (read("1", "NaN", "3"), {"missing": "refuse"}, "column 'a' has no number in row 2"),
        (read("NA", "NA", "3"), {"missing": "refuse"}, "column 'a' has no number in row 1 and in 1 more"),
        (read("x", "", "x"), {"missing": "refuse"}, "column 'a' has no text in row 2"),
        (read("1", "2", "inf"), {}, "column 'a' has an infinite number in row 3"),
        (read("", "x", "y"), {"most_values": 0}, "column 'a' should be numbers, is 'x' in row 2"),
        (read("1", "abc", "3"), {}, "column 'a' should be numbers, as most of its 3 values are, is 'abc' in row 2"),
        (
            read(*(f"t{place}" for place in range(51))),
            {"most_values": 50},
            "column 'a' is text of 51 different values, such as 't0'; at most 50 can be learnt from",
        ),
        (read(*(f"t{place}" for place in range(51))), {"most_values": None}, None),
        (read(*(f"t{place % 50}" for place in range(99))), {"most_values": 50}, None),
    ],
)
def test_what_can_not_be_learnt_from(column: Column, asked: dict[str, Any], problem: str | None) -> None:
    found = list(encoding.problems("a", column, **{"missing": "fill", "most_values": 50, **asked}))
    assert found == ([] if problem is None else [problem])
