"""Random numbers that belong to a member: functions of its seed, a purpose and a position, and of nothing else.

So a member draws the same numbers alone as in a pack, and no generator's state has to be saved: a position is enough.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

LARGEST_BLOCK, NUMBERS_IN_BLOCK = 512, 2**16
"""How many positions are drawn at once, at most; fewer if each takes many numbers."""


class Purpose(IntEnum):
    """What a stream is for. Streams of the same seed and different purposes are independent."""

    WEIGHTS = 0
    EPISODES = 1
    ACTIONS = 2
    SAMPLING = 3
    EVALUATION = 4
    DROPOUT = 5


def integer(seed: int, purpose: Purpose) -> int:
    """An integer below 2**63 that belongs to a seed and a purpose."""
    return int(np.random.SeedSequence([seed, int(purpose)]).generate_state(1, np.uint64)[0] >> 1)


class Uniforms:
    """The streams of a pack: at each position of each member, some numbers uniform in [0, 1)."""

    def __init__(self, seeds: Sequence[int], purpose: Purpose, width: int) -> None:
        """Nothing is drawn yet.

        seeds: one for each member.
        purpose: what the numbers are for.
        width: how many numbers there are at each position.
        """
        self._seeds, self._purpose, self._width = list(seeds), purpose, width
        self._positions = max(1, min(LARGEST_BLOCK, NUMBERS_IN_BLOCK // width))
        self._block = np.full(len(self._seeds), -1, dtype=np.int64)
        self._drawn = np.empty((len(self._seeds), self._positions, width))
        self._rows = np.arange(len(self._seeds))

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """The numbers (M, width) at a position of each member; positions: (M,)."""
        blocks = positions // self._positions
        for member in np.flatnonzero(blocks != self._block):
            entropy = [self._seeds[member], int(self._purpose), int(blocks[member])]
            generator = np.random.Generator(np.random.Philox(np.random.SeedSequence(entropy)))
            self._drawn[member] = generator.random((self._positions, self._width))
            self._block[member] = blocks[member]
        return self._drawn[self._rows, positions % self._positions]


TRAINING, SEARCH_EVALUATION, CONFIRMATION = (0, 2**30), (2**30, 2**29), (3 * 2**29, 2**29)
"""Disjoint ranges of episode seeds, each (first, count): for training, for scores in the search, for confirmation."""


def episode_seeds(uniforms: NDArray[np.float64], seeds: tuple[int, int]) -> NDArray[np.int64]:
    """Episode seeds from one of the three ranges, by numbers uniform in [0, 1)."""
    first, count = seeds
    return first + (uniforms * count).astype(np.int64)


def evaluation_seeds(seed: int, episodes: int, seeds: tuple[int, int] = SEARCH_EVALUATION) -> NDArray[np.int64]:
    """The seeds (episodes,) that every member of a study is scored on, so that none has luck with its episodes.

    They are consecutive, so that an environment can cover its cases in turn.

    seed: `evaluation_seed` of the config.
    episodes: how many seeds.
    seeds: the range that they come from.
    """
    first, count = seeds
    drawn = Uniforms([seed], Purpose.EVALUATION, 1).at(np.zeros(1, dtype=np.int64))[0]
    return episode_seeds(drawn, (first, count - episodes + 1)) + np.arange(episodes)
