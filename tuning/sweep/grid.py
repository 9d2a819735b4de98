"""All points of a space: the parameters of every trial that a grid has."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from tuning.sweep.dimensions import Choices, Dimension, FloatRange, IntRange, Options
from tuning.sweep.space import Space, category


def points(space: Space) -> Iterator[dict[str, Any]]:
    """The parameters of all points, in an order in which those that can share a pack follow each other.

    Ranges of floats have no points, and no place in a grid (tuning/sweep/checks/sampler.py).
    """
    names = sorted(
        space.dimensions, key=lambda name: (name not in space.structural, list(space.dimensions).index(name))
    )
    yield from _product([(name, space.dimensions[name]) for name in names])


def size(space: Space) -> int:
    """How many points there are."""
    return math.prod(_size(dimension) for dimension in space.dimensions.values())


def _product(dimensions: Sequence[tuple[str, Dimension]]) -> Iterator[dict[str, Any]]:
    """The points of some dimensions, the last one changing fastest."""
    if not dimensions:
        yield {}
        return
    (name, dimension), *rest = dimensions
    for point in _points(name, dimension):
        for other in _product(rest):
            yield {**point, **other}


def _points(name: str, dimension: Dimension) -> Iterator[dict[str, Any]]:
    match dimension:
        case IntRange(low=low, high=high, step=step):
            yield from ({name: value} for value in range(low, high + 1, step))
        case Choices(choices=choices):
            yield from ({name: category(choice)} for choice in choices)
        case Options(choices=options):
            for kind, settings in options.items():
                inner = [
                    (f"{name}.{kind}.{key}", item) for key, item in settings.items() if isinstance(item, Dimension)
                ]
                yield from ({name: kind, **point} for point in _product(inner))


def _size(dimension: Dimension) -> int:
    match dimension:
        case IntRange(low=low, high=high, step=step):
            return (high - low) // step + 1
        case Choices(choices=choices):
            return len(choices)
        case Options(choices=options):
            kinds = [[item for item in each.values() if isinstance(item, Dimension)] for each in options.values()]
            return sum(math.prod(map(_size, settings)) for settings in kinds)
        case FloatRange():
            return 0
