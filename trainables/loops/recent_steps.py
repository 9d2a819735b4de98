"""Steps of each member's last batches of episodes, that its policy and its baseline are looked at with.

Axis letters: M members, N steps of one member, F features, S steps kept.
"""

import numpy as np
from numpy.typing import NDArray

from trainables.loops import instruments
from trainables.loops.episodes import Steps

MOST_OF_A_BATCH = 32
"""The most steps that are kept of one batch, so that many batches have a say."""


class RecentSteps:
    """As many steps of each batch as it has episodes, evenly spaced, of as many batches as there is room for."""

    def __init__(self, members: int, batch_size: int, inputs: int) -> None:
        """Nothing is kept yet.

        batch_size: complete episodes in a batch, each of a step or more.
        inputs: F.
        """
        self._each = min(batch_size, MOST_OF_A_BATCH)
        self._places = max(1, instruments.samples(inputs) // self._each)
        self._observations = np.zeros((members, self._places, self._each, inputs), dtype=np.float32)
        self._returns = np.zeros((members, self._places, self._each), dtype=np.float32)
        self._batches = np.zeros(members, dtype=np.int64)

    def add(self, steps: Steps, going: NDArray[np.bool_]) -> None:
        """Keeps some steps of a batch of the members that go on."""
        last = steps.valid.sum(1)[going, None] - 1
        chosen, rows = np.rint(np.linspace(0, 1, self._each) * last).astype(np.int64), np.flatnonzero(going)
        places = self._batches[going] % self._places
        self._observations[rows, places] = steps.observations[rows[:, None], chosen]
        self._returns[rows, places] = steps.returns[rows[:, None], chosen]
        self._batches += going

    def take(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Observations (M, S, F) and returns (M, S) since the last call, and which members have any (M,).

        S is always the same: a member that has fewer shows them several times.
        """
        members, _, _, inputs = self._observations.shape
        kept = np.minimum(self._batches, self._places) * self._each
        size = self._places * self._each
        chosen = np.arange(size) * kept[:, None] // size
        self._batches = np.zeros_like(self._batches)
        rows = np.arange(members)[:, None]
        observations = self._observations.reshape(members, size, inputs)[rows, chosen]
        return observations, self._returns.reshape(members, size)[rows, chosen], kept > 0
