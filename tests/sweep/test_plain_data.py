"""Plain data: what is plain, and in which order what is wrong with it is told."""

import pytest

from tuning.errors import Problem, SweepError
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


DATA = {"name": "a", "search": {"gamma": {"low": 0.9}, "hidden": {"choices": [[8], [9]]}}, "trials": 8}


def test_key_paths_are_in_the_order_of_the_data() -> None:
    assert list(plain_data.key_paths(DATA)) == [
        "name",
        "search",
        "search.gamma",
        "search.gamma.low",
        "search.hidden",
        "search.hidden.choices",
        "search.hidden.choices[0]",
        "search.hidden.choices[0][0]",
        "search.hidden.choices[1]",
        "search.hidden.choices[1][0]",
        "trials",
    ]


def test_the_first_problem_of_a_key_path_is_told_in_the_order_of_the_data() -> None:
    paths = ["trials", "search.hidden.choices[1]", "search.gamma.high", "name", "budget", "search.gamma.step", "trials"]
    found = [Problem(path, str(number)) for number, path in enumerate(paths)]
    assert [(each.key_path, each.message) for each in plain_data.in_order(found, DATA)] == [
        ("budget", "4"),  # which is missing
        ("name", "3"),
        ("search.gamma.high", "2"),
        ("search.gamma.step", "5"),
        ("search.hidden.choices[1]", "1"),
        ("trials", "0"),
    ]
