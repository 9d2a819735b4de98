"""What a sweep says of the fields of its loop's config: what is fixed, what is searched, what is tried first."""

from collections.abc import Iterator, Mapping
from typing import Any

from trainables.base.training_config import Training
from tuning.errors import Problem
from tuning.sweep import dimension_reader, fields, space
from tuning.sweep.dimensions import Dimension, Options
from tuning.sweep.field_values import UNKNOWN, FieldValues, Unknown
from tuning.sweep.plain_data import shown
from tuning.sweep.space import Space
from tuning.sweep.wording import unknown

OF_THE_SWEEP = ("budget", "environment", "data", "seed")
"""Fields of a config that come from the top of the file."""

_UNSEARCHABLE = {
    "seed": "trials would be compared on luck; the sweep's `seeds` repeats each of them",
    "budget": "trials are compared at one budget",
    "environment": "trials are compared on one environment",
    "wrappers": "trials are compared on one environment",
    "backend": "it changes the speed of a trial, not what is learnt",
    "data": "trials are compared on one data set",
    "data_seed": "trials are compared on one data set",
    "features": "trials are compared on one data set",
    "targets": "trials are compared on one data set",
    "split": "trials are compared on one data set",
    "header": "trials are compared on one data set",
    "missing": "trials are compared on one data set",
    "text": "trials are compared on one data set",
    "validation_share": "trials are compared on one data set",
    "evaluation_seed": "trials are compared on the same episodes",
    "evaluation_episodes": "trials are compared on the same episodes",
    "evaluation_share": "trials are compared on the same episodes",
    "max_episode_steps": "trials are compared on episodes that are cut alike",
    "reports": "it changes what is seen of a trial, not what is learnt",
    "compile": "it changes the speed of a trial, not what is learnt",
}
_UNSEARCHABLE_WITH_DATA = {
    "loss": "trials are compared by one loss",
    "standardise_targets": "trials are compared by one loss, and huber's depends on it",
}
_TAKEN = {"folder": "Lockstep's own name for where a member's checkpoints lie: should be called otherwise"}
"""Names that a Trainable which takes any can't have, and why."""


def unsearchable(config: "type[Training]") -> dict[str, str]:
    """The fields that can't be searched, and why."""
    found = _UNSEARCHABLE | (_UNSEARCHABLE_WITH_DATA if "data" in config.model_fields else {})
    return {name: reason for name, reason in found.items() if _is_declared(config, name)}


def read(config: "type[Training]", loop: str, data: Mapping[str, Any]) -> tuple[FieldValues, list[Problem]]:
    """Reads what a sweep says of the fields: it, with UNKNOWN for what is wrong; and what is wrong.

    config: the model of the fields.
    loop: what the sweep calls its loop.
    data: the whole sweep as plain data.
    """
    reader = _Reader(config, loop)
    fixed = {name: reader.fixed(name, value) for name, value in _mapping(data, "fixed").items()}
    search = {name: reader.dimension(name, value) for name, value in _mapping(data, "search").items()}
    if not search:
        reader.refuse("search", "should name at least one field of the loop's config with what it may be")
    for name in search:
        if name in fixed:
            reader.refuse(f"search.{name}", "stands under fixed too: should stand under one of them")
    default = _mapping(data, "default")
    if config.foreign and default:
        reader.refuse("default", f"should be left out: nobody knows what {loop} does by default")
        default = {}
    default = {name: reader.default(name, value, search) for name, value in default.items()}
    reader.first(data.get("first"), search)
    return FieldValues(config, fixed, search, default), reader.problems


class _Reader:
    """Reads values of fields one by one, and collects what is wrong with them."""

    def __init__(self, config: "type[Training]", loop: str) -> None:
        self.problems: list[Problem] = []
        self._config, self._loop = config, loop
        self._unsearchable = unsearchable(config)

    def refuse(self, path: str, message: str) -> Unknown:
        self.problems.append(Problem(path, message))
        return UNKNOWN

    def fixed(self, name: str, value: Any) -> Any:
        path = f"fixed.{name}"
        if self._config.foreign and name in _TAKEN:
            return self.refuse(path, f"is {_TAKEN[name]}")
        if name in OF_THE_SWEEP and _is_declared(self._config, name):
            return self.refuse(path, f"has no place here: should be {name} at the top of the file")
        known = [each for each in self._config.model_fields if each not in OF_THE_SWEEP]
        if name not in known and not self._config.foreign:
            return self.refuse(path, unknown(name, known, f"{self._loop} has no such field"))
        return self._value(name, value, path)

    def _value(self, name: str, value: Any, path: str) -> Any:
        found = fields.problems(self._config, name, value, path)
        self.problems += found
        return UNKNOWN if found else value

    def dimension(self, name: str, value: Any) -> Dimension | Unknown:
        path = f"search.{name}"
        if self._config.foreign and name in _TAKEN:
            return self.refuse(path, f"is {_TAKEN[name]}")
        if name in self._unsearchable:
            return self.refuse(path, f"can't be searched: {self._unsearchable[name]}")
        known = [each for each in self._config.model_fields if each not in self._unsearchable]
        if name not in known and not self._config.foreign:
            return self.refuse(path, unknown(name, known, f"{self._loop} has no such field"))
        dimension, found = dimension_reader.read(self._config, name, value, path)
        self.problems += found
        return dimension or UNKNOWN

    def default(self, name: str, value: Any, search: Mapping[str, Any]) -> Any:
        path = f"default.{name}"
        if name in search:
            return self._value(name, value, path)
        what = "is no field that is searched: should stand under fixed" if name in self._config.model_fields else ""
        return self.refuse(path, what or unknown(name, search, "is no field that is searched"))

    def first(self, given: Any, search: Mapping[str, Dimension | Unknown]) -> None:
        """Configurations to try first: fields that are searched, with values that the search can come to."""
        for index, item in enumerate(given if isinstance(given, list) else []):
            path = f"first[{index}]"
            if not isinstance(item, dict) or not item:
                self.refuse(path, f"should be a mapping of fields to their values, is {shown(item)}")
                continue
            for name, value in item.items():
                dimension = search.get(name)
                if dimension is None:
                    self.refuse(f"{path}.{name}", unknown(name, search, "is no field that is searched"))
                elif dimension is not UNKNOWN and self._value(name, value, f"{path}.{name}") is not UNKNOWN:
                    self.problems += _outside(name, dimension, value, f"{path}.{name}")


def _outside(name: str, dimension: Dimension, value: Any, path: str) -> Iterator[Problem]:
    """Why the search can't come to a value of this field."""
    for parameter, param in space.outside(Space({name: dimension}), {name: value}).items():
        yield Problem(path + parameter.removeprefix(name), f"lies outside the search, is {shown(param)}")
    option = fields.named(value)
    if isinstance(dimension, Options) and option and option.kind in dimension.choices:
        searched = dimension.choices[option.kind]
        for key, setting in option.settings.items():
            place = f"{path}.{option.kind}.{key}"
            if key not in searched:
                yield Problem(place, "is not searched: should be left out")
            elif not isinstance(searched[key], Dimension) and searched[key] != setting:
                yield Problem(place, f"is {shown(searched[key])} in the search: should be left out")


def _is_declared(config: "type[Training]", name: str) -> bool:
    """Whether the config says what the name means; only a Trainable that is none of ours takes others."""
    return name in config.model_fields or not config.foreign


def _mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What stands under the key; nothing where it is no mapping, which is reported elsewhere."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}
