"""What complete episodes come to: returns, their running deviation, and the steps of each member without gaps.

Axis letters: M members, E episodes side by side, T time, N steps of one member, F features.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainables.environments import Moment

Floats = NDArray[np.float64]

NEGLIGIBLE = 1e-6
"""Share of the mean up to which a deviation is taken for rounding."""


def returns_to_go(rewards: Floats, gamma: Floats) -> Floats:
    """The discounted return from each step on: G_t = r_t + gamma * G_t+1.

    rewards: (M, E, T), zero after an episode's end; gamma: (M,). Returns (M, E, T).
    """
    returns = np.empty_like(rewards)
    following = np.zeros(rewards.shape[:2])
    for time in reversed(range(rewards.shape[2])):
        following = rewards[:, :, time] + gamma[:, None] * following
        returns[:, :, time] = following
    return returns


class Steps(NamedTuple):
    """The steps of a batch of episodes, those of each member one after the other and zeros behind the last.

    observations: (M, N, F); actions, returns and valid, 1 of a step and 0 behind the last: (M, N).
    """

    observations: NDArray[np.float32]
    actions: NDArray[np.int64]
    returns: NDArray[np.float32]
    valid: NDArray[np.float32]


def counted(moments: Sequence[Moment]) -> NDArray[np.int64]:
    """(M,), how many steps each member has taken in all its episodes."""
    return np.asarray(sum(moment.active.sum(1) for moment in moments))


def flattened(moments: Sequence[Moment], returns: Floats, length: int) -> Steps:
    """The steps of episodes played side by side, without those of places that idled; N is `length`.

    returns: (M, E, T). Learnt from so, a batch costs what its steps cost, however long its longest episode is.
    """
    active = np.stack([moment.active for moment in moments])
    # Of each step, in the order time, member, episode, whose it is; a stable sort keeps a member's own order.
    order = np.argsort(np.nonzero(active)[1], kind="stable")
    filled = np.arange(length) < counted(moments)[:, None]

    def flat(arrays: Iterable[NDArray[Any]]) -> NDArray[Any]:
        steps = np.concatenate([array[moment.active] for array, moment in zip(arrays, moments, strict=True)])
        rows = np.zeros((*filled.shape, *steps.shape[1:]), dtype=steps.dtype)
        rows[filled] = steps[order]
        return rows

    return Steps(
        flat(moment.observations for moment in moments),
        flat(moment.actions for moment in moments),
        flat(np.moveaxis(returns, -1, 0)).astype(np.float32),
        filled.astype(np.float32),
    )


@dataclass
class Deviation:
    """The running mean and deviation of all values that each member has shown; every array (M,).

    Batches are joined after Chan, Golub and LeVeque, 1979, "Updating formulae and a pairwise algorithm".
    """

    count: Floats
    mean: Floats
    squares: Floats
    """Sum of squared distances from the mean."""

    @classmethod
    def of(cls, members: int) -> "Deviation":
        """Of members that have shown nothing yet."""
        return cls(np.zeros(members), np.zeros(members), np.zeros(members))

    def add(self, values: NDArray[np.floating], valid: NDArray[np.floating]) -> None:
        """values and valid, 1 where there is a value and 0 elsewhere: (M, N)."""
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
        """The deviation (M,); 1 where there is none, so that anything can be divided by it."""
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
