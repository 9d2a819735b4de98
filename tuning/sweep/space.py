"""Translates between the dimensions of a sweep and the parameters of Optuna's trials.

A parameter is named after its field; that of an option's setting after field, option and setting:
`schedule.cosine.floor`. A trial has such a parameter only if it has the option.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuning.sweep import fields
from tuning.sweep.dimensions import Choices, Dimension, FloatRange, IntRange, Options

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import BaseTrial


@dataclass(frozen=True)
class Space:
    """What is searched.

    dimensions: by the name of the field.
    structural: names of fields in which the members of a pack can't differ.
    """

    dimensions: Mapping[str, Dimension]
    structural: frozenset[str] = frozenset()


def suggest(space: Space, trial: "BaseTrial") -> dict[str, Any]:
    """Asks the trial for all parameters; returns the values that they are of the config's fields."""
    return {name: _suggest(trial, name, dimension) for name, dimension in space.dimensions.items()}


def suggest_known(space: Space, trial: "BaseTrial", params: Mapping[str, Any]) -> None:
    """Asks the trial for these parameters alone: those of a configuration that lies in part outside the space."""
    for name, dimension in parameters(space.dimensions):
        if name in params:
            _ask(trial, name, dimension)


def structural_names(space: Space, params: Mapping[str, Any]) -> set[str]:
    """Those of a trial's parameters that its whole pack has in common; settings of options never are."""
    return {name for name in params if name in space.structural}


def params_of(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that describe a plain config, without those that lie outside the space."""
    return {
        name: param for name, dimension, param in _described(space.dimensions, config) if _contains(dimension, param)
    }


def shown(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that describe a plain config, those outside the space included: what people are shown of it."""
    return {name: param for name, _, param in _described(space.dimensions, config)}


def read(space: Space, texts: Mapping[str, str]) -> dict[str, Any]:
    """Reads parameters that were kept as text, within the space or not; those that it does not have are left out."""
    known = dict(parameters(space.dimensions))
    return {name: _read(known[name], text) for name, text in texts.items() if name in known}


def fitting(space: Space, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parameters that this space asks a trial for, out of these; None where one is missing or lies outside.

    What the space does not have is left out: the sweep has it fixed.
    """
    fits: dict[str, Any] = {}
    waiting = list(space.dimensions.items())
    while waiting:
        name, dimension = waiting.pop(0)
        if name not in params or not _contains(dimension, params[name]):
            return None
        fits[name] = params[name]
        if isinstance(dimension, Options):
            settings = dimension.choices[params[name]].items()
            waiting += [(f"{name}.{params[name]}.{key}", item) for key, item in settings if isinstance(item, Dimension)]
    return fits


def distributions(space: Space, conditional: bool = True) -> "dict[str, BaseDistribution]":
    """What Optuna draws each parameter from.

    space: has the parameters.
    conditional: whether to include those that a trial has only with some options.
    """
    found = parameters(space.dimensions) if conditional else space.dimensions.items()
    return {name: _distribution(dimension) for name, dimension in found}


def outside(space: Space, config: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a plain config that lie outside the space."""
    return {
        name: param
        for name, dimension, param in _described(space.dimensions, config)
        if not _contains(dimension, param)
    }


def _distribution(dimension: Dimension) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match dimension:
        case FloatRange(low=low, high=high, log=log):
            return FloatDistribution(low, high, log=log)
        case IntRange(low=low, high=high, log=log, step=step):
            return IntDistribution(low, high, log=log, step=step)
        case Choices(choices=choices):
            return CategoricalDistribution([category(choice) for choice in choices])
        case Options(choices=options):
            return CategoricalDistribution(list(options))


def _suggest(trial: "BaseTrial", name: str, dimension: Dimension) -> Any:
    answer = _ask(trial, name, dimension)
    if isinstance(dimension, Choices):
        return next(choice for choice in dimension.choices if category(choice) == answer)
    if isinstance(dimension, Options):
        settings = dimension.choices[answer].items()
        return {
            answer: {
                key: _suggest(trial, f"{name}.{answer}.{key}", item) if isinstance(item, Dimension) else item
                for key, item in settings
            }
        }
    return answer


def _ask(trial: "BaseTrial", name: str, dimension: Dimension) -> Any:
    match dimension:
        case FloatRange(low=low, high=high, log=log):
            return trial.suggest_float(name, low, high, log=log)
        case IntRange(low=low, high=high, log=log, step=step):
            return trial.suggest_int(name, low, high, log=log, step=step)
        case Choices(choices=choices):
            return trial.suggest_categorical(name, [category(choice) for choice in choices])
        case Options(choices=options):
            return trial.suggest_categorical(name, list(options))


def _read(dimension: Dimension, text: str) -> Any:
    """What the text means; the text itself where it means nothing here."""
    if isinstance(dimension, Choices):
        return next((each for each in map(category, dimension.choices) if text in (str(each), json.dumps(each))), text)
    if isinstance(dimension, Options):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if isinstance(dimension, IntRange) and number.is_integer() else number


def category(choice: Any) -> Any:
    """What Optuna calls a choice: it has no lists and mappings among its categories, so they go as JSON."""
    return json.dumps(choice) if isinstance(choice, list | dict) else choice


def parameters(dimensions: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Dimension]]:
    """All parameters that a trial may have, each before those that depend on it."""
    for key, dimension in dimensions.items():
        if isinstance(dimension, Dimension):
            yield prefix + key, dimension
        if isinstance(dimension, Options):
            for kind, settings in dimension.choices.items():
                yield from parameters(settings, f"{prefix}{key}.{kind}.")


def _described(
    dimensions: Mapping[str, Any], values: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Dimension, Any]]:
    """The parameters that describe plain values: name, dimension, what Optuna calls the value."""
    for key, dimension in dimensions.items():
        if key not in values or not isinstance(dimension, Dimension):
            continue
        if not isinstance(dimension, Options):
            yield prefix + key, dimension, category(values[key])
            continue
        kind, settings = fields.named(values[key]) or ("", {})
        yield prefix + key, dimension, kind
        yield from _described(dimension.choices.get(kind, {}), settings, f"{prefix}{key}.{kind}.")


def _contains(dimension: Dimension, param: Any) -> bool:
    match dimension:
        case FloatRange(low=low, high=high):
            return isinstance(param, int | float) and low <= param <= high
        case IntRange(low=low, high=high, step=step):
            return isinstance(param, int) and low <= param <= high and (param - low) % step == 0
        case Choices(choices=choices):
            return param in map(category, choices)
        case Options(choices=options):
            return param in options
