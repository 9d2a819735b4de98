"""Which dimensions of a search mattered, and which of its ranges end too early: what to search next."""

import math
import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState, create_trial

from trainables.loops.registry import loop_of
from tuning.sweep import fields
from tuning.sweep.dimensions import FloatRange, IntRange
from tuning.sweep.model import Sweep
from tuning.sweep.space import Space, parameters

FEWEST_TRIALS = 16
"""With fewer trials than these nothing is said to matter more than another."""

MOST_TRIALS = 256
"""Of more trials a sample is enough, and fANOVA takes a time that grows with the square of their number."""

AT_THE_END, NEAR_IT = 0.05, 0.2
"""Shares of a range, of its logarithm where it is log: the best trial lies at its end, others near it."""

TOP = 5
"""How many of the best trials are asked; more than half of them must lie near the end."""


@dataclass(frozen=True)
class Edge:
    """A range at whose end the best trial lies; try_low and try_high: the range to try next."""

    name: str
    value: float
    low: float
    high: float
    try_low: float
    try_high: float


def importances(study: optuna.Study, space: Space, seed: int = 0) -> dict[str, float]:
    """What share of the differences between trials each parameter has, the largest first; together 1, or none at all.

    Trials are compared at the budget that most of them have come to, so that those that halving gave up count as well;
    those without any value, diverged ones among them, don't; of two objectives the first counts. By fANOVA (Hutter et
    al., 2014), which is the surer of few trials, but knows only parameters that all of them have; where some are
    conditional by PED-ANOVA (Watanabe et al., 2023), which asks what sets the best tenth apart. None of fewer than
    FEWEST_TRIALS trials, or where all are equal.
    """
    # It brings scikit-learn, a second of every command that only shows a study.
    from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances

    trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    # The default configuration has fewer parameters where it lies outside the search.
    valued = _compared([trial for trial in trials if space.dimensions.keys() <= trial.params.keys()])
    if len(valued) < FEWEST_TRIALS or len({value for _, value in valued}) == 1:
        return {}
    if len(valued) > MOST_TRIALS:
        valued = random.Random(seed).sample(valued, MOST_TRIALS)
    names = [trial.params.keys() for trial, _ in valued]
    conditional = any(each != names[0] for each in names)
    with warnings.catch_warnings():
        # Both call themselves experimental, and the one its figures rough where trials are few.
        warnings.simplefilter("ignore")
        evaluator = PedAnovaImportanceEvaluator() if conditional else FanovaImportanceEvaluator(seed=seed)
        alike = optuna.create_study(direction=study.directions[0])
        alike.add_trials(
            [create_trial(value=value, params=each.params, distributions=each.distributions) for each, value in valued]
        )
        return get_param_importances(alike, evaluator=evaluator)


def _compared(trials: Sequence[FrozenTrial]) -> list[tuple[FrozenTrial, float]]:
    """Trials with their values at the budget that most have come to; at the end where none is known on the way."""
    steps = Counter(step for trial in trials for step in trial.intermediate_values)
    common = max(steps, key=lambda step: (steps[step], step), default=None)
    found = [
        (trial, (trial.values or [None])[0] if common is None else trial.intermediate_values.get(common))
        for trial in trials
    ]
    return [(trial, value) for trial, value in found if value is not None and math.isfinite(value)]


def edges(sweep: Sweep, trials: Sequence[Mapping[str, Any]]) -> list[Edge]:
    """Ranges at whose end the best trial lies, and near it most of the TOP best ones.

    trials: parameters of the complete trials, the best first. An end that is the last value the field takes, such as a
    gamma of 1, is none that a wider range could mend.
    """
    found = []
    for name, dimension in parameters(sweep.search):
        if isinstance(dimension, FloatRange | IntRange) and trials and name in trials[0]:
            places = [_place(dimension, trial[name]) for trial in trials[:TOP] if name in trial]
            wider = _wider(sweep, name, dimension, up=places[0] > 0.5) if _at_an_end(places) else None
            if wider:
                found.append(Edge(name, trials[0][name], dimension.low, dimension.high, *wider))
    return found


def _at_an_end(places: Sequence[float]) -> bool:
    """Whether the first of the places in a range, from 0 to 1, is at an end, and most of them near the same end."""
    off = [place if places[0] <= 0.5 else 1 - place for place in places]
    return 0 <= off[0] <= AT_THE_END and 2 * sum(0 <= each <= NEAR_IT for each in off) > len(off)


def _place(dimension: FloatRange | IntRange, value: float) -> float:
    """Where a value lies in the range, from 0 to 1; outside where it is none of the range."""
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
    """The value at a place of the range, in two digits or, of whole numbers, one that its steps come to."""
    low, high = dimension.low, dimension.high
    value = low * (high / low) ** place if dimension.log else low + (high - low) * place
    if isinstance(dimension, IntRange):
        return dimension.low + dimension.step * round((value - dimension.low) / dimension.step)
    return float(f"{value:.2g}")


def _takes(sweep: Sweep, name: str, value: float) -> bool:
    """Whether the field, or the setting of an option (schedule.cosine.floor), takes the value."""
    model: fields.Model = loop_of(sweep.loop).Config
    *options, field = name.split(".")
    for field_of, kind in zip(options[::2], options[1::2], strict=True):
        model = fields.options(model, field_of)[kind]
    return not any(True for _ in fields.problems(model, field, value, name))
