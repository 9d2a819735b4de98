"""What a sweep may search: typed dimensions, read from plain data against the field that each of them is of."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypeGuard

from pydantic import Field

from trainables.base.config_fields import Frozen, Option
from tuning.errors import Problem
from tuning.sweep import fields
from tuning.sweep.plain_data import shown


class FloatRange(Frozen):
    """All numbers from low to high, both included."""

    low: float
    high: float
    log: bool = Field(False, description="uniform in the logarithm: small and large numbers alike")


class IntRange(Frozen):
    """The whole numbers from low to high, both included."""

    low: int
    high: int
    log: bool = Field(False, description="uniform in the logarithm: small and large numbers alike")
    step: int = Field(1, description="from one number to the next; not with log")


class Choices(Frozen):
    """Plain values to choose from, lists and mappings among them."""

    choices: tuple[Any, ...]


class Options(Frozen):
    """Options to choose from, each with its settings: plain values, or dimensions of their own."""

    choices: dict[str, dict[str, Any]]


Dimension: TypeAlias = FloatRange | IntRange | Choices | Options

_RANGE = ("low", "high", "log", "step")


def is_dimension(value: Any) -> bool:
    """Whether plain data is meant as a dimension."""
    return isinstance(value, dict) and not value.keys().isdisjoint((*_RANGE, "choices"))


def read(model: fields.Model, name: str, value: Any, path: str) -> tuple[Dimension | None, list[Problem]]:
    """The dimension that plain data describes; None, and what is wrong with it, where it describes none.

    model: has the field.
    name: of the field that the dimension is of.
    value: the plain data.
    path: the key path at which it stands.
    """
    found = list(_problems(model, name, value, path))
    return (None if found else _read(model, name, value)), found


def read_as_kept(value: Mapping[str, Any]) -> Dimension:
    """A dimension from the plain data of one, whose own form says of which kind it is; no field is asked."""
    if "choices" not in value:
        return IntRange(**value) if "step" in value else FloatRange(**value)
    choices = value["choices"]
    if not isinstance(choices, Mapping):
        return Choices(choices=tuple(choices))
    return Options(
        choices={
            kind: {key: read_as_kept(item) if is_dimension(item) else item for key, item in settings.items()}
            for kind, settings in choices.items()
        }
    )


def _problems(model: fields.Model, name: str, value: Any, path: str) -> Iterator[Problem]:
    if not is_dimension(value):
        yield Problem(path, f"should be a range, {{low: ..., high: ...}}, or {{choices: [...]}}, is {shown(value)}")
    elif "choices" in value:
        yield from _unknown_keys(value, ("choices",), path)
        yield from _choices_problems(model, name, value["choices"], f"{path}.choices")
    else:
        yield from _range_problems(model, name, value, path)


def _read(model: fields.Model, name: str, value: dict[str, Any]) -> Dimension:
    """The dimension that plain data without problems describes."""
    if "choices" not in value:
        return FloatRange(**value) if _number(model, name, value) == "float" else IntRange(**value)
    kinds = fields.options(model, name)
    if not kinds:
        return Choices(choices=tuple(value["choices"]))
    options = [option for option in map(fields.named, _listed(value["choices"])) if option]
    return Options(
        choices={
            kind: {key: _read_setting(kinds[kind], key, item) for key, item in settings.items()}
            for kind, settings in options
        }
    )


def _range_problems(model: fields.Model, name: str, value: dict[str, Any], path: str) -> Iterator[Problem]:
    kind = _number(model, name, value)
    if kind is None:
        yield Problem(path, f"{name} is no number: should be {{choices: [...]}}")
        return
    yield from _unknown_keys(value, _RANGE, path)
    yield from _end_problems(model, name, value, "low", path)
    yield from _end_problems(model, name, value, "high", path)
    yield from _log_problems(value, path)
    yield from _step_problems(value, kind, path)
    if _is_number(value.get("low")) and _is_number(value.get("high")):
        if value["low"] > value["high"]:
            yield Problem(path, f"is empty: low, {value['low']}, is above high, {value['high']}")
        elif value["low"] == value["high"]:
            yield Problem(path, f"holds nothing but {value['low']}: should stand under fixed")


def _number(model: fields.Model, name: str, value: Mapping[str, Any]) -> Literal["float", "int"] | None:
    """Which numbers a range is of: those that the field takes; of one that is not declared, those of both ends."""
    if name in model.model_fields:
        return fields.number(model, name)
    return "int" if _is_whole(value.get("low")) and _is_whole(value.get("high")) else "float"


def _end_problems(model: fields.Model, name: str, value: dict[str, Any], end: str, path: str) -> Iterator[Problem]:
    if end not in value:
        yield Problem(f"{path}.{end}", "is missing")
    elif not _is_number(value[end]):
        yield Problem(f"{path}.{end}", f"should be a number, is {shown(value[end])}")
    else:
        yield from fields.problems(model, name, value[end], f"{path}.{end}")


def _log_problems(value: dict[str, Any], path: str) -> Iterator[Problem]:
    log = value.get("log", False)
    if not isinstance(log, bool):
        yield Problem(f"{path}.log", f"should be true or false, is {shown(log)}")
    elif log:
        for end in ("low", "high"):
            if _is_number(value.get(end)) and value[end] <= 0:
                yield Problem(f"{path}.{end}", f"should be above 0, as the range is log, is {value[end]}")


def _step_problems(value: dict[str, Any], kind: str, path: str) -> Iterator[Problem]:
    if "step" not in value:
        return
    low, high, step = value.get("low"), value.get("high"), value["step"]
    if kind == "float":
        message = "should be left out: steps are for whole numbers"
    elif not _is_whole(step) or step < 1:
        message = f"should be a whole number of at least 1, is {shown(step)}"
    elif step > 1 and value.get("log") is True:
        message = "should be left out: the range is log"
    elif _is_whole(low) and _is_whole(high) and low < high and (high - low) % step:
        message = f"should divide the range: from {low}, steps of {step} miss {high}"
    else:
        return
    yield Problem(f"{path}.step", message)


def _choices_problems(model: fields.Model, name: str, value: Any, path: str) -> Iterator[Problem]:
    kinds = fields.options(model, name)
    if isinstance(value, dict) and not kinds:
        yield Problem(path, f"should be a list, as the values of {name} have no settings, is {shown(value)}")
    elif not isinstance(value, dict | list):
        yield Problem(path, f"should be a list, is {shown(value)}")
    elif not value:
        yield Problem(path, "is empty: should be two values or more")
    elif kinds:
        yield from _options_problems(kinds, value, path)
    else:
        for index, item in enumerate(value):
            yield from fields.problems(model, name, item, f"{path}[{index}]")
            if item in value[:index]:
                yield Problem(f"{path}[{index}]", f"stands twice: {shown(item)}")
        if len(value) == 1:
            yield Problem(path, f"holds nothing but {shown(value[0])}: should stand under fixed")


def _options_problems(kinds: Mapping[str, type[Option]], value: Any, path: str) -> Iterator[Problem]:
    items = _listed(value)
    names = [option[0] if option else None for option in map(fields.named, items)]
    for index, (item, name) in enumerate(zip(items, names, strict=True)):
        place = path if isinstance(value, dict) else f"{path}[{index}]"
        yield from fields.option_problems(kinds, item, place, _setting_problems)
        if name and name in names[:index]:
            yield Problem(place, f"stands twice: {name}")
    if len(items) == 1 and not _has_dimensions(items[0]):
        yield Problem(path, f"holds nothing but {shown(items[0])}: should stand under fixed")


def _setting_problems(model: fields.Model, name: str, value: Any, path: str) -> Iterator[Problem]:
    check = _problems if is_dimension(value) else fields.problems
    yield from check(model, name, value, path)


def _read_setting(model: fields.Model, name: str, value: Any) -> Any:
    return _read(model, name, value) if is_dimension(value) else value


def _has_dimensions(option: Any) -> bool:
    named = fields.named(option)
    return named is not None and any(map(is_dimension, named[1].values()))


def _listed(choices: dict[str, Any] | list[Any]) -> list[Any]:
    return [{kind: settings} for kind, settings in choices.items()] if isinstance(choices, dict) else choices


def _unknown_keys(value: dict[str, Any], known: tuple[str, ...], path: str) -> Iterator[Problem]:
    for key in value:
        if key not in known:
            yield Problem(f"{path}.{key}", fields.unknown(key, known, "has no place here"))


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
