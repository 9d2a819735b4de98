"""Ranges of a search at whose end the best trial lies, and the ranges to try next."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuning.sweep import fields
from tuning.sweep.dimensions import FloatRange, IntRange
from tuning.sweep.model import Sweep
from tuning.sweep.space import parameters

AT_THE_END, NEAR_IT = 0.05, 0.2
"""How far from the end of a range the best trial may lie, and others that count as near it: shares of the range, or of
its logarithm where it is logarithmic."""

TOP = 5
"""The best trials that are looked at; more than half of them must lie near the end."""


@dataclass(frozen=True)
class RangeEnd:
    """A range at whose end the best trial lies.

    name: of the parameter.
    value: the best trial's.
    low, high: the range that was searched.
    try_low, try_high: the range to try next.
    """

    name: str
    value: float
    low: float
    high: float
    try_low: float
    try_high: float


def range_ends(sweep: Sweep, trials: Sequence[Mapping[str, Any]]) -> list[RangeEnd]:
    """The ranges at whose end the best trial lies, and near it most of the best.

    An end that is the last value the field takes, such as a gamma of 1, is left out: no wider range could be searched.

    sweep: the one that was searched.
    trials: parameters of the complete trials, the best first.
    """
    found = []
    for name, dimension in parameters(sweep.search):
        if isinstance(dimension, FloatRange | IntRange) and trials and name in trials[0]:
            # Of a search that was changed some trials lack the parameter.
            places = [_place(dimension, trial[name]) for trial in trials[:TOP] if name in trial]
            wider = _wider(sweep, name, dimension, up=places[0] > 0.5) if _at_an_end(places) else None
            if wider:
                found.append(RangeEnd(name, trials[0][name], dimension.low, dimension.high, *wider))
    return found


def _at_an_end(places: Sequence[float]) -> bool:
    """Whether the first of these places in a range, from 0 to 1, is at an end, and most of them near the same end."""
    off = [place if places[0] <= 0.5 else 1 - place for place in places]
    return 0 <= off[0] <= AT_THE_END and 2 * sum(0 <= each <= NEAR_IT for each in off) > len(off)


def _place(dimension: FloatRange | IntRange, value: float) -> float:
    """Where a value lies in the range, from 0 to 1; below 0 or above 1 where it lies outside."""
    if dimension.log and value <= 0:
        return -1
    low, high, at = (math.log(each) if dimension.log else each for each in (dimension.low, dimension.high, value))
    return (at - low) / (high - low)


def _wider(sweep: Sweep, name: str, dimension: FloatRange | IntRange, up: bool) -> tuple[float, float] | None:
    """The range from the middle to half its width beyond the end, or as far as the field allows; None if not at all."""
    middle = _at(dimension, 0.5)
    for beyond in (0.5, 0.25, 0.125, 0.0625):
        end = _at(dimension, 1 + beyond if up else -beyond)
        if (end > dimension.high if up else end < dimension.low) and _takes(sweep, name, end):
            return (middle, end) if up else (end, middle)
    return None


def _at(dimension: FloatRange | IntRange, place: float) -> float:
    """The value at a place of the range, in two digits; of whole numbers one that its steps come to."""
    low, high = dimension.low, dimension.high
    value = low * (high / low) ** place if dimension.log else low + (high - low) * place
    if isinstance(dimension, IntRange):
        return dimension.low + dimension.step * round((value - dimension.low) / dimension.step)
    return float(f"{value:.2g}")


def _takes(sweep: Sweep, name: str, value: float) -> bool:
    """Whether the field, or the setting of an option (schedule.cosine.floor), takes the value."""
    # The loops import torch, which nothing else that shows a study needs.
    from trainables.loops.registry import loop_of

    model: fields.Model = loop_of(sweep.loop).Config
    *options, field = name.split(".")
    for field_of, kind in zip(options[::2], options[1::2], strict=True):
        model = fields.options(model, field_of)[kind]
    return not fields.problems(model, field, value, name)
