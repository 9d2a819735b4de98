"""Curves of a training, and what is read off any of them: levels, noise, trends. Pure: numbers in, numbers out.

Letters in shapes: N points of a curve.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau

Floats = NDArray[np.float64]

FEWEST_POINTS = 5
"""With fewer points a curve has no trend: five in order come by chance once in sixty times, four once in twelve."""

CERTAIN = 0.05
"""Of a trend: how often chance alone makes one as clear."""


@dataclass(frozen=True)
class Curve:
    """What one metric was at some steps; only finite values.

    steps: (N,), rising.
    values: (N,).
    broken_at: the first step at which it was not finite, if there was one.
    """

    steps: Floats
    values: Floats
    broken_at: float | None = None

    @staticmethod
    def of(points: Iterable[tuple[float, float]]) -> "Curve":
        """A curve of (step, value), in any order; of two values at a step the later one counts."""
        known = dict(points)
        ordered = sorted(known)
        broken = [step for step in ordered if not math.isfinite(known[step])]
        sound = [step for step in ordered if math.isfinite(known[step])]
        return Curve(np.array(sound, dtype=float), np.array([known[step] for step in sound]), next(iter(broken), None))

    def __len__(self) -> int:
        return len(self.values)

    def part(self, first: float, last: float) -> "Curve":
        """What lies between these shares of the way from its first step to its last."""
        if not len(self):
            return self
        begin, span = self.steps[0], self.steps[-1] - self.steps[0]
        within = (self.steps >= begin + first * span - 1e-9) & (self.steps <= begin + last * span + 1e-9)
        return Curve(self.steps[within], self.values[within])

    def times(self, factor: float) -> "Curve":
        """The same curve with all its values multiplied."""
        return Curve(self.steps, factor * self.values, self.broken_at)

    @property
    def start(self) -> float:
        """The level that it begins at: the median of its first tenth, no single leap counted."""
        return level(self.smoothed().values[: max(1, round(len(self) / 10))])

    @property
    def end(self) -> float:
        """The level that it ends at: the median of its last tenth, no single leap counted."""
        return level(self.smoothed().values[-max(1, round(len(self) / 10)) :])

    @property
    def noise(self) -> float:
        """The standard deviation about its own course, from the differences of neighbours, of which a few may leap."""
        differences = np.diff(self.values)
        if not len(differences):
            return 0.0
        # 1.4826 times the median deviation estimates that of a normal distribution; a difference is made of two values.
        return float(1.4826 * np.median(np.abs(differences - np.median(differences))) / math.sqrt(2))

    @property
    def trend(self) -> int:
        """1 of a curve that rises, -1 of one that falls, 0 where chance would often make as much (Kendall's tau)."""
        if len(self) < FEWEST_POINTS or np.ptp(self.values) == 0:
            return 0
        found = kendalltau(self.steps, self.values)
        return int(np.sign(found.statistic)) if found.pvalue < CERTAIN else 0

    @property
    def gained(self) -> float:
        """How far it rose at the most: from the median of its first tenth to the highest of any tenth."""
        tenths = [level(each) for each in np.array_split(self.smoothed().values, min(10, len(self)))]
        return max(tenths) - tenths[0] if tenths else 0.0

    def smoothed(self) -> "Curve":
        """The median of every value and its two neighbours, which no single leap reaches."""
        if len(self) < FEWEST_POINTS:
            return self
        padded = np.concatenate([self.values[:1], self.values, self.values[-1:]])
        windows = np.lib.stride_tricks.sliding_window_view(padded, 3)
        return Curve(self.steps, np.median(windows, axis=1), self.broken_at)


def side_by_side(one: Curve, other: Curve) -> tuple[Curve, Curve]:
    """Both at the steps that both have: either may lack some, where it was not finite or not reported."""
    _, places, others = np.intersect1d(one.steps, other.steps, return_indices=True)
    return Curve(one.steps[places], one.values[places]), Curve(other.steps[others], other.values[others])


def level(values: Floats) -> float:
    """The median; NaN of nothing."""
    return float(np.median(values)) if len(values) else math.nan
