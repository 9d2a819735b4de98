"""Trials compared by two objectives: which of them no other dominates. Pure: values in, numbers out."""

import math
from collections.abc import Iterator, Mapping, Sequence

from tuning.rules.objective import Direction, cost


def front(points: Mapping[int, Sequence[float]], directions: Sequence[Direction]) -> list[int]:
    """The Pareto front: the numbers of the points that no other dominates, the best in the first objective first.

    A point dominates another if it is better in one objective and not worse in the other. So equal points are on the
    front together, the lower number first. A point with a value that is not finite is on no front.

    points: number -> values of the two objectives.
    directions: of the two objectives.
    """
    first, second = directions
    finite = [(cost(x, first), cost(y, second), number) for number, (x, y) in points.items() if math.isfinite(x + y)]
    found: list[tuple[float, float, int]] = []
    for point in sorted(finite):
        if not found or point[1] < found[-1][1] or point[:2] == found[-1][:2]:
            found.append(point)
    return [number for _, _, number in found]


def layers(points: Mapping[int, Sequence[float]], directions: Sequence[Direction]) -> Iterator[list[int]]:
    """The front, then the front of the points that are left without it, and so on."""
    left = dict(points)
    while found := front(left, directions):
        yield found
        for number in found:
            del left[number]
