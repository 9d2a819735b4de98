"""Configurations that a search has not tried, so that none is tried twice."""

import json
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from tuning.sweep import grid
from tuning.sweep.space import Space, fitting

MOST_LISTED = 4_096
"""Of a space with more configurations some are drawn by chance rather than all looked at."""

DRAWN = 512

Params = Mapping[str, Any]


class Untried:
    """What is left of a space. Configurations are parameters, as the space names them."""

    def __init__(self, space: Space, tried: Iterable[Params]) -> None:
        self._space, self._size = space, grid.configurations(space)
        self._tried: set[str] = set()
        points = grid.points(space) if self._size <= MOST_LISTED else ()
        self._listed = {_key(point): point for point in points}
        for params in tried:
            self.add(params)

    @property
    def left(self) -> float:
        """How many configurations were not tried; infinity where there is a range without steps."""
        return self._size - len(self._tried)

    def add(self, params: Params) -> None:
        """A configuration is tried. One that lies outside the space, in part or in whole, is none of it."""
        fits = fitting(self._space, params)
        if fits is not None:
            self._tried.add(_key(fits))
            self._listed.pop(_key(fits), None)

    def has(self, given: Params) -> bool:
        """Whether a configuration with these parameters is left."""
        return self._size > MOST_LISTED or any(_agree(point, given) for point in self._listed.values())

    def tried(self, params: Params) -> bool:
        """Whether a configuration was tried."""
        return _key(params) in self._tried

    def instead_of(self, params: Params, given: Params, chance: Random) -> dict[str, Any] | None:
        """The configuration most like one that was tried, which was not; None where none is left, or none was found.

        params: of the one that was tried.
        given: parameters that it has to have.
        chance: decides between those that are equally alike.
        """
        if self._size <= MOST_LISTED:
            found = list(self._listed.values())
        else:
            drawn = (_redrawn(self._space, params, given, chance) for _ in range(DRAWN))
            found = [point for point in drawn if not self.tried(point)]
        found = [point for point in found if _agree(point, given)]
        return min(found, key=lambda point: (_distance(params, point), chance.random()), default=None)


def _redrawn(space: Space, params: Params, given: Params, chance: Random) -> dict[str, Any]:
    """The parameters with one or two fields drawn anew."""
    free = [name for name in space.dimensions if name not in given]
    again = set(chance.sample(free, min(len(free), chance.choice([1, 2]))))
    kept = {name: value for name, value in params.items() if name.partition(".")[0] not in again}
    drawn = (grid.drawn(name, space.dimensions[name], chance) for name in space.dimensions if name in again)
    return kept | {name: value for point in drawn for name, value in point.items()}


def _distance(one: Params, other: Params) -> int:
    """In how many parameters two configurations differ."""
    return sum(name not in one or name not in other or one[name] != other[name] for name in {**one, **other})


def _agree(point: Params, given: Params) -> bool:
    return all(point.get(name) == value for name, value in given.items())


def _key(params: Params) -> str:
    return json.dumps(params, sort_keys=True)
