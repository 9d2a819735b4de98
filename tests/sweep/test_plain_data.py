"""Plain data: what is plain, and where it is not."""

import pytest

from tuning.errors import SweepError
from tuning.sweep import plain_data
from tuning.sweep.dimensions import FloatRange


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": {1, 2}}}, "a.b"),
        ({"a": [0, float("nan")]}, "a[1]"),
        ({"a": float("inf")}, "a"),
        ({"a": 2**63}, "a"),
        ({"a": 10**5000}, "a"),
        ({"a": "\ud800"}, "a"),
        ({"a": {1: 2}}, "a"),
        ({"a": b"x"}, "a"),
    ],
)
def test_what_is_no_plain_data_is_named_by_its_key_path(value: object, path: str) -> None:
    _, found = plain_data.plain(value)
    assert [problem.key_path for problem in found] == [path]


def test_what_is_plain_stays_and_the_rest_becomes_null() -> None:
    data, found = plain_data.plain({"a": (1, "b", 2.5), "c": FloatRange(low=0, high=1), "d": [object(), {1}, None]})
    assert data == {"a": [1, "b", 2.5], "c": {"low": 0.0, "high": 1.0, "log": False}, "d": [None, None, None]}
    assert [problem.key_path for problem in found] == ["d[0]", "d[1]"]


def test_a_value_within_itself_is_refused() -> None:
    knot: list[object] = []
    knot += [knot, knot]
    with pytest.raises(SweepError, match="nested too deeply"):
        plain_data.plain(knot)
