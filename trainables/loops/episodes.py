"""What complete episodes come to: returns, their running deviation, and the steps of each member without gaps.

Axis letters: M members, E episodes side by side, T time, N steps of one member, F features.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainables.environments import GridStep

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-6
"""The share of the mean up to which a deviation is taken for rounding."""


def returns_to_go(rewards: Floats, gammas: Floats) -> Floats:
    """The discounted return from each step on, G_t = r_t + gamma G_t+1.

    rewards: (M, E, T), zero after an episode's end. gammas: (M,). Returns (M, E, T).
    """
    returns = np.empty_like(rewards)
    following = np.zeros(rewards.shape[:2])
    for time in reversed(range(rewards.shape[2])):
        following = rewards[:, :, time] + gammas[:, None] * following
        returns[:, :, time] = following
    return returns


class Steps(NamedTuple):
    """The steps of a batch of episodes, those of each member one after the other, with zeros behind the last.

    observations: (M, N, F).
    choices: (M, N, *axes of the actions).
    returns: (M, N).
    valid: (M, N), 1 for a step and 0 behind the last.
    """

    observations: NDArray[np.float32]
    choices: NDArray[Any]
    returns: NDArray[np.float32]
    valid: NDArray[np.float32]


def counted(steps: Sequence[GridStep]) -> NDArray[np.int64]:
    """(M,), how many steps each member has taken in all its episodes."""
    return np.asarray(sum(step.active.sum(1) for step in steps))


def flattened(steps: Sequence[GridStep], returns: Floats, length: int) -> Steps:
    """The steps of episodes that were played side by side, without the places that idled.

    So a batch costs as much to learn from as it has steps, however long its longest episode is.

    steps: those of the grid, in order.
    returns: (M, E, T).
    length: N, at least the most steps of a member.
    """
    active = np.stack([step.active for step in steps])
    # Steps come in the order time, member, episode. The stable sort by member keeps each member's own order.
    order = np.argsort(np.nonzero(active)[1], kind="stable")
    filled = np.arange(length) < counted(steps)[:, None]

    def flat(arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
        taken = np.concatenate([array[step.active] for array, step in zip(arrays, steps, strict=True)])
        rows = np.zeros((*filled.shape, *taken.shape[1:]), dtype=taken.dtype)
        rows[filled] = taken[order]
        return rows

    return Steps(
        flat(step.observations for step in steps),
        flat(step.choices for step in steps),
        flat(np.moveaxis(returns, -1, 0)).astype(np.float32),
        filled.astype(np.float32),
    )


@dataclass
class Deviation:
    """The running mean and deviation of all values that each member has shown.

    Batches are joined as by Chan, Golub and LeVeque, 1979, "Updating formulae and a pairwise algorithm".

    count: (M,), how many values.
    mean: (M,).
    squares: (M,), the sum of squared distances from the mean.
    """

    count: Floats
    mean: Floats
    squares: Floats

    @classmethod
    def of(cls, members: int) -> "Deviation":
        """Of members that have shown nothing yet."""
        return cls(np.zeros(members), np.zeros(members), np.zeros(members))

    def add(self, values: NDArray[np.floating], valid: NDArray[np.floating]) -> None:
        """Takes in values (M, N); valid: (M, N), 1 where there is a value and 0 elsewhere."""
        more = valid.sum(1, dtype=np.float64)
        count = self.count + more
        mean = (values * valid).sum(1, dtype=np.float64) / np.maximum(more, 1)
        squares = (valid * (values - mean[:, None]) ** 2).sum(1)
        apart = mean - self.mean
        share = more / np.maximum(count, 1)
        self.mean = self.mean + apart * share
        self.squares = self.squares + squares + apart**2 * self.count * share
        self.count = count

    def scale(self) -> Floats:
        """The deviation (M,), but 1 where it is negligible, so that anything can be divided by it."""
        deviation = np.sqrt(self.squares / np.maximum(self.count, 1))
        return np.where(deviation > NEGLIGIBLE * np.abs(self.mean), deviation, 1.0)

    def member(self, index: int) -> dict[str, float]:
        """What one member has shown, as plain numbers."""
        return {
            "count": float(self.count[index]),
            "mean": float(self.mean[index]),
            "squares": float(self.squares[index]),
        }

    @classmethod
    def join(cls, members: Sequence[dict[str, float]]) -> "Deviation":
        """Of members as `member` gives them."""
        return cls(*(np.array([each[name] for each in members]) for name in ("count", "mean", "squares")))
