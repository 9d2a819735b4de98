"""What trials are compared by: which of two values of a metric is better. Pure: values in, values out."""

import math
from collections.abc import Iterable
from typing import Literal

Direction = Literal["maximize", "minimize"]
"""Of a metric: whether larger values are better, or smaller ones."""


def cost(value: float, direction: Direction) -> float:
    """The value with its sign turned where larger is better: the smaller the better, so ready to be sorted."""
    return -value if direction == "maximize" else value


def worst(direction: Direction) -> float:
    """What is worse than any number."""
    return -math.inf if direction == "maximize" else math.inf


def better(value: float, than: float | None, direction: Direction) -> bool:
    """Whether a value beats another. Any finite value beats None; one that is not finite beats nothing."""
    if not math.isfinite(value):
        return False
    return than is None or cost(value, direction) < cost(than, direction)


def reaches(value: float, target: float, direction: Direction) -> bool:
    """Whether a value is at least as good as the target."""
    return cost(value, direction) <= cost(target, direction)


def best(values: Iterable[tuple[int, float]], direction: Direction) -> int | None:
    """The number of the best of (number, value), the lowest number among equals; None of none."""
    ordered = ((cost(value, direction), number) for number, value in values)
    return min(ordered, default=(0.0, None))[1]
