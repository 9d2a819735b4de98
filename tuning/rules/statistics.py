"""What scores on fresh seeds show, and how sure that is. Pure: numbers in, numbers out.

Interquartile means with bootstrap intervals, and the probability of improvement, after Agarwal et al. (2021), "Deep
Reinforcement Learning at the Edge of the Statistical Precipice".

A training that diverged has no value, and is never left out: it counts as the worst that was seen (`counted`).
While at most a quarter of a configuration's trainings diverged, they are among the values that an interquartile mean
cuts off. With more of them the mean itself gets worse, and the configuration can't be the champion.

SciPy's bootstrap and trim_mean give the same intervals to four digits and more, and take three times as long; they have
no mean that is exact for equal values, and none of infinite ones (docs/findings.md).

Letters in shapes: N values of a sample, R resamples.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from tuning.rules.objective import Direction, cost, worst

Floats = NDArray[np.float64]

RESAMPLES = 10_000
"""Samples drawn for an interval. From seed to seed its ends move by about a hundredth of its width."""

FEWEST_SEEDS = 5
"""With fewer values nothing is said to differ, since a bootstrap interval of few values is too narrow. Of two equal
configurations one seems better one time in five with three values each, one time in twenty with five."""

MOST_SEEDS = 1_000
"""A difference that more seeds than these would be needed to show does not matter."""

CONFIDENCE, POWER = 0.95, 0.8


def counted(
    samples: Mapping[int, Sequence[float | None]], direction: Direction, seen: Iterable[float] = ()
) -> dict[int, list[float]]:
    """The values of all configurations, where a missing one and one that is not finite count as the worst ever seen.

    That is a value that was possible, so that no mean and no interval lies outside of what is. Where these
    configurations themselves have nothing worse, and nothing else was seen, it is put beyond their worst value by the
    distance from there to their best. Where no value is finite, all are infinitely bad.

    samples: the values of each.
    direction: of the metric.
    seen: other values of the metric, such as those of earlier trainings, or of who has learnt nothing.
    """
    finite = [value for values in samples.values() for value in values if _is_finite(value)]
    beyond = worst(direction)
    if finite:
        others = [value for value in seen if math.isfinite(value)]
        low, high = min([*finite, *others]), max([*finite, *others])
        spread = 0.0 if others else high - low or max(1.0, abs(low))
        beyond = low - spread if direction == "maximize" else high + spread
    return {number: _completed(values, beyond) for number, values in samples.items()}


def far_outside(value: float, sample: Sequence[float | None]) -> bool:
    """Whether a value is beyond all of a sample, and so far that it can hardly measure the same.

    Far: more than three standard deviations of the sample from its mean, and more than half the size of the larger of
    the two. Of fewer than five finite values nothing is said.
    """
    finite = [each for each in sample if _is_finite(each)]
    if len(finite) < FEWEST_SEEDS or min(finite) <= value <= max(finite):
        return False
    mean = float(np.mean(finite))
    return abs(value - mean) > max(3 * float(np.std(finite, ddof=1)), max(abs(value), abs(mean)) / 2)


def interquartile_mean(values: Sequence[float]) -> float:
    """The mean without the N // 4 lowest and the N // 4 highest values.

    Equal to scipy.stats.trim_mean(values, 0.25). Of three values or fewer it is the mean.
    """
    return float(_interquartile_means(_sample(values)))


def interval(values: Sequence[float], seed: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Where the interquartile mean over all possible seeds should lie: a percentile bootstrap interval.

    The 95 % interval holds the truth for 91 % of samples of five normal values, 94 % of ten, 95 % of twenty. A single
    value says nothing about others: the interval of one is from minus to plus infinity.

    values: a score for each seed.
    seed: of the resampling.
    confidence: how often the interval should hold the truth.
    """
    sample = _sample(values)
    if len(sample) == 1:
        return -math.inf, math.inf
    return _middle(_resampled(sample, np.random.default_rng(seed)), confidence)


def difference_interval(
    x: Sequence[float], y: Sequence[float], seed: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Where the interquartile mean of x less that of y should lie, for two independent samples, as in `interval`.

    Two means that are infinitely bad do not differ.
    """
    first, second = _sample(x), _sample(y)
    if min(len(first), len(second)) == 1:
        return -math.inf, math.inf
    random = np.random.default_rng(seed)
    left, right = _resampled(first, random), _resampled(second, random)
    return _middle(np.subtract(left, right, out=np.zeros_like(left), where=left != right), confidence)


def probability_of_improvement(x: Iterable[float | None], y: Iterable[float | None], direction: Direction) -> float:
    """How probable it is that a training of x beats one of y: P(X > Y) + P(X = Y) / 2, so 0.5 means no improvement.

    It is the share of all pairs: the Mann-Whitney U statistic over its largest value. A training that diverged loses
    against every training that has not.
    """
    ours, theirs = (_sample(_completed(values, worst(direction))) for values in (x, y))
    pairs = ours[:, np.newaxis], theirs[np.newaxis, :]
    wins = np.greater(*pairs) if direction == "maximize" else np.less(*pairs)
    return float(np.mean(wins + 0.5 * np.equal(*pairs)))


@dataclass(frozen=True)
class Verdict:
    """Which configuration is best, as far as the evidence carries it.

    champion: the leader, if it can be told apart from every other configuration.
    leader: the configuration with the best interquartile mean; among equals the one whose interval has the better worse
        end, then the one that `preferred` puts first, then the lowest number.
    tied: those that can't be told apart from the leader.
    more_seeds: how many more for each configuration might tell; 0 where none are needed, None where no sensible number
        would.
    """

    champion: int | None
    leader: int
    tied: tuple[int, ...]
    more_seeds: int | None


def verdict(
    candidates: Mapping[int, Sequence[float | None]],
    direction: Direction,
    seed: int,
    seen: Iterable[float] = (),
    preferred: Mapping[int, float] | None = None,
    looks: int = 1,
) -> Verdict:
    """What the values of all configurations come to.

    Two configurations are told apart where the 95 % interval of their difference excludes 0. The champion must be told
    apart from every other one, so no correction for their number is needed. A leader of whose trainings more than a
    quarter diverged is no champion either.

    candidates: number of the configuration -> a value for each seed, None of a training that diverged.
    direction: of the metric.
    seed: of the resampling.
    seen: other values of the metric, as of `counted`.
    preferred: of configurations another value in the same direction, such as their mean over the whole training.
    looks: how often growing samples are asked in all; each time with as much more confidence (Bonferroni).
    """
    samples = counted({number: candidates[number] for number in sorted(candidates)}, direction, seen)
    beside = preferred or {}

    def place(number: int) -> tuple[float, float, float]:
        low, high = interval(samples[number], seed)
        end = low if direction == "maximize" else high
        also = beside.get(number, worst(direction))
        return cost(interquartile_mean(samples[number]), direction), cost(end, direction), cost(also, direction)

    leader = min(samples, key=place)
    others = [number for number in samples if number != leader]
    tied = tuple(each for each in others if not _beats(samples[leader], samples[each], direction, seed, looks))
    return Verdict(
        champion=None if tied or _diverges(candidates[leader]) else leader,
        leader=leader,
        tied=tied,
        more_seeds=_most([more_seeds(candidates[leader], candidates[each], direction) for each in tied]),
    )


def of_looks(looks: int) -> float:
    """The confidence of each of several looks that together are wrong no more often than one."""
    return 1 - (1 - CONFIDENCE) / looks


def _beats(x: Sequence[float], y: Sequence[float], direction: Direction, seed: int, looks: int) -> bool:
    if min(len(x), len(y)) < FEWEST_SEEDS:
        return False
    low, high = difference_interval(x, y, seed, of_looks(looks))
    return low > 0 if direction == "maximize" else high < 0


def more_seeds(x: Sequence[float | None], y: Sequence[float | None], direction: Direction) -> int | None:
    """How many more seeds x and y need each for x to be told from y four times in five, if they are as they seem.

    None where no sensible number would tell, or where x is not the better one.

    Noether (1987), "Sample Size Determination for Some Common Nonparametric Tests", for two samples of n values each:
    n = (z_confidence + z_power)**2 / (6 (p - 1/2)**2), with p the probability of improvement. That is at least 6, so
    never fewer than FEWEST_SEEDS.
    """
    lead = probability_of_improvement(x, y, direction) - 0.5
    normal = NormalDist()
    scale = (normal.inv_cdf((1 + CONFIDENCE) / 2) + normal.inv_cdf(POWER)) ** 2 / 6
    if lead <= 0 or scale / lead**2 > MOST_SEEDS:
        return None
    return max(1, math.ceil(scale / lead**2) - min(len(x), len(y)))


def _most(counts: Sequence[int | None]) -> int | None:
    """The largest, which is enough for all; None if no number is enough for one of them."""
    known = [count for count in counts if count is not None]
    return max(known, default=0) if len(known) == len(counts) else None


def _is_finite(value: float | None) -> TypeGuard[float]:
    return value is not None and math.isfinite(value)


def _completed(values: Iterable[float | None], otherwise: float) -> list[float]:
    return [value if _is_finite(value) else otherwise for value in values]


def _diverges(values: Sequence[float | None]) -> bool:
    """Whether so many diverged that the interquartile mean includes some of them."""
    return sum(not _is_finite(value) for value in values) > len(values) // 4


def _sample(values: Sequence[float]) -> Floats:
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0 or np.isnan(sample).any():
        raise ValueError("should be one number or more, none of them NaN: see counted")
    return sample


def _interquartile_means(values: Floats) -> Floats:
    """Over the last axis: (..., N) -> (...)."""
    cut, size = values.shape[-1] // 4, values.shape[-1]
    middle = np.sort(values)[..., cut : size - cut]
    # Rounding may put the mean of equal values beside them, so that equal samples of different sizes would differ.
    means: Floats = np.clip(middle.mean(axis=-1), middle[..., 0], middle[..., -1])
    return means


def _resampled(sample: Floats, random: np.random.Generator) -> Floats:
    """The interquartile means of samples that are drawn from this one with replacement: (N,) -> (R,)."""
    return _interquartile_means(sample[random.integers(len(sample), size=(RESAMPLES, len(sample)))])


def _middle(resampled: Floats, confidence: float) -> tuple[float, float]:
    """The ends of the middle share of the means (R,)."""
    ordered, cut = np.sort(resampled), int((1 - confidence) / 2 * len(resampled))
    return float(ordered[cut]), float(ordered[-1 - cut])
