"""Dimensions: what trials of a sweep may differ in."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import Field

from trainables.base.config_fields import Frozen


class FloatRange(Frozen):
    """All numbers from low to high, both included."""

    low: float
    high: float
    log: bool = Field(False, description="uniform in the logarithm: small and large numbers alike")


class IntRange(Frozen):
    """The whole numbers from low to high, both included."""

    low: int
    high: int
    log: bool = Field(False, description="uniform in the logarithm: small and large numbers alike")
    step: int = Field(1, description="from one number to the next; not with log")


class Choices(Frozen):
    """Plain values to choose from, lists and mappings among them."""

    choices: tuple[Any, ...]


class Options(Frozen):
    """Options to choose from, each with its settings: plain values, or dimensions of their own."""

    choices: dict[str, dict[str, Any]]


Dimension: TypeAlias = FloatRange | IntRange | Choices | Options

RANGE = ("low", "high", "log", "step")
"""The keys of a range in plain data."""


def is_dimension(value: Any) -> bool:
    """Whether plain data is meant as a dimension, and not as a value."""
    return isinstance(value, dict) and not value.keys().isdisjoint((*RANGE, "choices"))


def read_as_kept(value: Mapping[str, Any]) -> Dimension:
    """A dimension from the plain data of one, whose own form says of which kind it is; no field is asked."""
    if "choices" not in value:
        return IntRange(**value) if "step" in value else FloatRange(**value)
    choices = value["choices"]
    if not isinstance(choices, Mapping):
        return Choices(choices=tuple(choices))
    return Options(
        choices={
            kind: {key: read_as_kept(item) if is_dimension(item) else item for key, item in settings.items()}
            for kind, settings in choices.items()
        }
    )
