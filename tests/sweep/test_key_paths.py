"""Key paths, and the order in which what is wrong with plain data is told."""

from tuning.errors import Problem
from tuning.sweep.key_paths import in_order, walk

DATA = {"name": "a", "search": {"gamma": {"low": 0.9}, "hidden": {"choices": [[8], [9]]}}, "trials": 8}


def test_key_paths_are_in_the_order_of_the_data() -> None:
    assert list(walk(DATA)) == [
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
    assert [(each.key_path, each.message) for each in in_order(found, DATA)] == [
        ("budget", "4"),  # which is missing
        ("name", "3"),
        ("search.gamma.high", "2"),
        ("search.gamma.step", "5"),
        ("search.hidden.choices[1]", "1"),
        ("trials", "0"),
    ]
