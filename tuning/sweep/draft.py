"""A sweep as far as it can be read: typed values out of plain data, each key by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from trainables.base.own_classes import Unimportable
from trainables.loops.config import EpisodicConfig
from trainables.loops.contract import Loop
from trainables.loops.registry import LOOPS, loop_of
from tuning.errors import Problem
from tuning.sweep import fields, loop_fields
from tuning.sweep.field_values import UNKNOWN, FieldValues
from tuning.sweep.key_paths import below
from tuning.sweep.metrics import direction_of
from tuning.sweep.model import Sweep
from tuning.sweep.plain_data import shown
from tuning.sweep.wording import nearest, one_of, sentence, unknown


@dataclass(frozen=True)
class Draft:
    """A sweep as far as it could be read.

    given: the keys that have a value, whether or not it could be read; the loop gives some that are left out.
    values: what could be read, by key, and the defaults of keys that are not given.
    loop: what trains; None where there is nothing of that name.
    field_values: what is said of the fields of the loop's config.
    problems: what is wrong with what could not be read.
    """

    given: frozenset[str]
    values: Mapping[str, Any]
    loop: type[Loop] | None
    field_values: FieldValues
    problems: list[Problem]

    def has(self, *keys: str) -> bool:
        """Whether the values of all these keys are known."""
        return self.values.keys() >= set(keys)

    @cached_property
    def sweep(self) -> Sweep:
        """The sweep of these values; only what the draft has may be asked of it."""
        return Sweep.model_construct(**self.values)


def read(data: Mapping[str, Any]) -> Draft:
    """Reads the plain data of a sweep."""
    stated = {key: value for key, value in data.items() if value is not None}
    name = stated.get("loop")
    loop = _loop(name)
    given = {**_lent(loop, stated), **stated}
    # Where the loop is not known, its environment still is: all loops on environments have the same fields for it.
    config = EpisodicConfig if loop is None else loop.Config
    field_values, of_fields = loop_fields.read(config, str(name), given)
    values, of_keys = _read_keys(given, field_values, loop)
    unknown_keys = [_unknown_key(key, name, loop) for key in stated if key not in Sweep.model_fields]
    of_loop = [Problem("loop", loop_problem(name))] if loop is None else of_fields
    return Draft(frozenset(given), values, loop, field_values, [*unknown_keys, *of_loop, *of_keys])


def _read_keys(
    given: Mapping[str, Any], field_values: FieldValues, loop: type[Loop] | None
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of the sweep's keys, and what is wrong with the others.

    given: plain data by key.
    field_values: whose dimensions are those of the search.
    loop: what trains, if that is known.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for key, field in Sweep.model_fields.items():
        if key == "search":
            dimensions = field_values.search
            if UNKNOWN not in dimensions.values():
                values[key] = dict(dimensions)
        elif key in given:
            try:
                values[key] = _reader(key).validate_python(given[key], strict=True)
            except ValidationError as error:
                problems += [_problem(key, each, loop) for each in error.errors()]
        elif field.is_required():
            problems.append(Problem(key, "is missing"))
        else:
            values[key] = field.get_default(call_default_factory=True)
    return values, problems


def loop_problem(given: Any) -> str:
    """What is wrong with the name of a loop."""
    if isinstance(given, str) and ":" in given:
        try:
            loop_of(given)
        except Unimportable as flaw:
            return str(flaw)
    known = f"{one_of(LOOPS)}, or package.module:Class"
    return f"should be {known}, is {shown(given)}{nearest(str(given), LOOPS)}"


def _loop(name: Any) -> type[Loop] | None:
    """The loop of this name; None where there is none that could be used."""
    try:
        return loop_of(str(name))
    except Unimportable:
        return None


def _lent(loop: type[Loop] | None, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Values of keys that are left out, as the loop, the metric or a second objective has them."""
    if loop is None:
        return {}
    alone = {"halving": "off", "confirm": "off"} if "second" in stated else {}
    metric = stated.get("metric", loop.score)
    if metric == loop.score and not loop.Config.foreign:
        return {"metric": metric, "direction": loop.direction, **alone}
    known = direction_of(metric)
    return {"direction": known, **alone} if known else alone


def _unknown_key(key: str, name: Any, loop: type[Loop] | None) -> Problem:
    if loop and key in loop.Config.model_fields:
        return Problem(key, f"is a field of {name}: should stand under fixed or search")
    return Problem(key, unknown(key, Sweep.model_fields, "a sweep has no such key"))


@cache
def _reader(key: str) -> TypeAdapter[Any]:
    return TypeAdapter(Sweep.model_fields[key].rebuild_annotation())


def _problem(key: str, error: ErrorDetails, loop: type[Loop] | None) -> Problem:
    path = below(key, error["loc"])
    if path in ("second", "second.metric") and loop is not None:
        metric = None if error["type"] == "missing" else error["input"]
        metrics = ", ".join(loop.metrics)
        return Problem(path, f"should be seconds, steps or one of {metrics}, is {shown(metric)}")
    if error["type"] == "extra_forbidden":
        known = fields.groups(Sweep, key)[key].model_fields
        return Problem(path, unknown(str(error["loc"][-1]), known, f"{key} has no such setting"))
    if (
        path == "target"
        and error["type"] == "float_type"
        and loop is not None
        and "targets" in loop.Config.model_fields
    ):
        return Problem(path, f"{sentence(error)}; a column to predict is one of `fixed.targets`")
    return Problem(path, sentence(error))
