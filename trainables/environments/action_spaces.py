"""What can be done in an environment, as plain values.

A *choice* is what a policy gives: a number counted from 0, one for each of several parts, or a vector of real numbers.
`given` makes of it what the environment takes, of the shape and type of its own action space.

Axis letters: K parts of an action, D dimensions of a continuous one; `...` stands for any batch axes, or none.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

Bounds = Literal["squash", "clip"]

LARGEST = 1e18
"""A bound that is as far away is none: many environments write the largest float32 for infinity."""


@dataclass(frozen=True)
class Discrete:
    """One of n actions. A choice is an integer (...), counted from 0.

    n: how many there are.
    start: the number of the first.
    """

    kind: ClassVar[str] = "discrete"
    axes: ClassVar[tuple[int, ...]] = ()
    n: int
    start: int = 0

    def __str__(self) -> str:
        return f"{self.n:,} actions"

    @property
    def outputs(self) -> int:
        """One for each action."""
        return self.n

    def drawn(self, generator: np.random.Generator, count: int) -> NDArray[Any]:
        """Choices (count,), all actions alike."""
        return generator.integers(self.n, size=count)

    def given(self, choices: NDArray[Any]) -> NDArray[Any]:
        """Choices (...) as the environment takes them, (...)."""
        return choices + self.start


class _Several:
    """What actions of several numbers have in common."""

    shape: tuple[int, ...]
    dtype: str

    @property
    def axes(self) -> tuple[int, ...]:
        """Those of a choice: as many numbers as an action has."""
        return (math.prod(self.shape),)

    def _shaped(self, actions: NDArray[Any]) -> NDArray[Any]:
        """Actions (..., D) as the environment takes them, (..., *shape)."""
        return actions.astype(self.dtype).reshape((*actions.shape[:-1], *self.shape))


@dataclass(frozen=True)
class Parts(_Several):
    """Several choices at once, as in MultiDiscrete and MultiBinary. A choice is integers (..., K), counted from 0.

    counts: of each part, how many values it has.
    starts: the first value of each.
    shape: of an action as the environment takes it; it has K numbers.
    dtype: the name of its type.
    """

    kind: ClassVar[str] = "parts"
    counts: tuple[int, ...]
    starts: tuple[int, ...]
    shape: tuple[int, ...]
    dtype: str

    def __str__(self) -> str:
        return f"actions of {len(self.counts):,} parts, of {math.prod(self.counts):,} combinations"

    @property
    def outputs(self) -> int:
        """One for each value of each part."""
        return sum(self.counts)

    def drawn(self, generator: np.random.Generator, count: int) -> NDArray[Any]:
        """Choices (count, K), all values of a part alike."""
        return generator.integers(self.counts, size=(count, len(self.counts)))

    def given(self, choices: NDArray[Any]) -> NDArray[Any]:
        """Choices (..., K) as the environment takes them, (..., *shape)."""
        return self._shaped(choices + np.array(self.starts))


@dataclass(frozen=True)
class Product:
    """Several choices at once, told by one number. A choice is an integer (...), counted from 0; the last part is the
    one that changes from number to number.

    parts: those that it combines.
    """

    kind: ClassVar[str] = "product"
    axes: ClassVar[tuple[int, ...]] = ()
    parts: Parts

    def __str__(self) -> str:
        return f"{self.n:,} combinations of {len(self.parts.counts):,} parts"

    @property
    def n(self) -> int:
        """How many combinations there are."""
        return math.prod(self.parts.counts)

    @property
    def outputs(self) -> int:
        """One for each combination."""
        return self.n

    def drawn(self, generator: np.random.Generator, count: int) -> NDArray[Any]:
        """Choices (count,), all combinations alike."""
        return generator.integers(self.n, size=count)

    def given(self, choices: NDArray[Any]) -> NDArray[Any]:
        """Choices (...) as the environment takes them, (..., *shape)."""
        return self.parts.given(np.stack(np.unravel_index(choices, self.parts.counts), axis=-1))


@dataclass(frozen=True)
class Continuous(_Several):
    """A vector of real numbers. A choice is floats (..., D), in units in which bounds on both sides are -1 and 1.

    low, high: the bounds of each dimension; infinite where there are none.
    shape: of an action as the environment takes it; it has D numbers.
    dtype: the name of its type; to whole numbers choices are rounded.
    bounds: squash: a choice comes within its bounds by tanh; clip: what lies beyond a bound is moved to it. A dimension
    without bounds, or with one, is clipped in either case.
    """

    kind: ClassVar[str] = "continuous"
    low: tuple[float, ...]
    high: tuple[float, ...]
    shape: tuple[int, ...]
    dtype: str
    bounds: Bounds = "clip"

    def __str__(self) -> str:
        return f"actions of {len(self.low):,} number{'s' * (len(self.low) > 1)}"

    @property
    def outputs(self) -> int:
        """One for each dimension."""
        return len(self.low)

    @property
    def bounded(self) -> tuple[bool, ...]:
        """Of each dimension, whether it has bounds on both sides."""
        return tuple(math.isfinite(low) and math.isfinite(high) for low, high in zip(self.low, self.high, strict=True))

    @property
    def squashed(self) -> tuple[bool, ...]:
        """Of each dimension, whether tanh brings it within its bounds."""
        return tuple(self.bounds == "squash" and each for each in self.bounded)

    def drawn(self, generator: np.random.Generator, count: int) -> NDArray[Any]:
        """Choices (count, D): all between two bounds alike, of other dimensions normal numbers."""
        shape = (count, len(self.low))
        within = generator.uniform(-1.0, 1.0, shape)
        chosen = np.arctanh(within) if self.bounds == "squash" else within
        return np.where(self.bounded, chosen, generator.standard_normal(shape))

    @cached_property
    def middle_and_half(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(D,) each: what a choice of 0 is, and what one of 1 is more than that."""
        low, high = np.where(self.bounded, self.low, -1.0), np.where(self.bounded, self.high, 1.0)
        return (low + high) / 2, (high - low) / 2

    def given(self, choices: NDArray[Any]) -> NDArray[Any]:
        """Choices (..., D) as the environment takes them, (..., *shape).

        Whatever is chosen, it is a sound action: a policy whose weights have burst is found out by its loss.
        """
        middle, half = self.middle_and_half
        sound = np.clip(np.nan_to_num(choices.astype(np.float64)), -LARGEST, LARGEST)
        within = np.where(self.squashed, np.tanh(sound), sound)
        actions = np.clip(middle + half * within, self.low, self.high)
        if np.issubdtype(np.dtype(self.dtype), np.integer):
            actions = np.rint(actions)
        return self._shaped(actions)


Actions = Discrete | Parts | Product | Continuous
"""All have `axes`, those of a choice behind its batch axes; `outputs`, the numbers of a network that tell one;
`drawn`, some of them by chance; and `given`."""


def read(space: spaces.Space[Any]) -> Discrete | Parts | Continuous | None:
    """The actions of a space; None if no policy here can take them."""
    match space:
        case spaces.Discrete():
            return Discrete(int(space.n), int(space.start))
        case spaces.MultiDiscrete():
            counts, starts = _integers(space.nvec), _integers(space.start)
            return Parts(counts, starts, space.shape, str(space.dtype)) if counts else None
        case spaces.MultiBinary():
            parts = math.prod(space.shape)
            return Parts((2,) * parts, (0,) * parts, space.shape, str(space.dtype)) if parts else None
        case spaces.Box() if math.prod(space.shape):
            return Continuous(_bounds(space.low), _bounds(space.high), space.shape, str(space.dtype))
    return None


def _integers(values: NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(each) for each in np.ravel(values))


def _bounds(values: NDArray[Any]) -> tuple[float, ...]:
    return tuple(math.copysign(math.inf, each) if abs(each) >= LARGEST else each for each in np.ravel(values).tolist())


def as_plain(actions: Actions) -> dict[str, Any]:
    """The actions as plain values, as best.pt holds them."""
    if isinstance(actions, Product):
        return {"kind": actions.kind, "parts": as_plain(actions.parts)}
    values = {name: list(each) if isinstance(each, tuple) else each for name, each in asdict(actions).items()}
    return {"kind": actions.kind, **values}


def from_plain(plain: Mapping[str, Any]) -> Actions:
    """The actions that `as_plain` has written."""
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in plain.items()}
    kind = values.pop("kind")
    if kind == Product.kind:
        parts = from_plain(values["parts"])
        assert isinstance(parts, Parts)
        return Product(parts)
    kinds: dict[str, type[Discrete | Parts | Continuous]] = {each.kind: each for each in (Discrete, Parts, Continuous)}
    return kinds[kind](**values)
