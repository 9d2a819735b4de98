"""Reads dimensions from plain data, against the fields that they are of."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from tuning.errors import Problem
from tuning.sweep import fields
from tuning.sweep.dimensions import RANGE, Choices, Dimension, FloatRange, IntRange, Options, is_dimension
from tuning.sweep.plain_data import shown
from tuning.sweep.wording import unknown


def read(model: fields.Model, name: str, value: Any, path: str) -> tuple[Dimension | None, list[Problem]]:
    """The dimension that plain data describes; None, and what is wrong, where it describes none.

    model: has the field.
    name: of the field that the dimension is of.
    value: plain data.
    path: the key path at which it stands.
    """
    reader = _Reader()
    dimension = reader.dimension(model, name, value, path)
    return (None if reader.problems else dimension), reader.problems


class _Reader:
    """Reads a dimension as far as it can be read, and collects what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def dimension(self, model: fields.Model, name: str, value: Any, path: str) -> Dimension | None:
        if not is_dimension(value):
            form = "{low: ..., high: ...}, or {choices: [...]}"
            self._refuse(path, f"should be a range, {form}, is {shown(value)}")
            return None
        if "choices" in value:
            self._refuse_unknown_keys(value, ("choices",), path)
            return self._choices(model, name, value["choices"], f"{path}.choices")
        return self._range(model, name, value, path)

    def _refuse(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))

    def _refuse_unknown_keys(self, value: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
        for key in value:
            if key not in known:
                self._refuse(f"{path}.{key}", unknown(key, known, "has no place here"))

    def _range(self, model: fields.Model, name: str, value: Mapping[str, Any], path: str) -> Dimension | None:
        if name in model.model_fields:
            numbers = fields.number(model, name)
        else:
            numbers = "int" if _is_whole(value.get("low")) and _is_whole(value.get("high")) else "float"
        if numbers is None:
            self._refuse(path, f"{name} is no number: should be {{choices: [...]}}")
            return None
        self._refuse_unknown_keys(value, RANGE, path)
        low, high = (self._end(model, name, value, end, path) for end in ("low", "high"))
        log = self._log(value, low, high, path)
        step = self._step(value, low, high, log, path) if numbers == "int" else self._no_step(value, path)
        if low is None or high is None:
            return None
        if low >= high:
            empty = f"is empty: low, {low}, is above high, {high}"
            self._refuse(path, empty if low > high else f"holds nothing but {low}: should stand under fixed")
        if self.problems:
            return None
        if numbers == "float":
            return FloatRange(low=low, high=high, log=log)
        return IntRange(low=int(low), high=int(high), log=log, step=step)

    def _end(self, model: fields.Model, name: str, value: Mapping[str, Any], end: str, path: str) -> float | None:
        given, path = value.get(end), f"{path}.{end}"
        if end not in value:
            self._refuse(path, "is missing")
        elif not _is_number(given):
            self._refuse(path, f"should be a number, is {shown(given)}")
        else:
            self.problems += fields.problems(model, name, given, path)
            return given
        return None

    def _log(self, value: Mapping[str, Any], low: float | None, high: float | None, path: str) -> bool:
        log: bool = value.get("log", False)
        if not isinstance(log, bool):
            self._refuse(f"{path}.log", f"should be true or false, is {shown(log)}")
            return False
        for end, number in (("low", low), ("high", high)):
            if log and number is not None and number <= 0:
                self._refuse(f"{path}.{end}", f"should be above 0, as the range is log, is {number}")
        return log

    def _step(self, value: Mapping[str, Any], low: float | None, high: float | None, log: bool, path: str) -> int:
        step = value.get("step", 1)
        if not _is_whole(step) or step < 1:
            self._refuse(f"{path}.step", f"should be a whole number of at least 1, is {shown(step)}")
            return 1
        if step > 1 and log:
            self._refuse(f"{path}.step", "should be left out: the range is log")
        elif _is_whole(low) and _is_whole(high) and low < high and (high - low) % step:
            self._refuse(f"{path}.step", f"should divide the range: from {low}, steps of {step} miss {high}")
        return step

    def _no_step(self, value: Mapping[str, Any], path: str) -> int:
        if "step" in value:
            self._refuse(f"{path}.step", "should be left out: steps are for whole numbers")
        return 1

    def _choices(self, model: fields.Model, name: str, value: Any, path: str) -> Dimension | None:
        kinds = fields.options(model, name)
        if isinstance(value, dict) and not kinds:
            self._refuse(path, f"should be a list, as the values of {name} have no settings, is {shown(value)}")
        elif not isinstance(value, dict | list):
            self._refuse(path, f"should be a list, is {shown(value)}")
        elif not value:
            self._refuse(path, "is empty: should be two values or more")
        elif kinds:
            return self._options(kinds, value, path)
        else:
            for index, item in enumerate(value):
                self.problems += fields.problems(model, name, item, f"{path}[{index}]")
                if item in value[:index]:
                    self._refuse(f"{path}[{index}]", f"stands twice: {shown(item)}")
            if len(value) == 1:
                self._refuse(path, f"holds nothing but {shown(value[0])}: should stand under fixed")
            return Choices(choices=tuple(value))
        return None

    def _options(self, kinds: fields.Kinds, value: dict[str, Any] | list[Any], path: str) -> Dimension | None:
        """Options in a list, each written in any of its forms, or all in a mapping."""
        items = [{kind: given} for kind, given in value.items()] if isinstance(value, dict) else value
        choices: dict[str, dict[str, Any]] = {}
        searched = len(items) > 1
        for index, item in enumerate(items):
            place = path if isinstance(value, dict) else f"{path}[{index}]"
            option, found = fields.read_option(kinds, item, place)
            self.problems += found
            if option is None:
                continue
            if option.kind in choices:
                self._refuse(place, f"stands twice: {option.kind}")
            searched = searched or any(map(is_dimension, option.settings.values()))
            choices[option.kind] = {
                name: self._setting(kinds[option.kind], name, given, f"{place}.{option.kind}.{name}")
                for name, given in option.settings.items()
            }
        if not searched:
            self._refuse(path, f"holds nothing but {shown(items[0])}: should stand under fixed")
        return Options(choices=choices)

    def _setting(self, model: fields.Model, name: str, value: Any, path: str) -> Any:
        if is_dimension(value):
            return self.dimension(model, name, value, path)
        self.problems += fields.problems(model, name, value, path)
        return value


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
