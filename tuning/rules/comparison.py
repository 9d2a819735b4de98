"""What two configurations differ by, as far as the scores of their seeds tell. Pure: numbers in, numbers out.

A training that diverged has no score. It counts as the worst one that any training beside it had: to be sure, as it
loses or draws against all others, and not beyond, so that differences stay in the units of the score.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from tuning.rules import statistics
from tuning.rules.objective import Direction, cost, worst

Key = TypeVar("Key", bound=Hashable)

Sample = Sequence[float | None]
"""A score for each seed; None of a training that diverged or could not be trained."""


@dataclass(frozen=True)
class Estimate:
    """The score of a configuration: the interquartile mean over its seeds, with its 95 % interval.

    diverged: how many of its trainings have no score.
    """

    score: float
    low: float
    high: float
    diverged: int
    seeds: int


@dataclass(frozen=True)
class Difference:
    """One configuration's score less that of another.

    difference: of the interquartile means, with its 95 % interval from low to high.
    towards: 1 where the one is better for certain, -1 where it is worse, 0 where they can't be told apart.
    improvement: the probability that a training of the one beats one of the other.
    """

    difference: float
    low: float
    high: float
    towards: int
    improvement: float


class Comparison(Generic[Key]):
    """The scores of several configurations, by which they are compared."""

    def __init__(self, samples: Mapping[Key, Sample], direction: Direction, seed: int) -> None:
        """samples: of each configuration. direction: of the score. seed: of the resampling."""
        self._samples = {
            key: [each if each is not None and math.isfinite(each) else None for each in sample]
            for key, sample in samples.items()
        }
        self._direction, self._seed = direction, seed
        self._known: dict[tuple[Key, Key, int], Difference] = {}
        """What has been computed, which takes milliseconds each."""
        finite = [each for sample in self._samples.values() for each in sample if each is not None]
        lowest = max(finite, key=lambda each: cost(each, direction), default=worst(direction))
        self._counted = {
            key: [lowest if each is None else each for each in sample] for key, sample in self._samples.items()
        }

    def estimate(self, key: Key) -> Estimate:
        """How good a configuration is."""
        counted = self._counted[key]
        low, high = statistics.interval(counted, self._seed)
        missing = sum(each is None for each in self._samples[key])
        return Estimate(statistics.interquartile_mean(counted), low, high, missing, len(counted))

    def cost(self, key: Key) -> float:
        """What configurations are put in order by: the smaller the better."""
        return cost(statistics.interquartile_mean(self._counted[key]), self._direction)

    def difference(self, key: Key, other: Key, among: int = 1) -> Difference:
        """By how much a configuration is better than another.

        among: of how many the one is the best, as far as it seems. One of several is better by chance more often than a
            single one, so that more is asked of it before it counts as better for certain (Bonferroni).
        """
        if (key, other, among) not in self._known:
            self._known[key, other, among] = self._difference(key, other, among)
        return self._known[key, other, among]

    def _difference(self, key: Key, other: Key, among: int) -> Difference:
        ours, theirs = self._counted[key], self._counted[other]
        gap = statistics.interquartile_mean(ours) - statistics.interquartile_mean(theirs)
        low, high = statistics.difference_interval(ours, theirs, self._seed)
        confidence = 1 - (1 - statistics.CONFIDENCE) / among
        surely = (low, high) if among == 1 else statistics.difference_interval(ours, theirs, self._seed, confidence)
        enough = min(len(ours), len(theirs)) >= statistics.FEWEST_SEEDS
        sign = 0 if not enough else 1 if surely[0] > 0 else -1 if surely[1] < 0 else 0
        return Difference(
            0.0 if math.isnan(gap) else gap,
            low,
            high,
            sign if self._direction == "maximize" else -sign,
            statistics.probability_of_improvement(self._samples[key], self._samples[other], self._direction),
        )

    def more_seeds(self, key: Key, other: Key) -> int | None:
        """How many more seeds each of two might take to be told apart; None where no sensible number would."""
        one, two = self._samples[key], self._samples[other]
        found = [statistics.more_seeds(first, second, self._direction) for first, second in ((one, two), (two, one))]
        return next((each for each in found if each is not None), None)
