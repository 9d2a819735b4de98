"""Random numbers that belong to a member: functions of its seed, a purpose and a position, nothing else.

So a member draws the same numbers alone and in a pack, and there is no state of a generator to save: a position is.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

LARGEST_BLOCK, NUMBERS_IN_BLOCK = 512, 2**16
"""Positions drawn at once, and fewer where each takes many numbers."""


class Purpose(IntEnum):
    """What a stream is for; streams of one seed with different purposes are independent."""

    WEIGHTS = 0
    EPISODES = 1
    ACTIONS = 2
    SAMPLING = 3
    EVALUATION = 4
    DROPOUT = 5


def integer(seed: int, purpose: Purpose) -> int:
    """One integer below 2**63 of a seed's own."""
    return int(np.random.SeedSequence([seed, int(purpose)]).generate_state(1, np.uint64)[0] >> 1)


class Uniforms:
    """At each position of each member, `width` numbers uniform in [0, 1)."""

    def __init__(self, seeds: Sequence[int], purpose: Purpose, width: int) -> None:
        self._seeds, self._purpose, self._width = list(seeds), purpose, width
        self._positions = max(1, min(LARGEST_BLOCK, NUMBERS_IN_BLOCK // width))
        self._block = np.full(len(self._seeds), -1, dtype=np.int64)
        self._drawn = np.empty((len(self._seeds), self._positions, width))
        self._rows = np.arange(len(self._seeds))

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """positions: (M,), one of each member. Returns (M, width)."""
        blocks = positions // self._positions
        for member in np.flatnonzero(blocks != self._block):
            entropy = [self._seeds[member], int(self._purpose), int(blocks[member])]
            generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
            self._drawn[member] = generator.random((self._positions, self._width))
            self._block[member] = blocks[member]
        return self._drawn[self._rows, positions % self._positions]


TRAINING, SEARCH_EVALUATION, CONFIRMATION = (0, 2**30), (2**30, 2**29), (3 * 2**29, 2**29)
"""Disjoint ranges of episode seeds, (first, how many): trained on, scored on in the search, scored on to confirm."""


def episode_seeds(uniforms: NDArray[np.float64], seeds: tuple[int, int]) -> NDArray[np.int64]:
    """Seeds of episodes out of one of the three ranges, from numbers uniform in [0, 1)."""
    first, count = seeds
    return first + (uniforms * count).astype(np.int64)


def evaluation_seeds(seed: int, episodes: int, seeds: tuple[int, int] = SEARCH_EVALUATION) -> NDArray[np.int64]:
    """The (episodes,) seeds that every member of a study is scored on, so that none is lucky with its episodes.

    They follow each other, so that an environment can have them cover its cases in turn.
    """
    first, count = seeds
    drawn = Uniforms([seed], Purpose.EVALUATION, 1).at(np.zeros(1, dtype=np.int64))[0]
    return episode_seeds(drawn, (first, count - episodes + 1)) + np.arange(episodes)
