"""What an environment may not give, said with the episode and the step in which it did."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.base.member_failure import MemberFailed
from trainables.environments.description import Description


class Episodes:
    """Which episodes the places of a grid are in, so that one that breaks can be begun again by hand."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description, self._in_a_row = description, episodes
        self._seeds = np.zeros(members * episodes, dtype=np.int64)
        self._steps = np.zeros(members * episodes, dtype=np.int64)

    def begin(self, places: NDArray[np.intp], seeds: NDArray[np.int64]) -> None:
        """Episodes are begun in these places of the grid, counted row by row; seeds: one of each."""
        self._seeds[places], self._steps[places] = seeds, 0

    def advance(self, places: NDArray[np.intp]) -> None:
        """Another step is taken in these places."""
        self._steps[places] += 1

    def too_long(self, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of these places (M, E) have come to the limit of an episode."""
        return where & (self._steps.reshape(where.shape) >= self._description.max_episode_steps)

    def inputs(self, places: NDArray[np.intp], seen: Sequence[Any] | NDArray[np.generic]) -> NDArray[np.float32]:
        """Observations as these places gave them, one each, as inputs of a network, (places, F).

        Raises MemberFailed where one is not as the environment's space declares it, in shape or as one of its numbers,
        or not finite.
        """
        found = _stacked(seen)
        if found is None or found.shape[1:] != self._description.shape:
            raise self._misshapen(places, seen)
        if (start := self._description.one_hot_from) is not None:
            numbers = found.astype(np.float64, copy=False)
            known = (numbers >= start) & (numbers < start + self._description.inputs) & (numbers == np.floor(numbers))
            if not known.all():
                first = int(np.argmin(known))
                raise self._outside(places[first], str(found[first]))
        encoded = self._description.encoded(found)
        sound = np.isfinite(encoded).all(1)
        if not sound.all():
            first = int(np.argmin(sound))
            raise self.failed(places[first], f"gave an observation that is not finite, {_shown(encoded[first])}")
        return encoded

    def require_finite(self, places: NDArray[np.intp], rewards: NDArray[np.float64]) -> None:
        """rewards: (places,). Raises MemberFailed where one is NaN or infinite."""
        if not np.isfinite(rewards).all():
            first = int(np.argmin(np.isfinite(rewards)))
            raise self.failed(places[first], f"gave a reward that is not finite, {rewards[first]}")

    def _misshapen(self, places: NDArray[np.intp], seen: Sequence[Any] | NDArray[np.generic]) -> MemberFailed:
        """What to raise of the first of these places whose observation is of another shape, or not of numbers."""
        alone = [(place, each, _stacked([each])) for place, each in zip(places, seen, strict=True)]
        place, each, found = next(one for one in alone if one[2] is None or one[2].shape[1:] != self._description.shape)
        return self._outside(place, f"of shape {found.shape[1:]}" if found is not None else _in_a_line(each))

    def _outside(self, place: np.intp, what: str) -> MemberFailed:
        start, numbers = self._description.one_hot_from, self._description.inputs
        shape = f"numbers of shape {self._description.shape}"
        right = shape if start is None else f"a whole number from {start} to {start + numbers - 1}"
        return self.failed(place, f"gave an observation that is not in its space, {what}: should be {right}")

    def raised(self, place: int, error: Exception) -> MemberFailed:
        """The environment of this place has raised an error."""
        return self.failed(place, f"raised {type(error).__name__}: {' '.join(str(error).split())}")

    def failed(self, place: int | np.intp, what: str) -> MemberFailed:
        """The environment of this place can't be used any further."""
        step = int(self._steps[place])
        when = f"in step {step:,}" if step else "at the beginning"
        whose = f"{when} of the episode of seed {self._seeds[place]}"
        reason = f"environment: {self._description.environment} {what} ({whose})"
        return MemberFailed(int(place) // self._in_a_row, reason)


def _stacked(seen: Sequence[Any] | NDArray[np.generic]) -> NDArray[np.generic] | None:
    """Observations as one array; None where they are of several shapes, or not of numbers."""
    try:
        stacked = np.asarray(seen)
    except ValueError:
        return None
    return stacked if stacked.dtype.kind in "biuf" else None


def _shown(observation: NDArray[np.generic]) -> str:
    return _in_a_line(np.array2string(observation, threshold=8, edgeitems=3, precision=3))


def _in_a_line(what: Any) -> str:
    return textwrap.shorten(str(what), 120, placeholder=" ...")
