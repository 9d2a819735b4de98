"""Checks of what environments give. An error names the episode and the step, so that it can be reproduced."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.base import own_code, pulse
from trainables.base.member_failure import MemberFailed
from trainables.environments.description import Description
from trainables.environments.observations import NotInSpace, Space, as_numbers, row, same_numbers

LARGEST_REWARD = 1e30
"""The sum of larger ones may be more than float32 can hold."""


class EpisodeChecks:
    """Checks the observations and rewards of a grid, and knows which episode each of its places is in.

    Places are counted row by row; P of them are checked at a time.
    """

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description, self._in_a_row = description, episodes
        self._seeds = np.zeros(members * episodes, dtype=np.int64)
        self._steps = np.zeros(members * episodes, dtype=np.int64)
        self.place = 0
        """Whose environment is asked something."""

    def begin(self, places: NDArray[np.intp], seeds: NDArray[np.int64]) -> None:
        """Notes that episodes with these seeds begin in these places, both (P,)."""
        self._seeds[places], self._steps[places], self.place = seeds, 0, places[0]
        pulse.beat("environment.reset", self._where)

    def advance(self, places: NDArray[np.intp]) -> None:
        """Notes that a step is taken in these places (P,)."""
        self._steps[places] += 1
        self.place = places[0]
        pulse.beat("environment.step", self._where)

    def _where(self) -> tuple[int, str]:
        """The member that is asked, and where its episode stands."""
        step, seed = int(self._steps[self.place]), self._seeds[self.place]
        when = f"at step {step:,}" if step else "at the beginning"
        return int(self.place) // self._in_a_row, f"{when} of the episode of seed {seed}"

    def too_long(self, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of these places (M, E) have reached the most steps of an episode."""
        return where & (self._steps.reshape(where.shape) >= self._description.max_episode_steps)

    def inputs(self, places: NDArray[np.intp], seen: Sequence[Any] | NDArray[np.generic]) -> NDArray[np.float32]:
        """The observations (P, *shape) that these places (P,) gave, as inputs of a network (P, F).

        Raises MemberFailed if one has not the shape of the environment's space, is not a number in it, or is not
        finite.
        """
        with np.errstate(over="ignore"):
            # What single precision can't hold becomes infinite, and is found right after.
            encoded = self._read(places, seen)
        sound = np.isfinite(encoded).all(1)
        if not sound.all():
            first = int(np.argmin(sound))
            words = f"that is not finite, {_shown(encoded[first])}"
            if np.isinf(encoded[first]).any():
                words = f"that is infinite, or beyond the 3.4e38 of single precision, {_shown(encoded[first])}"
            raise self.failed(places[first], f"gave an observation {words}")
        return encoded

    def _read(self, places: NDArray[np.intp], seen: Sequence[Any] | NDArray[np.generic]) -> NDArray[np.float32]:
        if (space := self._description.flattened) is not None:
            return np.stack([self._row(space, place, each) for place, each in zip(places, seen, strict=True)])
        found = as_numbers(seen)
        if found is None or found.shape[1:] != self._description.shape:
            found = self._shaped(places, seen)
        if (start := self._description.one_hot_from) is not None:
            numbers = found.astype(np.float64, copy=False)
            known = (numbers >= start) & (numbers < start + self._description.inputs) & (numbers == np.floor(numbers))
            if not known.all():
                first = int(np.argmin(known))
                raise self._outside(places[first], str(found[first]))
        return self._description.encoded(found)

    def _row(self, space: Space, place: np.intp, seen: Any) -> NDArray[np.float32]:
        try:
            return row(space, seen)
        except NotInSpace as misfit:
            raise self.failed(place, f"gave an observation that is not in its space, {misfit}") from misfit

    def require_finite(self, places: NDArray[np.intp], rewards: NDArray[np.float64]) -> None:
        """Raises MemberFailed if one of the rewards (P,) of these places (P,) is NaN, infinite or nearly so."""
        sound = np.abs(rewards) <= LARGEST_REWARD
        if not sound.all():
            first = int(np.argmin(sound))
            what = f"that is larger than {LARGEST_REWARD:g}" if np.isfinite(rewards[first]) else "that is not finite"
            raise self.failed(places[first], f"gave a reward {what}, {rewards[first]}")

    def _shaped(self, places: NDArray[np.intp], seen: Sequence[Any] | NDArray[np.generic]) -> NDArray[np.generic]:
        """Observations in the shape of their space, from which they may differ in axes of length 1."""
        shape, shaped = self._description.shape, []
        for place, each in zip(places, seen, strict=True):
            found = as_numbers(each)
            if found is None:
                raise self._outside(place, _in_a_line(each))
            if not same_numbers(found.shape, shape):
                raise self._outside(place, f"of shape {found.shape}")
            shaped.append(found.reshape(shape))
        return np.stack(shaped)

    def _outside(self, place: np.intp, what: str) -> MemberFailed:
        start, numbers = self._description.one_hot_from, self._description.inputs
        shape = f"numbers of shape {self._description.shape}"
        right = shape if start is None else f"a whole number from {start} to {start + numbers - 1}"
        return self.failed(place, f"gave an observation that is not in its space, {what}: should be {right}")

    def raised(self, place: int, error: BaseException) -> MemberFailed:
        """The failure of a place whose environment has raised an error."""
        return self.failed(place, f"raised {own_code.told(error)}")

    def failed(self, place: int | np.intp, what: str) -> MemberFailed:
        """The failure of a place whose environment can't be used any further; what: it did."""
        step = int(self._steps[place])
        when = f"in step {step:,}" if step else "at the beginning"
        whose = f"{when} of the episode of seed {self._seeds[place]}"
        reason = f"environment: {self._description.environment} {what} ({whose})"
        return MemberFailed(int(place) // self._in_a_row, reason)


def _shown(observation: NDArray[np.generic]) -> str:
    return _in_a_line(np.array2string(observation, threshold=8, edgeitems=3, precision=3))


def _in_a_line(what: Any) -> str:
    return textwrap.shorten(str(what), 120, placeholder=" ...")
