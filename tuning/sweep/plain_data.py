"""Plain data: what a file or a caller says, before anyone asks what it means.

Plain are None, true and false, finite numbers, text, and lists and mappings of these with text as keys.
"""

import math
import reprlib
from typing import Any

from pydantic import BaseModel

from tuning.errors import Problem, SweepError

LARGEST = 2**63
"""Whole numbers are smaller, since SQL databases and JSON readers have 64 bits for them."""

_DEEPEST = 20


def plain(value: Any) -> tuple[Any, list[Problem]]:
    """The value as plain data, with null in place of what can't be any; and where that was.

    Models become mappings, tuples lists. Raises SweepError where the value is nested too deeply, or within itself.
    """
    found: list[Problem] = []
    return _plain(value, "", 0, found), found


def shown(value: Any) -> str:
    """The value as a file would have it, cut short."""
    return _SHORT.repr(value)


class _Short(reprlib.Repr):
    """Python's own short form, with YAML's words."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60

    def repr_NoneType(self, value: None, level: int) -> str:
        return "null"

    def repr_bool(self, value: bool, level: int) -> str:
        return "true" if value else "false"

    def repr_int(self, value: int, level: int) -> str:
        return str(value) if abs(value) < LARGEST else "a number beyond 64 bits"


_SHORT = _Short()


def _plain(value: Any, path: str, depth: int, found: list[Problem]) -> Any:
    if depth > _DEEPEST:
        raise SweepError([Problem(path, "is nested too deeply")])
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        items = ((key, f"{path}.{key}" if path else key, item) for key, item in value.items())
        return {key: _plain(item, place, depth + 1, found) for key, place, item in items}
    if isinstance(value, list | tuple):
        return [_plain(item, f"{path}[{index}]", depth + 1, found) for index, item in enumerate(value)]
    if _is_plain(value):
        return value
    found.append(
        Problem(path, f"should be text, a finite number, true, false, null or made of these, is {shown(value)}")
    )
    return None


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < LARGEST
    return value is None
