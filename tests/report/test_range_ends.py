"""Ranges at whose end the best trials lie, and what to try next."""

from typing import Any

import pytest

from tuning.report.range_ends import RangeEnd, range_ends
from tuning.sweep.model import Sweep

BASE: dict[str, Any] = {
    "name": "any",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 20_000,
    "search": {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "warmup": {"low": 0.0, "high": 0.5},
        "target_interval": {"low": 100, "high": 900, "step": 100},
    },
}
CONDITIONAL = {
    "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.1}}}},
    "warmup": {"low": 0.0, "high": 0.5},
}


def sweep(**search: Any) -> Sweep:
    return Sweep.model_validate({**BASE, "search": search or BASE["search"]})


def trials(name: str, *values: float) -> list[dict[str, Any]]:
    """Trials in the middle of every range but this one, where they have these values, the best first."""
    middle = {"learning_rate": 1e-3, "warmup": 0.25, "target_interval": 500}
    return [{**middle, name: value} for value in values]


@pytest.mark.parametrize(
    ("name", "values", "end"),
    [
        # The upper end, the lower end; log, linear, whole numbers with steps.
        ("learning_rate", [1e-2, 9e-3], RangeEnd("learning_rate", 1e-2, 1e-4, 1e-2, 1e-3, 0.1)),
        ("learning_rate", [1e-4, 1.1e-4], RangeEnd("learning_rate", 1e-4, 1e-4, 1e-2, 1e-5, 1e-3)),
        ("warmup", [0.5, 0.48, 0.46], RangeEnd("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("target_interval", [900, 900], RangeEnd("target_interval", 900, 100, 900, 500, 1300)),
        # Within 5 %, and just not.
        ("warmup", [0.4751, 0.45], RangeEnd("warmup", 0.4751, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.4749, 0.5], None),
        ("learning_rate", [10**-2.09] * 3, RangeEnd("learning_rate", 10**-2.09, 1e-4, 1e-2, 1e-3, 0.1)),
        ("learning_rate", [10**-2.11] * 3, None),
        # The best alone is an accident; most of the best five are not; the sixth is not asked.
        ("warmup", [0.5], RangeEnd("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.5, 0.2, 0.1], None),
        ("warmup", [0.5, 0.2], None),
        ("warmup", [0.5, 0.45, 0.42, 0.1, 0.1], RangeEnd("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.5, 0.45, 0.1, 0.1, 0.1, 0.5, 0.5], None),
        ("warmup", [0.5, 0.0, 0.0], None),
        # The middle is no end, and neither is what lies beyond it.
        ("warmup", [0.25, 0.25], None),
        ("warmup", [0.7, 0.7], None),
        # No warmup is shorter than none.
        ("warmup", [0.0, 0.0], None),
    ],
)
def test_where_most_of_the_best_lie(name: str, values: list[float], end: RangeEnd | None) -> None:
    assert range_ends(sweep(), trials(name, *values)) == ([] if end is None else [end])


@pytest.mark.parametrize(
    ("search", "params", "tried"),
    [
        # As far as the field allows.
        ({"gamma": {"low": 0.9, "high": 1.0}}, {"gamma": 1.0}, None),
        ({"gamma": {"low": 0.0, "high": 0.8}}, {"gamma": 0.8}, (0.4, 1.0)),
        ({"warmup": {"low": 0.0, "high": 0.8}}, {"warmup": 0.8}, (0.4, 0.9)),
        ({"max_norm": {"low": 1, "high": 9}}, {"max_norm": 1.0}, (0.5, 5.0)),
        # A setting of an option.
        (CONDITIONAL, {"schedule": "cosine", "schedule.cosine.floor": 0.1}, (0.05, 0.15)),
        (CONDITIONAL, {"schedule": "cosine", "schedule.cosine.floor": 0.0}, None),
        (CONDITIONAL, {"schedule": "fixed"}, None),
        # Whole numbers.
        ({"gradient_steps": {"low": 1, "high": 16, "log": True}}, {"gradient_steps": 16}, (4, 64)),
        ({"gradient_steps": {"low": 1, "high": 16, "log": True}}, {"gradient_steps": 1}, None),
        ({"gradient_steps": {"low": 1, "high": 2}}, {"gradient_steps": 2}, (1, 3)),
    ],
)
def test_the_range_to_try_next_is_one_that_the_field_takes(
    search: dict[str, Any], params: dict[str, Any], tried: tuple[float, float] | None
) -> None:
    found = range_ends(sweep(**search), [params, params])
    assert [(end.try_low, end.try_high) for end in found] == ([] if tried is None else [tried])
    for end in found:
        if "." not in end.name:
            assert sweep(**{**search, end.name: {"low": end.try_low, "high": end.try_high}})


def test_of_no_trials_there_are_no_range_ends() -> None:
    assert range_ends(sweep(), []) == []
