"""The parameters of a search as places on axes: numbers, logarithms, and options one after another."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.sweep.dimensions import FloatRange, IntRange
from tuning.sweep.model import Sweep
from tuning.sweep.space import category, parameters

NONE = "-"
"""What a trial has in place of a setting that does not count for it."""


@dataclass(frozen=True)
class Axis:
    """Where the values of one parameter lie.

    name: of the parameter.
    log: whether numbers lie by their logarithm.
    options: the values of one that is no number; None of numbers.
    low, high: the ends of the range in places; of options the first and the last.
    """

    name: str
    log: bool
    options: Sequence[Any] | None
    low: float
    high: float

    def place(self, params: Mapping[str, Any]) -> float | None:
        """Where a trial lies; None where the parameter does not count for it."""
        if self.name not in params:
            return None
        value = params[self.name]
        if self.options is not None:
            return float(self.options.index(value)) if value in self.options else None
        if not isinstance(value, int | float):
            return None
        if self.log:
            return math.log10(value) if value > 0 else None
        return float(value)

    def value(self, place: float) -> float:
        """The number at a place."""
        return 10**place if self.log else place

    def ticks(self) -> tuple[list[float], list[str]]:
        """Places and their labels."""
        if self.options is not None:
            return [float(each) for each in range(len(self.options))], [str(each) for each in self.options]
        if self.log:
            first, last = math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9)
            inner = [float(each) for each in range(first, last + 1)]
            places = sorted({self.low, *inner, self.high}) if len(inner) < 2 else inner
        else:
            places = [self.low + share * (self.high - self.low) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        return places, [f"{self.value(each):.3g}" for each in places]


def axes(sweep: Sweep, trials: Sequence[Mapping[str, Any]]) -> list[Axis]:
    """An axis for each parameter in which these trials differ, wide enough for all of them."""
    found = []
    for name, dimension in parameters(sweep.search):
        had = [params[name] for params in trials if name in params]
        # A setting that only some have is a difference, too.
        if len({str(each) for each in had}) + (len(had) < len(trials)) < 2:
            continue
        if isinstance(dimension, FloatRange | IntRange) and all(isinstance(each, int | float) for each in had):
            values = [float(each) for each in had if not dimension.log or each > 0] or [float(dimension.low)]
            ends = [min(dimension.low, *values), max(dimension.high, *values)]
            low, high = (math.log10(end) if dimension.log else end for end in ends)
            found.append(Axis(name, dimension.log, None, low, high))
        else:
            listed = (
                [] if isinstance(dimension, FloatRange | IntRange) else [category(each) for each in dimension.choices]
            )
            options = list(dict.fromkeys([*listed, *had]))
            found.append(Axis(name, False, options, 0.0, float(max(1, len(options) - 1))))
    return found
