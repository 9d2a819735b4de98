"""Which configuration to use, whether or not one is told apart from all others. Pure: numbers in, numbers out.

A search ends in one of four ways:

champion: one is better than all others by more than chance.
equals: the best can't be told apart, and their differences are within a margin that does not matter; one of them is to
    be used.
undecided: the best can't be told apart, and might differ by more than the margin; more seeds would tell.
no winner: the search has found nothing that is better than its default by more than chance, or the leader diverges on
    too many seeds.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tuning.rules import statistics
from tuning.rules.objective import Direction, cost
from tuning.rules.statistics import FEWEST_SEEDS, MOST_SEEDS, Verdict

Kind = Literal["champion", "equals", "undecided", "no winner"]

Reason = Literal["worst end", "spread", "seconds", "number"]
"""What decides among equals: the worse end of their intervals, their spread over seeds, what they cost, nothing."""

MARGIN = 0.02
"""Of the way from the default to the best: a smaller difference does not matter in practice."""


@dataclass(frozen=True)
class Choice:
    """What to use.

    kind: how the search has ended.
    use: the configuration to use, the default where there is no winner and the default leads.
    equals: those that are as good as the leader, the one to use first; of any other kind the one to use alone.
    margin: how far apart they may lie.
    reason: what the one to use has before its equals; None of any other kind.
    more_seeds: of an undecided search, how many more for each configuration might decide it; None where no sensible
        number would.
    """

    kind: Kind
    use: int
    equals: tuple[int, ...]
    margin: float
    reason: Reason | None = None
    more_seeds: int | None = None


def choice(
    samples: Mapping[int, Sequence[float]],
    found: Verdict,
    direction: Direction,
    seed: int,
    default: int | None = None,
    base: float | None = None,
    seconds: Mapping[int, float] | None = None,
) -> Choice:
    """What to use of some configurations.

    samples: a value of each for every seed, as `statistics.counted` makes them.
    found: what `statistics.verdict` says of them.
    direction: of the metric.
    seed: of the resampling.
    default: the default configuration, if it is among them.
    base: what the best is held against where the default is not among them, such as the value of a trivial answer.
    seconds: what a training of each costs.
    """
    means = {number: statistics.interquartile_mean(values) for number, values in samples.items()}
    leader = found.leader
    below = means[default] if default is not None else base
    margin = 0.0 if below is None or not math.isfinite(below) else MARGIN * abs(means[leader] - below)
    if found.champion is not None:
        return Choice("champion", leader, (leader,), margin)
    if not found.tied or default == leader or default in found.tied:
        return Choice("no winner", leader, (leader,), margin)
    apart = [each for each in found.tied if not _equal(samples[leader], samples[each], margin, seed)]
    if apart:
        return Choice(
            "undecided", leader, (leader,), margin, None, _more_seeds(samples, leader, apart, margin, direction, seed)
        )
    ordered, reason = _ordered([leader, *found.tied], samples, direction, seed, seconds or {})
    return Choice("equals", ordered[0], tuple(ordered), margin, reason)


def _equal(x: Sequence[float], y: Sequence[float], margin: float, seed: int) -> bool:
    """Whether all of the 95 % interval of their difference lies within the margin.

    A test of equivalence by two one-sided tests at 2.5 % each (Schuirmann, 1987). Whoever looks several times has more
    chances to call two equal that differ by a little more than the margin; that costs little more than the margin, so
    that no more is asked of a race.
    """
    if min(len(x), len(y)) < FEWEST_SEEDS:
        return False
    low, high = statistics.difference_interval(x, y, seed)
    return -margin <= low and high <= margin


def _ordered(
    equals: Sequence[int],
    samples: Mapping[int, Sequence[float]],
    direction: Direction,
    seed: int,
    seconds: Mapping[int, float],
) -> tuple[list[int], Reason]:
    """Equals, the one to use first, and what it has before the second."""

    def merits(number: int) -> tuple[float, float, float, int]:
        values = samples[number]
        low, high = statistics.interval(values, seed)
        end = cost(low if direction == "maximize" else high, direction)
        return end, max(values) - min(values), seconds.get(number, 0.0), number

    ordered = sorted(equals, key=merits)
    reasons: tuple[Reason, ...] = ("worst end", "spread", "seconds", "number")
    first, second = (merits(number) for number in ordered[:2])
    return ordered, next(reason for reason, one, other in zip(reasons, first, second, strict=True) if one != other)


def _more_seeds(
    samples: Mapping[int, Sequence[float]],
    leader: int,
    others: Sequence[int],
    margin: float,
    direction: Direction,
    seed: int,
) -> int | None:
    """How many more seeds might tell the leader from all others, or show that they are equal."""
    needed = []
    for other in others:
        x, y = samples[leader], samples[other]
        either = [statistics.more_seeds(x, y, direction), _more_to_be_equal(x, y, margin, seed)]
        known = [count for count in either if count is not None]
        if not known:
            return None
        needed.append(min(known))
    return max(needed)


def _more_to_be_equal(x: Sequence[float], y: Sequence[float], margin: float, seed: int) -> int | None:
    """How many more seeds would bring the interval of their difference within the margin, if they are as they seem.

    Its width falls with the square root of their number.
    """
    low, high = statistics.difference_interval(x, y, seed)
    room = margin - abs(low + high) / 2
    count = min(len(x), len(y))
    if room <= 0 or not math.isfinite(high - low):
        return None
    needed = math.ceil(max(FEWEST_SEEDS, count * ((high - low) / 2 / room) ** 2))
    return max(1, needed - count) if needed <= MOST_SEEDS else None
