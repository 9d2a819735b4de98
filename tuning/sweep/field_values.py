"""What values the trials of a sweep come to have in a field, read from its plain data."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from trainables.loops.contract import Loop
from tuning.errors import Problem


def mapping(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What stands under the key; nothing where it is no mapping, which is reported elsewhere."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def searched(data: Mapping[str, Any], loop: type[Loop], name: str) -> list[Any]:
    """What trials after the first may have: the choices, of a range both ends; the one value where none is searched.

    Nothing where the loop does not have the field.
    """
    if name not in loop.Config.model_fields:
        return []
    dimension = mapping(data, "search").get(name)
    if dimension is None:
        return [default(data, loop, name)]
    given = dimension if isinstance(dimension, dict) else {}
    choices = given.get("choices")
    listed = list(choices) if isinstance(choices, list | dict) else []
    return [*(given[end] for end in ("low", "high") if end in given), *listed]


def default(data: Mapping[str, Any], loop: type[Loop], name: str) -> Any:
    """What trial 0 has, searched or not; None where the loop does not have the field."""
    for part in ("default", "fixed"):
        if name in mapping(data, part):
            return mapping(data, part)[name]
    return loop.Config.model_fields[name].default if name in loop.Config.model_fields else None


def largest(data: Mapping[str, Any], loop: type[Loop], name: str) -> int:
    """The largest whole number that trials after the first may have in the field; -1 where the loop has none."""
    return max(filter(is_whole, searched(data, loop, name)), default=-1)


def smallest(data: Mapping[str, Any], loop: type[Loop], name: str) -> int:
    """The smallest one; -1 where the loop has none."""
    return min(filter(is_whole, searched(data, loop, name)), default=-1)


def of_default(data: Mapping[str, Any], loop: type[Loop], name: str) -> int:
    """The whole number that trial 0 has in the field; -1 where there is none."""
    value = default(data, loop, name)
    return value if is_whole(value) else -1


def place(data: Mapping[str, Any], name: str) -> str:
    """The key path of a field that is fixed or searched."""
    return f"search.{name}" if name in mapping(data, "search") else f"fixed.{name}"


def default_problem(data: Mapping[str, Any], loop: type[Loop], name: str, should: str) -> Problem:
    """That trial 0 can't be trained with the value of a searched field that it takes, and how it is given another.

    It is no more than said: trial 0 is what champions are compared with, so it never is what nobody has asked for.
    """
    value = of_default(data, loop, name)
    if name in mapping(data, "default"):
        return Problem(f"default.{name}", f"should be {should}, is {value:_}")
    return Problem(
        f"search.{name}",
        f"trial 0 takes the loop's default, {value:_}, which should be {should}; "
        f"`default: {{{name}: ...}}` gives it another",
    )


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)
