"""Observations of any space as a row of numbers: what Gymnasium makes of them, and what is refused."""

from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from trainables.environments.observations import NotInSpace, bounds, readable, row, rows

PAIR = spaces.Box(-1.0, 1.0, (2,), np.float32)
NESTED = spaces.Dict({"at": PAIR, "deck": spaces.Tuple((spaces.Discrete(3, start=-1), spaces.MultiBinary(2)))})
SPACES: dict[str, spaces.Space[Any]] = {
    "scalar": spaces.Box(0.0, 1.0, (), np.float64),
    "film": spaces.Box(0, 255, (2, 3, 2, 2), np.uint8),
    "counts": spaces.Box(-5, 5, (3,), np.int64),
    "number": spaces.Discrete(5, start=2),
    "bits": spaces.MultiBinary((2, 2)),
    "numbers": spaces.MultiDiscrete([3, 2], start=[1, -4]),
    "grid of numbers": spaces.MultiDiscrete([[3, 2], [4, 2]]),
    "tuple": spaces.Tuple((PAIR, spaces.Discrete(4))),
    "nested": NESTED,
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_a_row_is_what_gymnasium_makes_of_it(space: spaces.Space[Any]) -> None:
    space.seed(0)
    for _ in range(20):
        seen = space.sample()
        expected = np.asarray(spaces.flatten(space, seen), dtype=np.float32)
        assert readable(space)
        np.testing.assert_array_equal(row(space, seen), expected)
        assert row(space, seen).shape == (spaces.flatdim(space),)
        low, high = bounds(space)
        assert ((low <= row(space, seen)) & (row(space, seen) <= high)).all()


def test_of_parts_without_numbers_there_are_none() -> None:
    """Gymnasium flattens no such space."""
    space = spaces.Tuple((spaces.Tuple(()), PAIR, spaces.Dict({})))
    assert row(space, ((), [0.5, 1.0], {})).tolist() == [0.5, 1.0]
    assert [each.tolist() for each in bounds(space)] == [[-1.0, -1.0], [1.0, 1.0]]


@pytest.mark.parametrize(
    ("space", "seen", "same"),
    [
        (PAIR, [0.5, -0.5], [0.5, -0.5]),
        (PAIR, np.array([[0.5], [-0.5]]), [0.5, -0.5]),
        (PAIR, (1, 0), [1.0, 0.0]),
        (PAIR, np.array([9.0, -9.0]), [9.0, -9.0]),
        (spaces.Discrete(3), np.array([1]), [0.0, 1.0, 0.0]),
        (spaces.Discrete(3), 1.0, [0.0, 1.0, 0.0]),
        (spaces.MultiBinary(2), [True, False], [1.0, 0.0]),
        (spaces.Tuple((spaces.Discrete(2), PAIR)), [1, [0, 1]], [0.0, 1.0, 0.0, 1.0]),
        (NESTED, {"deck": (1, [0, 1]), "at": [0, 0], "more": None}, [0, 0, 0, 0, 1, 0, 1]),
    ],
)
def test_what_means_the_same_is_taken(space: spaces.Space[Any], seen: Any, same: list[float]) -> None:
    assert row(space, seen).tolist() == same


@pytest.mark.parametrize(
    ("space", "seen", "message"),
    [
        (PAIR, None, "None: should be numbers of shape (2,)"),
        (PAIR, [1.0, 2.0, 3.0], "of shape (3,): should be numbers of shape (2,)"),
        (PAIR, [[1.0], [2.0, 3.0]], "[[1.0], [2.0, 3.0]]: should be numbers of shape (2,)"),
        (PAIR, "ab", "ab: should be numbers of shape (2,)"),
        (spaces.Discrete(3, start=1), 0, "0: should be a whole number from 1 to 3"),
        (spaces.Discrete(3), 3, "3: should be a whole number from 0 to 2"),
        (spaces.Discrete(3), -1, "-1: should be a whole number from 0 to 2"),
        (spaces.Discrete(3), np.nan, "nan: should be a whole number from 0 to 2"),
        (spaces.MultiBinary(2), [0, 2], "[0, 2]: should be numbers of shape (2,), each 0 or 1"),
        (spaces.MultiDiscrete([2, 3]), [1, 3], "[1, 3]: should be whole numbers from [0, 0] to [1, 2]"),
        (NESTED, [1.0], "[1.0]: should be a mapping of 'at', 'deck'"),
        (NESTED, {"at": [0, 0]}, "{'at': [0, 0]}: should be a mapping of 'at', 'deck'"),
        (NESTED, {"at": [0, 0], "deck": (2, [0, 1])}, "['deck'][0] 2: should be a whole number from -1 to 1"),
        (NESTED, {"at": [0], "deck": (1, [0, 1])}, "['at'] of shape (1,): should be numbers of shape (2,)"),
        (NESTED, {"at": [0, 0], "deck": (1,)}, "['deck'] (1,): should be a tuple of 2"),
    ],
)
def test_what_is_not_in_the_space_is_refused_in_a_line(space: spaces.Space[Any], seen: Any, message: str) -> None:
    with pytest.raises(NotInSpace) as refused:
        row(space, seen)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    "space",
    [spaces.Text(3), spaces.Sequence(PAIR), spaces.Dict({"at": PAIR, "word": spaces.Text(2)})],
    ids=["text", "sequence", "word in a dict"],
)
def test_what_has_no_fixed_number_of_numbers_can_not_be_read(space: spaces.Space[Any]) -> None:
    assert not readable(space)


def test_one_or_several_or_neither() -> None:
    one, other = {"at": [0, 1], "deck": (0, [1, 1])}, {"at": [1, 0], "deck": (1, [0, 0])}
    np.testing.assert_array_equal(rows(NESTED, one), row(NESTED, one))
    np.testing.assert_array_equal(rows(NESTED, [one, other]), [row(NESTED, one), row(NESTED, other)])
    assert rows(NESTED, np.zeros(7)) is None
    assert rows(NESTED, [one, None]) is None
    assert rows(NESTED, []) is None
