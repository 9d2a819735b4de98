"""Columns of text: what kind of values they have, and when that can't be told."""

from typing import Any

import numpy as np
import pyarrow
import pytest

from trainables.data import columns
from trainables.data.columns import Column

NONE = np.nan


def read(texts: list[str], **asked: Any) -> Column:
    return columns.from_text(columns.as_texts(texts), **asked)


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", "-2.5", " +3 ", "1e3", ".5", "5."], "number", [1, -2.5, 3, 1000, 0.5, 5]),
        (["1", "", "NA", "nan", "?", "-", "null", "None", "N/A"], "number", [1, *[NONE] * 8]),
        (["", "", ""], "number", [NONE] * 3),
        (["1", "inf", "-Infinity"], "number", [1, np.inf, -np.inf]),
        (["1,250", "3", "12,345,678.5"], "number", [1250, 3, 12345678.5]),
        (["1,5", "2,25"], "number", [1.5, 2.25]),
        (["0", "1", "0"], "number", [0, 1, 0]),
        (["true", "FALSE", ""], "boolean", [1, 0, NONE]),
        (["Yes", "no", "-"], "boolean", [1, 0, NONE]),
        (["yes", "yes", "yes"], "boolean", [1, 1, 1]),
        (["t", "f"], "boolean", [1, 0]),
        (["f", "f"], "text", ["f", "f"]),
        (["yes", "no", "maybe"], "text", ["yes", "no", "maybe"]),
        (["1970-01-02", "1969-12-31", "NaT"], "date", [1, -1, NONE]),
        (["1970-01-02 06:00", "1970-01-02T12:00:00Z", "1970-01-02 12:00:00+06:00"], "date", [1.25, 1.5, 1.25]),
        (["1970/1/2", "1970/01/03"], "date", [1, 2]),
        (["02.01.1970", "3.1.1970"], "date", [1, 2]),
        (["01/02/1970", "01/31/1970"], "date", [1, 30]),
        (["02/01/1970", "31/01/1970 18:00", "31/1/1970 6:00:00"], "date", [1, 30.75, 30.25]),
        (["1 250", "3", "12 345 678.5"], "number", [1250, 3, 12345678.5]),
        (["1'250", "12'345'678"], "number", [1250, 12345678]),
        (["$5", "-$1,250", "$0.5", ""], "number", [5, -1250, 0.5, NONE]),
        (["5 %", "12.5%"], "number", [5, 12.5]),
        (["2026-02-30", "2026-02-01"], "text", ["2026-02-30", "2026-02-01"]),
        (["a", "", "?", "-", "None", " a"], "text", ["a", None, None, "-", "None", "a"]),
        (["1_000", "x"], "text", ["1_000", "x"]),
        (["1", "2", "a", "b"], "text", ["1", "2", "a", "b"]),
    ],
)
def test_a_kind_is_that_of_all_values(texts: list[str], kind: str, values: list[Any]) -> None:
    found = read(texts)
    assert (found.kind, found.doubt) == (kind, "")
    np.testing.assert_array_equal(found.values, np.array(values, dtype=found.values.dtype))
    assert found.missing.tolist() == [value is None or value != value for value in values]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1,5", "2", "1,5,5"], None),
        (["1,5", "2", "-0,5"], [1.5, 2, -0.5]),
        (["1.250", "3,5", "12.345.678,5"], [1250, 3.5, 12345678.5]),
        (["1\u00a0250", "3,5"], [1250, 3.5]),
        (["1.250 €", "3,5 €"], [1250, 3.5]),
        (["1.5", "2.25"], [1.5, 2.25]),
    ],
)
def test_numbers_of_a_file_with_decimal_commas(texts: list[str], values: list[float] | None) -> None:
    found = read(texts, decimal_comma=True)
    assert (found.kind == "number") == (values is not None)
    if values is not None:
        assert found.values.tolist() == values


@pytest.mark.parametrize(
    ("texts", "doubt"),
    [
        (["1", "abc", "3"], "should be numbers, as most of its 3 values are, is 'abc' in row 2"),
        (["1", "2", "2", "3", "12x"], "should be numbers, as most of its 4 values are, is '12x' in row 5"),
        (["2026-02-30", "2026-02-01", "2026-02-02"], "should be dates, as most of its 3 values are, is '2026-02-30'"),
        (["01/02/1970", "03/04/1970"], "has dates such as 01/02/1970, in which day and month can't be told apart"),
    ],
)
def test_what_can_not_be_told_is_doubted(texts: list[str], doubt: str) -> None:
    assert read(texts).doubt.startswith(doubt)


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("text", ["1", "02", ""], ["1", "02", None]),
        ("number", ["", "NA"], [NONE, NONE]),
        ("number", ["1,250.5"], [1250.5]),
        ("boolean", ["1", "0", ""], [1, 0, NONE]),
        ("boolean", ["No", "true", "-"], [0, 1, NONE]),
        ("date", ["1970-01-02", ""], [1, NONE]),
        ("date", [""], [NONE]),
    ],
)
def test_new_values_are_read_as_those_before(kind: Any, texts: list[str], values: list[Any]) -> None:
    found = read(texts, as_kind=kind)
    assert (found.kind, found.doubt) == (kind, "")
    np.testing.assert_array_equal(found.values, np.array(values, dtype=found.values.dtype))


def test_dates_that_could_be_either_are_read_as_those_before() -> None:
    for style, days in (("MM/DD/YYYY", 31), ("DD/MM/YYYY", 1)):
        found = read(["02/01/1970"], as_kind="date", as_style=style)
        assert (found.values.tolist(), found.doubt) == ([days], "")


@pytest.mark.parametrize(
    ("kind", "texts", "doubt"),
    [
        ("number", ["1", "x"], "should be numbers, is 'x' in row 2"),
        ("number", ["x"], "should be numbers, is 'x'"),
        ("boolean", ["yes", "2"], "should be yes or no, is '2' in row 2"),
        ("date", ["1970-01-02", "5"], "should be dates, is '5' in row 2"),
        ("date", ["02/01/1970"], "has dates such as 02/01/1970"),
    ],
)
def test_new_values_of_another_kind(kind: Any, texts: list[str], doubt: str) -> None:
    assert read(texts, as_kind=kind).doubt.startswith(doubt)


def test_arrays_of_what_can_not_be_learnt() -> None:
    with pytest.raises(ValueError, match="should be numbers, booleans, dates or text, is complex128"):
        columns.from_array(np.ones(2, complex))
    with pytest.raises(ValueError, match="should be numbers, booleans, dates or text, is list"):
        columns.from_arrow(pyarrow.chunked_array([[[1, 2], [3]]]))
