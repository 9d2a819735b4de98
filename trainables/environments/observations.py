"""Observations of any space of numbers as one row of them, and what is wrong with one that is not in its space.

A Box becomes its numbers, a Discrete number a one-hot row, MultiBinary its bits, MultiDiscrete a one-hot row for each
of its numbers; Dict and Tuple become the rows of their parts, one after the other in the order of the space. So does
Gymnasium's FlattenObservation; unlike it, what is not in the space is refused, and not taken for something else.

Axis letters: F numbers of a row.
"""

import textwrap
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Space: TypeAlias = spaces.Space[Any]
Floats: TypeAlias = NDArray[np.float64]

NONE = np.zeros(0)
"""No numbers."""


class NotInSpace(ValueError):
    """An observation that is not in its space; the message says what it is, and what it should be."""


def readable(space: Space) -> bool:
    """Whether observations of a space are made of a fixed number of numbers."""
    match space:
        case spaces.Dict():
            return all(map(readable, space.spaces.values()))
        case spaces.Tuple():
            return all(map(readable, space.spaces))
        case spaces.Box():
            return space.dtype is not None and space.dtype.kind in "biuf"
    return isinstance(space, spaces.Discrete | spaces.MultiBinary | spaces.MultiDiscrete)


def row(space: Space, seen: Any) -> NDArray[np.float32]:
    """An observation as a row of numbers (F,). Raises NotInSpace.

    The bounds of a Box are not insisted on.
    """
    numbers = np.concatenate([np.zeros(0, dtype=np.float32), *_parts(space, seen, "")])
    return numbers.astype(np.float32, copy=False)


def bounds(space: Space) -> tuple[Floats, Floats]:
    """The lowest and the highest that each number of a row may be, both (F,)."""
    match space:
        case spaces.Dict() | spaces.Tuple():
            parts = [bounds(each) for each in (space.values() if isinstance(space, spaces.Dict) else space.spaces)]
            lows, highs = [low for low, _ in parts], [high for _, high in parts]
            return np.concatenate([NONE, *lows]), np.concatenate([NONE, *highs])
        case spaces.Box():
            return space.low.ravel().astype(np.float64), space.high.ravel().astype(np.float64)
    numbers = spaces.flatdim(space)
    return np.zeros(numbers), np.ones(numbers)


def rows(space: Space, seen: Any) -> NDArray[np.float32] | None:
    """An observation as a row of numbers (F,), or several in a list as (B, F); None of what is neither."""
    try:
        return row(space, seen)
    except NotInSpace:
        if not isinstance(seen, tuple | list):
            return None
    try:
        return np.stack([row(space, each) for each in seen])
    except (NotInSpace, ValueError):
        return None


def _parts(space: Space, seen: Any, where: str) -> list[NDArray[np.generic]]:
    """The rows of an observation's parts; where: what part of the whole it is itself, such as `['speed']`."""
    match space:
        case spaces.Dict():
            names = list(space.spaces)
            if not isinstance(seen, Mapping) or any(name not in seen for name in names):
                raise _misfit(where, seen, f"a mapping of {', '.join(map(repr, names))}")
            return [each for name in names for each in _parts(space[name], seen[name], f"{where}[{name!r}]")]
        case spaces.Tuple():
            if not isinstance(seen, tuple | list) or len(seen) != len(space.spaces):
                raise _misfit(where, seen, f"a tuple of {len(space.spaces)}")
            parts = enumerate(zip(space.spaces, seen, strict=True))
            return [each for place, (part, one) in parts for each in _parts(part, one, f"{where}[{place}]")]
        case spaces.Discrete():
            number = _array(space, seen, where, f"a whole number from {space.start} to {space.start + space.n - 1}")
            return [np.asarray(spaces.flatten(space, np.int64(number)))]
        case spaces.MultiBinary():
            return [_array(space, seen, where, f"{_of(space)}, each 0 or 1").ravel()]
        case spaces.MultiDiscrete():
            low, high = space.start.tolist(), (space.start + space.nvec - 1).tolist()
            numbers = _array(space, seen, where, f"whole numbers from {low} to {high}")
            return [np.asarray(spaces.flatten(space, numbers.astype(np.int64)))]
    return [_array(space, seen, where, _of(space)).ravel()]


def _array(space: Space, seen: Any, where: str, right: str) -> NDArray[Any]:
    """The numbers of a part, in the shape of its space; right: what they should be."""
    array = as_numbers(seen)
    if array is None:
        raise _misfit(where, seen, right)
    shape = space.shape or ()
    if array.shape != shape:
        if _without_ones(array.shape) != _without_ones(shape):
            raise NotInSpace(f"{where} of shape {array.shape}: should be {right}".lstrip())
        array = array.reshape(shape)
    if not isinstance(space, spaces.Box) and not _counted(space, array):
        raise _misfit(where, seen, right)
    return array


def _counted(space: Space, array: NDArray[Any]) -> bool:
    """Whether these are whole numbers that the space has."""
    low, count = np.asarray(0), np.asarray(2)
    match space:
        case spaces.Discrete():
            low, count = np.asarray(space.start), np.asarray(space.n)
        case spaces.MultiDiscrete():
            low, count = space.start, space.nvec
    numbers = array.astype(np.float64, copy=False)
    return bool(np.all((numbers >= low) & (numbers < low + count) & (numbers == np.floor(numbers))))


def as_numbers(seen: Any) -> NDArray[Any] | None:
    """As one array; None of what has several shapes, or is not made of numbers."""
    try:
        array = np.asarray(seen)
    except ValueError:
        return None
    return array if array.dtype.kind in "biuf" else None


def same_numbers(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether arrays of these shapes differ in axes of length 1 at most, so that one is simply read as the other."""
    return _without_ones(shape) == _without_ones(other)


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _of(space: Space) -> str:
    return f"numbers of shape {space.shape}"


def _misfit(where: str, seen: Any, right: str) -> NotInSpace:
    shown = textwrap.shorten(str(seen), 120, placeholder=" ...")
    return NotInSpace(f"{where} {shown}: should be {right}".lstrip())
