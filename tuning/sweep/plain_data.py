"""Plain data: what a file or a caller says, before anyone asks what it means.

Plain are None, true and false, finite numbers, text, and lists and mappings of these with text as keys.
"""

import math
import re
import reprlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from tuning.errors import Problem, SweepError

_WHOLE = re.compile(r"[-+]?[0-9]{1,24}")
_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "true": True, "True": True, "false": False, "False": False}
_TAGS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}
_DEEPEST = 20
_LARGEST = 2**63


def read(path: Path) -> Any:
    """The content of a YAML file; raises SweepError where there is none to be had."""
    try:
        return parse(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        message = "there is no such file"
    except IsADirectoryError:
        message = "is a folder: should be a YAML file"
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start}): should be a YAML file"
    except OSError as error:
        message = f"can't be read: {error.strerror}"
    raise SweepError([Problem("", f"{path}: {message}")])


def parse(text: str, source: str = "text") -> Any:
    """Plain data from YAML text; raises SweepError with the line of what is wrong.

    Only true and false are read as such (not yes, no, on, off), 1e-4 is a number and 1e5 a whole one, nothing is octal,
    a date or a time of day. That is what people mean, and safe: no tag has a say in what is made.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _value(node, set())
    except yaml.MarkedYAMLError as error:
        message = _located(error)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        message = f"is not YAML: {' '.join(str(error).split())}"
    except RecursionError:
        message = "is nested too deeply"
    raise SweepError([Problem("", f"{source}: {message}")])


def write(data: Any) -> str:
    """YAML text that `parse` reads as the same plain data."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=120)


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
        return str(value) if abs(value) < _LARGEST else "a number beyond 64 bits"


_SHORT = _Short()


class _Dumper(yaml.SafeDumper):
    """Quotes what `parse` would read as a number, and what other readers of YAML would."""


_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER, list("-+.0123456789"))


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
        return abs(value) < _LARGEST
    return value is None


def _value(node: yaml.Node, seen: set[int]) -> Any:
    if id(node) in seen:
        raise _error(node, "an alias (*name) has no place here: should be written out")
    seen.add(id(node))
    if node.tag.removeprefix("tag:yaml.org,2002:") not in _TAGS:
        raise _error(node, f"a tag ({node.tag}) has no place here: should be left out")
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, seen) for item in node.value]
    quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
    return node.value if quoted else _scalar(node.value)


def _mapping(node: yaml.MappingNode, seen: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        key, line = _value(key_node, seen), key_node.start_mark.line + 1
        if not isinstance(key, str):
            raise _error(key_node, f"a key should be text, is {shown(key)}")
        if key in values:
            raise _error(key_node, f"the key {key!r} stands twice, on lines {lines[key]} and {line}")
        values[key], lines[key] = _value(value_node, seen), line
    return values


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if not _NUMBER.fullmatch(text):
        return text
    digits = text.replace("_", "")
    if _WHOLE.fullmatch(digits):
        return int(digits)
    number = float(digits.replace(".inf", "inf").replace(".nan", "nan"))
    return int(number) if "." not in digits and number.is_integer() and abs(number) < _LARGEST else number


def _error(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _located(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + ": ".join(part for part in (error.context, error.problem) if part)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Plain data by key path; lists are values of their own."""
    if not isinstance(value, dict) or not value:
        return {path: value}
    pairs = [(f"{path}.{key}" if path else str(key), item) for key, item in value.items()]
    return {at: leaf for prefix, item in pairs for at, leaf in flat(item, prefix).items()}
