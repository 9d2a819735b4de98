"""What runs are called, and how numbers are shown."""

from typing import Any

import pytest

from tuning.tracking.run_contents import same_params
from tuning.tracking.run_names import digits, run_name

DEFAULT = {"learning_rate": 0.001, "gamma": 0.99, "schedule": "fixed", "hidden": "[64, 64]"}


@pytest.mark.parametrize(
    ("params", "roles", "name"),
    [
        (DEFAULT, ["default"], "#7 default"),
        ({**DEFAULT, "learning_rate": 0.00151234567}, [], "#7 · lr 0.001512"),
        ({**DEFAULT, "gamma": 0.95, "learning_rate": 0.5}, ["leader"], "#7 leader · lr 0.5 · gamma 0.95"),
        (DEFAULT, ["champion", "default"], "#7 champion default"),
        (
            {**DEFAULT, "schedule": "cosine", "schedule.cosine.floor": 0.1, "hidden": "[8]", "gamma": 0.9},
            [],
            "#7 · gamma 0.9 · schedule cosine · hidden [8]",
        ),
        ({"target_interval": 10, "n_steps": 3}, [], "#7 · target 10 · n steps 3"),
        ({}, [], "#7"),
    ],
)
def test_a_name_says_what_sets_a_trial_apart(params: dict[str, Any], roles: list[str], name: str) -> None:
    assert run_name(7, params, DEFAULT, *roles) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001, "0.001"),
        (0.0012345678, "0.001235"),
        (0.12345, "0.12345"),
        (0.333333333, "0.3333"),
        (1e-5, "1e-05"),
        (3.0, "3"),
        (123_456.0, "123456"),
        (16, "16"),
        (True, "True"),
        (None, "None"),
        ("cosine", "cosine"),
    ],
)
def test_numbers_have_as_many_digits_as_they_need(value: Any, text: str) -> None:
    assert digits(value) == text


def test_parameters_are_the_same_with_all_their_digits_as_earlier_versions_told_them() -> None:
    values = {"learning_rate": 0.0012345678, "batch": 16}
    assert same_params({"learning_rate": "0.001235", "batch": "16"}, values)
    assert same_params({"learning_rate": "0.0012345678", "batch": "16"}, values)
    assert not same_params({"learning_rate": "0.001236", "batch": "16"}, values)
    assert not same_params({"learning_rate": "0.001235"}, values)
    assert not same_params({"learning_rate": "0.001235", "batch": "16", "more": "1"}, values)
