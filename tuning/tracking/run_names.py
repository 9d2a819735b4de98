"""What runs are called in MLflow: by what sets a trial apart, in few words. Nothing is asked or written here."""

from collections.abc import Mapping
from typing import Any

DIGITS, GIVEN_DIGITS = 4, 6
"""Significant digits that people are shown of a number that was drawn, and the most that numbers have which people
gave; a run's tag `lockstep.params` has all of them."""

MOST_SETTINGS = 3
"""Settings that a name has room for: the page of runs cuts off what is longer."""

SHORT = {
    "learning_rate": "lr",
    "batch_size": "batch",
    "entropy_weight": "entropy",
    "weight_decay": "decay",
    "target_interval": "target",
    "reward_scale": "scale",
}
"""What settings are called in names; others by their own names."""


def digits(value: Any) -> str:
    """A value as people are shown it: a number with as many digits as it needs."""
    if not isinstance(value, float):
        return str(value)
    given = f"{value:.{GIVEN_DIGITS}g}"
    return given if float(given) == value else f"{value:.{DIGITS}g}"


def run_name(number: int, params: Mapping[str, Any], default: Mapping[str, Any], *roles: str) -> str:
    """The name of a trial's run: `#21 leader · lr 0.0015 · gamma 0.99`.

    params: of the trial; those that differ from the default's are named, settings of options after all others.
    default: parameters of the default configuration.
    roles: that it has, if any.
    """
    differing = [name for name, value in params.items() if name not in default or default[name] != value]
    first = sorted(differing, key=lambda name: "." in name)[:MOST_SETTINGS]
    told = [setting(name, params[name]) for name in first]
    return " · ".join([" ".join([f"#{number}", *dict.fromkeys(roles)]), *told])


def setting(name: str, value: Any) -> str:
    """A setting in few words: `lr 0.0015`."""
    last = name.rpartition(".")[2]
    return f"{SHORT.get(last, last).replace('_', ' ')} {digits(value)}"
