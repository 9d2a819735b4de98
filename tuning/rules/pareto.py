"""Trials compared by two objectives: which of them no other beats. Pure: values in, numbers out."""

import math
from collections.abc import Iterator, Mapping, Sequence

from tuning.rules.objective import Direction, cost


def front(points: Mapping[int, Sequence[float]], directions: Sequence[Direction]) -> list[int]:
    """The Pareto front: the numbers of the points that no other beats, the best in the first objective first.

    points: number -> values of the two objectives. A point beats another where it is better in one of them and not
    worse in the other; so of equal points all are on the front, the lower number first. A point with a value that is
    not finite is on none.
    """
    first, second = directions
    finite = [(cost(x, first), cost(y, second), number) for number, (x, y) in points.items() if math.isfinite(x + y)]
    found: list[tuple[float, float, int]] = []
    for point in sorted(finite):
        if not found or point[1] < found[-1][1] or point[:2] == found[-1][:2]:
            found.append(point)
    return [number for _, _, number in found]


def layers(points: Mapping[int, Sequence[float]], directions: Sequence[Direction]) -> Iterator[list[int]]:
    """The front, then that of what is left without it, and so on."""
    left = dict(points)
    while found := front(left, directions):
        yield found
        for number in found:
            del left[number]
