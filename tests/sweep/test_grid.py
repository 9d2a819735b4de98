"""Grids: every point once, those that share a pack beside each other."""

import itertools

from tuning.sweep import grid
from tuning.sweep.dimensions import Choices, IntRange, Options
from tuning.sweep.space import Space, fitting


def test_a_grid_is_every_point_once_and_keeps_structures_together() -> None:
    options = Options(choices={"fixed": {}, "cosine": {"floor": Choices(choices=(0.0, 0.1)), "restarts": 3}})
    dimensions = {
        "rate": Choices(choices=(1, 2)),
        "schedule": options,
        "steps": IntRange(low=1, high=5, step=2),
        "hidden": Choices(choices=([8], [16])),
    }
    space = Space(dimensions, structural=frozenset({"hidden", "steps"}))
    points = list(grid.points(space))
    assert len(points) == len({str(point) for point in points}) == grid.size(space) == 2 * 3 * 3 * 2
    assert all(fitting(space, point) == point for point in points)
    structures = [(point["hidden"], point["steps"]) for point in points]
    assert sum(one != two for one, two in itertools.pairwise(structures)) == 3 * 2 - 1
