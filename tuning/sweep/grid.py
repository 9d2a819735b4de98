"""All points of a space: the parameters of every trial that a grid has."""

import math
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from tuning.sweep.dimensions import Choices, Dimension, FloatRange, IntRange, Options
from tuning.sweep.space import Space, category


def points(space: Space) -> Iterator[dict[str, Any]]:
    """The parameters of all points, in an order in which those that can share a pack follow each other.

    Ranges of floats have no points but where they begin, and no place in a grid (tuning/sweep/checks/sampler.py).
    """
    names = sorted(
        space.dimensions, key=lambda name: (name not in space.structural, list(space.dimensions).index(name))
    )
    yield from _product([(name, space.dimensions[name]) for name in names])


def size(space: Space) -> int:
    """How many points there are; none where a range of floats has no points."""
    found = configurations(space)
    return int(found) if math.isfinite(found) else 0


def configurations(space: Space) -> float:
    """How many configurations the space has; infinity where there is a range of floats."""
    return math.prod(_size(dimension) for dimension in space.dimensions.values())


def drawn(name: str, dimension: Dimension, chance: Random) -> dict[str, Any]:
    """The parameters of one field, drawn by chance.

    name: of the field, or of the setting of an option as its parameter is called.
    dimension: that it is drawn from.
    chance: what draws.
    """
    match dimension:
        case FloatRange(low=low, high=high, log=log):
            return {name: low * (high / low) ** chance.random() if log else chance.uniform(low, high)}
        case IntRange(low=low, high=high, log=log, step=step):
            if log:
                return {name: min(high, max(low, round(low * (high / low) ** chance.random())))}
            return {name: chance.randrange(low, high + 1, step)}
        case Choices(choices=choices):
            return {name: category(chance.choice(choices))}
        case Options(choices=options):
            kind = chance.choice(list(options))
            found = {name: kind}
            for key, item in options[kind].items():
                if isinstance(item, Dimension):
                    found |= drawn(f"{name}.{kind}.{key}", item, chance)
            return found


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
        case FloatRange(low=low):
            yield {name: low}
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


def _size(dimension: Dimension) -> float:
    match dimension:
        case IntRange(low=low, high=high, step=step):
            return (high - low) // step + 1
        case Choices(choices=choices):
            return len({repr(category(choice)) for choice in choices})
        case Options(choices=options):
            kinds = [[item for item in each.values() if isinstance(item, Dimension)] for each in options.values()]
            return sum(math.prod(map(_size, settings)) for settings in kinds)
        case FloatRange(low=low, high=high):
            return math.inf if low < high else 1
