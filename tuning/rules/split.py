"""Which searched dimension something went with: the one cut of one dimension that tells best who was struck.

Pure: values and yes or no in, a cut out. Of each dimension the cut with the largest gain of information is taken (a
decision tree of one node: Quinlan, 1986, "Induction of Decision Trees"), and Fisher's exact test says how often chance
alone would make one as clear. That many cuts were tried is allowed for by as many times the chance (Bonferroni).

Letters in shapes: N trials, C cuts.
"""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

CERTAIN = 0.01
"""How often chance alone may make a cut as clear, all cuts that were tried together, for it to be told."""

MOST_CUTS = 100
"""Of more values of a dimension this many cuts are tried, as many trials between any two of them."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Split:
    """One side of a cut, on which more of the trials were struck than on the other.

    name: of the dimension.
    side: "above" `at` or "below" it, which includes it; of a choice "is" or "is not".
    at: the number or the choice.
    struck, inside: how many trials of that side were struck, and how many it has.
    struck_in_all, known: the same of all trials that have the dimension.
    chance: how often chance alone would make a cut as clear, all that were tried together.
    """

    name: str
    side: str
    at: Any
    struck: int
    inside: int
    struck_in_all: int
    known: int
    chance: float


def best_split(trials: Sequence[Mapping[str, Any]], struck: Sequence[bool], certain: float = CERTAIN) -> Split | None:
    """The cut that tells best who was struck; None where none is clearer than chance.

    trials: the parameters of each (N); one that lacks a dimension counts in no cut of it.
    struck: whether it was, of each (N).
    certain: see CERTAIN.
    """
    if 1 / math.comb(len(struck), sum(struck)) > certain:
        # So few that even the cleanest cut may be chance.
        return None
    found: list[Split] = []
    tried = 0
    for name in dict.fromkeys(name for trial in trials for name in trial):
        known = [(trial[name], hit) for trial, hit in zip(trials, struck, strict=True) if name in trial]
        values, hits = [value for value, _ in known], np.array([hit for _, hit in known], dtype=bool)
        sides, named = _numbers(values) if _are_numbers(values) else _choices(values)
        tried += len(sides)
        if len(sides):
            found.append(_clearest(name, sides, named, hits))
    best = min(found, key=lambda each: each.chance, default=None)
    if best is None or best.chance * tried > certain:
        return None
    return Split(**{**vars(best), "chance": best.chance * tried})


def _clearest(name: str, sides: Bools, named: Sequence[tuple[str, Any]], hits: Bools) -> Split:
    """The cut of one dimension with the largest gain. sides: (C, N), who is on the first side of each cut."""
    gain = _gain(sides, hits).round(12)
    more = [hits[each].mean() >= hits[~each].mean() for each in sides]
    # Of two choices either makes the same cut; told is the one with which more were struck.
    place = max(range(len(sides)), key=lambda cut: (gain[cut], more[cut]))
    inside = sides[place]
    side, at = named[place]
    if not more[place]:
        inside, side = ~inside, {"above": "below", "is": "is not"}[side]
    # Imports half a second's worth of SciPy, and most that is shown needs none of it.
    from scipy.stats import fisher_exact

    counts = [[int((hits & inside).sum()), int((~hits & inside).sum())]]
    counts += [[int((hits & ~inside).sum()), int((~hits & ~inside).sum())]]
    chance = float(fisher_exact(counts).pvalue)
    return Split(name, side, at, counts[0][0], sum(counts[0]), int(hits.sum()), len(hits), chance)


def _gain(sides: Bools, hits: Bools) -> NDArray[np.float64]:
    """What each cut tells of who was struck, in bits a trial: (C, N), (N,) -> (C,)."""
    inside, struck = sides.sum(axis=1), (sides & hits).sum(axis=1)
    outside, others = len(hits) - inside, hits.sum() - struck
    left = inside * _entropy(struck / inside) + outside * _entropy(others / outside)
    gain: NDArray[np.float64] = _entropy(np.array([hits.mean()])) - left / len(hits)
    return gain


def _entropy(share: NDArray[np.float64]) -> NDArray[np.float64]:
    certain = (share <= 0) | (share >= 1)
    p = np.where(certain, 0.5, share)
    bits: NDArray[np.float64] = np.where(certain, 0.0, -p * np.log2(p) - (1 - p) * np.log2(1 - p))
    return bits


def _are_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _numbers(values: Sequence[float]) -> tuple[Bools, list[tuple[str, Any]]]:
    """A cut between any two neighbours: who lies above it."""
    array = np.array(values, dtype=float)
    ordered = np.unique(array)
    if len(ordered) > MOST_CUTS + 1:
        lows = np.unique(np.quantile(array, np.linspace(0, 1, MOST_CUTS + 2)[1:-1], method="lower"))
    else:
        lows = ordered
    lows = lows[lows < ordered[-1]]
    highs = ordered[np.searchsorted(ordered, lows, side="right")]
    sides = array[np.newaxis, :] > lows[:, np.newaxis]
    return sides, [("above", between(float(low), float(high))) for low, high in zip(lows, highs, strict=True)]


def _choices(values: Sequence[Any]) -> tuple[Bools, list[tuple[str, Any]]]:
    """Each choice against all others."""
    keys = [each if isinstance(each, Hashable) else repr(each) for each in values]
    kinds: list[Any] = list(dict.fromkeys(keys))
    if len(kinds) < 2:
        return np.empty((0, len(keys)), dtype=bool), []
    return np.array([[key == kind for key in keys] for kind in kinds], dtype=bool), [("is", kind) for kind in kinds]


def between(low: float, high: float) -> float:
    """The number with the fewest digits from `low` to below `high`: what people can read parts them as well."""
    middle = math.sqrt(low * high) if low > 0 else (low + high) / 2
    for digits in range(1, 17):
        short = float(f"{middle:.{digits}g}")
        if low <= short < high:
            return short
    return low
