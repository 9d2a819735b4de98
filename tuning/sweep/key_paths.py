"""Key paths: names for what lies within plain data, such as `search.gamma.high` and `first[0]`."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from tuning.errors import Note, Problem

About = TypeVar("About", Problem, Note)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """All values of plain data by key path; a list is one value."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    return {at: leaf for prefix, item in pairs for at, leaf in flat(item, prefix).items()}


def walk(value: Any, path: str = "") -> Iterator[str]:
    """The key paths of all that plain data holds, in its order: `search`, `search.gamma`, `search.gamma.low`..."""
    pairs: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        pairs = ((f"{path}.{key}" if path else key, item) for key, item in value.items())
    elif isinstance(value, list):
        pairs = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    for at, item in pairs:
        yield at
        yield from walk(item, at)


def below(path: str, parts: Iterable[str | int]) -> str:
    """The key path of what lies below another: `search` and ("choices", 0) make `search.choices[0]`."""
    return path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def enclosing(key_path: str) -> Iterator[str]:
    """The key path, and those of all that encloses it, from the inside out."""
    while key_path:
        yield key_path
        key_path = key_path[: max(key_path.rfind("."), key_path.rfind("["), 0)]


def in_order(problems: Iterable[Problem], data: Any) -> list[Problem]:
    """The first problem of each key path, in the order of the plain data; what is missing from it comes first."""
    firsts: dict[str, Problem] = {}
    for problem in problems:
        firsts.setdefault(problem.key_path, problem)
    return _sorted(firsts.values(), data)


def notes_in_order(notes: Iterable[Note], data: Any) -> list[Note]:
    """All notes, each once, in the order of the plain data; those of what is missing from it come first."""
    return _sorted(dict.fromkeys(notes), data)


def _sorted(found: "Iterable[About]", data: Any) -> "list[About]":
    places = {path: place for place, path in enumerate(walk(data))}

    def place(each: About) -> int:
        return next((places[path] for path in enclosing(each.key_path) if path in places), -1)

    return sorted(found, key=place)
