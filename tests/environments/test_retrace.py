"""Episodes begun again, also of environments that do not follow their seed."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.environments import retrace


class Fickle:
    """A grid in which the episode of the first member now ends after two steps; it knows what it was told."""

    rewinds: ClassVar[bool] = True

    def __init__(self) -> None:
        self.observations = np.zeros((2, 1, 1), dtype=np.float32)
        self.steps = np.zeros((2, 1), dtype=np.int64)
        self.begun: list[list[bool]] = []

    def reset(self, seeds: NDArray[np.int64], where: NDArray[np.bool_]) -> None:
        self.begun.append(where.ravel().tolist())
        self.steps[where] = 0

    def step(self, actions: Any, where: NDArray[np.bool_]) -> Any:
        assert not (where & (self.steps >= [[2], [9]])).any(), "an episode that is over goes no further"
        self.steps += where
        return np.zeros((2, 1)), where & (self.steps >= [[2], [9]]), np.zeros((2, 1), dtype=np.bool_)


def test_an_episode_that_now_ends_on_the_way_is_begun_anew() -> None:
    grid = Fickle()
    assert retrace(grid, np.array([[5], [6]]), [[1, 1, 1, 1], [0, 1, 0]]) == [[], [0, 1, 0]]  # type: ignore[arg-type]
    assert grid.begun == [[True, True], [True, False]]
    assert grid.steps.ravel().tolist() == [0, 3]


def test_one_that_goes_on_as_before_is_where_it_was() -> None:
    grid = Fickle()
    assert retrace(grid, np.array([[5], [6]]), [[1], [0, 1, 0]]) == [[1], [0, 1, 0]]  # type: ignore[arg-type]
    assert grid.begun == [[True, True]]
