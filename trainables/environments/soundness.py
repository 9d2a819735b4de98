"""What an environment may not give, said with the episode and the step in which it did."""

import numpy as np
from numpy.typing import NDArray

from trainables.environments.description import Description
from trainables.faults import MemberFailed


class Episodes:
    """Which episodes the places of a grid are in, so that one that breaks can be begun again by hand."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._name, self._in_a_row, self._longest = description.environment, episodes, description.max_episode_steps
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
        return where & (self._steps.reshape(where.shape) >= self._longest)

    def require_finite(
        self, places: NDArray[np.intp], observations: NDArray[np.generic], rewards: NDArray[np.float64] | None = None
    ) -> None:
        """observations: (places, ...), as the places gave them; rewards: (places,), None after a reset.

        Raises MemberFailed where a number is NaN or infinite.
        """
        sound = np.isfinite(observations).reshape(len(places), -1).all(1)
        if not sound.all():
            first = int(np.argmin(sound))
            raise self.failed(places[first], f"gave an observation that is not finite, {_shown(observations[first])}")
        if rewards is not None and not np.isfinite(rewards).all():
            first = int(np.argmin(np.isfinite(rewards)))
            raise self.failed(places[first], f"gave a reward that is not finite, {rewards[first]}")

    def raised(self, place: int, error: Exception) -> MemberFailed:
        """The environment of this place has raised an error."""
        return self.failed(place, f"raised {type(error).__name__}: {' '.join(str(error).split())}")

    def failed(self, place: int | np.intp, what: str) -> MemberFailed:
        """The environment of this place can't be used any further."""
        step = int(self._steps[place])
        when = f"in step {step:,}" if step else "at the beginning"
        reason = f"environment: {self._name} {what} ({when} of the episode of seed {self._seeds[place]})"
        return MemberFailed(int(place) // self._in_a_row, reason)


def _shown(observation: NDArray[np.generic]) -> str:
    shown = np.array2string(observation, threshold=8, edgeitems=3, precision=3)
    return " ".join(shown.split())
