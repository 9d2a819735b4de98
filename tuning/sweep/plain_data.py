"""Plain data: what a file or a caller says, before anyone asks what it means.

Plain are None, true and false, finite numbers, text, and lists and mappings of these with text as keys.
"""

import math
import reprlib
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import BaseModel

from tuning.errors import Problem, SweepError

LARGEST = 2**63
"""Whole numbers are smaller, since SQL databases and JSON readers have 64 bits for them."""

_DEEPEST = 20


def plain(value: Any) -> tuple[Any, list[Problem]]:
    """The value as plain data, models as mappings and tuples as lists; with null for what is none, and where it was.

    Raises SweepError where the value is nested too deeply, or within itself.
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


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Plain data by key path; lists are values of their own."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    return {at: leaf for prefix, item in pairs for at, leaf in flat(item, prefix).items()}


def key_paths(value: Any, path: str = "") -> Iterator[str]:
    """The key paths of all that plain data holds, in its order: `search`, `search.gamma`, `search.gamma.low`..."""
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        pairs = ((f"{path}.{key}" if path else key, item) for key, item in value.items())
    elif isinstance(value, list):
        pairs = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    for at, item in pairs:
        yield at
        yield from key_paths(item, at)


def key_path(path: str, parts: Iterable[str | int]) -> str:
    """The key path of what lies below another one, by keys of mappings and places in lists."""
    return path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def enclosing(key_path: str) -> Iterator[str]:
    """The key path, and those of all that encloses it, from the inside out."""
    while key_path:
        yield key_path
        key_path = key_path[: max(key_path.rfind("."), key_path.rfind("["), 0)]


def in_order(problems: Iterable[Problem], data: Any) -> list[Problem]:
    """The first problem of each key path, in the order of the plain data; what is missing from it comes first."""
    places = {path: place for place, path in enumerate(key_paths(data))}
    firsts: dict[str, Problem] = {}
    for problem in problems:
        firsts.setdefault(problem.key_path, problem)

    def place(problem: Problem) -> int:
        return next((places[path] for path in enclosing(problem.key_path) if path in places), -1)

    return sorted(firsts.values(), key=place)
