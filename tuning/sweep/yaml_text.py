"""YAML as people mean it: text to plain data, with the line of every key path, and back.

Only true and false are read as such (not yes, no, on, off), 1e-4 is a number and 1e5 a whole one, nothing is octal, a
date or a time of day. Aliases and tags are refused: no text has a say in what is made of it but plain data.
"""

import io
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, StringMark, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.representer import RoundTripRepresenter, SafeRepresenter

from tuning.errors import Place, Problem, SweepError
from tuning.sweep.key_paths import enclosing
from tuning.sweep.plain_data import LARGEST, shown

_WHOLE = re.compile(r"[-+]?[0-9]{1,24}")
_NUMBER = re.compile(r"[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?|[-+]?\.(inf|nan)")
_WORDS = {"": None, "~": None, "null": None, "Null": None, "true": True, "True": True, "false": False, "False": False}
_PLAIN_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./+-]*")
_BOOLEANS_OF_YAML_1_1 = {"yes", "no", "on", "off"}
_TAGS = {"map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge", "value"}


@dataclass(frozen=True)
class Document:
    """Plain data and, where it is that of a file, the lines on which it stands.

    data: what the file says, with what was put over it.
    lines: by key path; None of what was put over the file.
    file: what the file is called in messages.
    """

    data: Any
    lines: Mapping[str, int | None] = field(default_factory=dict)
    file: str = ""

    def place(self, key_path: str) -> Place | None:
        """Where the key path stands, or else what encloses it; None where that is the whole file, or no part of it."""
        line = next((self.lines[path] for path in enclosing(key_path) if path in self.lines), None)
        return None if line is None else Place(self.file, line)

    def put(self, keys: Sequence[str], value: Any) -> "Document":
        """The document with a value at the path of these keys, in place of whatever stands in its way."""
        path = ".".join(keys)
        kept = {other: line for other, line in self.lines.items() if path not in enclosing(other)}
        return replace(self, data=_put(self.data, keys, value), lines={**kept, path: None})

    def without(self, key: str, name: str) -> "Document":
        """The document without this name in the mapping that stands under the key, if there is one."""
        inner = self.data.get(key)
        if not isinstance(inner, dict) or name not in inner:
            return self
        return replace(self, data={**self.data, key: {each: item for each, item in inner.items() if each != name}})


def _put(data: Any, keys: Sequence[str], value: Any) -> dict[str, Any]:
    key, *rest = keys
    known = data if isinstance(data, dict) else {}
    return {**known, key: _put(known.get(key), rest, value) if rest else value}


def read(path: Path) -> Document:
    """The content of a file; raises SweepError where there is none to be had, with the line where there is one."""
    try:
        return Document(*_read(path.read_text(encoding="utf-8")), file=str(path))
    except _Refused as refused:
        raise SweepError([Problem("", str(refused), Place(str(path), refused.line, refused.column))]) from None
    except FileNotFoundError:
        message = "there is no such file"
    except IsADirectoryError:
        message = "is a folder: should be a YAML file"
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 text (byte {error.start}): should be a YAML file"
    except OSError as error:
        message = f"can't be read: {error.strerror}"
    raise SweepError([Problem("", message, Place(str(path)))])


def parse(text: str, source: str = "text") -> Any:
    """Plain data from YAML text; raises SweepError, which names the source and where in it the mistake is."""
    try:
        data, _ = _read(text)
    except _Refused as refused:
        where = f"line {refused.line}, column {refused.column}: " if refused.line else ""
        raise SweepError([Problem("", f"{source}: {where}{refused}")]) from None
    return data


def write(data: Any) -> str:
    """YAML text that `parse` reads as the same plain data."""
    yaml, text = YAML(typ="safe", pure=True), io.StringIO()
    yaml.Representer = _Representer
    # Without folds: ruamel folds texts with escapes so that it reads other ones.
    yaml.width, yaml.allow_unicode = 2**20, False
    # Lists and mappings that hold nothing but scalars stand on one line.
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(data, text)
    return text.getvalue()


def commented(data: Mapping[str, Any], heading: Sequence[str], comments: Mapping[str, str]) -> str:
    """YAML text for people, that `parse` reads as the same plain data.

    data: of a sweep: its mappings stand in a line each, but for those of `fixed` and `search`, whose keys do.
    heading: lines of comment above it.
    comments: by key path, above the key; those of keys that are not there are left out.
    """
    yaml, text = YAML(pure=True), io.StringIO()
    yaml.Representer = _RepresenterForPeople
    yaml.width, yaml.allow_unicode = 2**20, True
    whole = _block(data, "", comments, 0)
    whole.yaml_set_start_comment("\n".join(line for each in heading for line in _folded(each, 0)))
    yaml.dump(whole, text)
    return text.getvalue()


def _block(data: Mapping[str, Any], path: str, comments: Mapping[str, str], indent: int) -> CommentedMap:
    """A mapping with a line for each key, and a comment above those that have one."""
    block = CommentedMap()
    for key, value in data.items():
        place = f"{path}.{key}" if path else key
        spread = not path and key in ("fixed", "search") and isinstance(value, Mapping) and value
        block[key] = _block(value, place, comments, indent + 2) if spread else _line(value)
        if place in comments:
            before = "\n".join(_folded(comments[place], indent))
            block.yaml_set_comment_before_after_key(key, before=before, indent=indent)
    return block


def _line(value: Any) -> Any:
    """A value that stands in one line."""
    made: Any = value
    if isinstance(value, Mapping):
        made = CommentedMap((key, _line(item)) for key, item in value.items())
        made.fa.set_flow_style()
    elif isinstance(value, list | tuple):
        made = CommentedSeq(_line(item) for item in value)
        made.fa.set_flow_style()
    return made


def _folded(text: str, indent: int) -> list[str]:
    """A comment in lines that are not too long; nothing in it can end the comment."""
    return textwrap.wrap("".join(each if each.isprintable() else " " for each in text), 116 - indent)


class _Representer(SafeRepresenter):
    """Quotes all texts but plain words; ruamel leaves some as they are that it can't read."""

    def represent_str(self, data: str) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=_quotes(data))


_Representer.add_representer(str, _Representer.represent_str)


class _RepresenterForPeople(RoundTripRepresenter):
    """Also writes numbers as they are easily read: 30_000 and 1.0e-3."""

    def represent_str(self, data: str) -> ScalarNode:
        # Between double quotes whatever can't be seen is escaped.
        style = _quotes(data) if data.isprintable() else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def represent_int(self, data: int) -> ScalarNode:
        text = f"{data:_}" if abs(data) >= 10_000 else str(data)
        return self.represent_scalar("tag:yaml.org,2002:int", text)

    def represent_float(self, data: float) -> ScalarNode:
        digits, _, power = f"{data:e}".partition("e")
        short = f"{float(digits)!r}e{int(power)}"
        small = 0 < abs(data) < 0.01 and float(short) == data
        return self.represent_scalar("tag:yaml.org,2002:float", short if small else repr(data))

    def represent_none(self, data: None) -> ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:null", "null")


_RepresenterForPeople.add_representer(str, _RepresenterForPeople.represent_str)
_RepresenterForPeople.add_representer(int, _RepresenterForPeople.represent_int)
_RepresenterForPeople.add_representer(float, _RepresenterForPeople.represent_float)
_RepresenterForPeople.add_representer(type(None), _RepresenterForPeople.represent_none)


def _quotes(text: str) -> str | None:
    return None if _PLAIN_WORDS.fullmatch(text) and text.lower() not in _BOOLEANS_OF_YAML_1_1 else "'"


class _Refused(Exception):
    """What is wrong with the text, and where, if that is known."""

    def __init__(self, message: str, mark: StringMark | None = None) -> None:
        super().__init__(message)
        self.line = mark.line + 1 if mark else None
        self.column = mark.column + 1 if mark else None


def _read(text: str) -> tuple[Any, dict[str, int]]:
    """The plain data of a text, and the line of every key path."""
    reader = _Reader()
    try:
        node = YAML(typ="safe", pure=True).compose(text)
        return (None if node is None else reader.value(node, "")), reader.lines
    except MarkedYAMLError as error:
        said = ": ".join(part for part in (error.context, error.problem) if part)
        raise _Refused(said, error.problem_mark) from error
    except (YAMLError, ValueError, OverflowError) as error:
        raise _Refused(f"is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError as error:
        raise _Refused("is nested too deeply") from error


class _Reader:
    """Makes plain data of nodes, and keeps their lines."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self._seen: set[int] = set()

    def value(self, node: Node, path: str) -> Any:
        """The plain data of a node that stands at this key path."""
        if id(node) in self._seen:
            raise _Refused("an alias (*name) has no place here: should be written out", node.start_mark)
        self._seen.add(id(node))
        if str(node.tag).removeprefix("tag:yaml.org,2002:") not in _TAGS:
            raise _Refused(f"a tag ({node.tag}) has no place here: should be left out", node.start_mark)
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self._item(item, f"{path}[{index}]") for index, item in enumerate(node.value)]
        quoted = isinstance(node, ScalarNode) and node.style is not None
        return node.value if quoted else _scalar(node.value)

    def _item(self, node: Node, path: str) -> Any:
        self.lines[path] = node.start_mark.line + 1
        return self.value(node, path)

    def _mapping(self, node: MappingNode, path: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            key, line = self.value(key_node, ""), key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise _Refused(f"a key should be text, is {shown(key)}", key_node.start_mark)
            if key in values:
                message = f"the key {key!r} stands twice, on lines {lines[key]} and {line}"
                raise _Refused(message, key_node.start_mark)
            place = f"{path}.{key}" if path else key
            lines[key] = self.lines[place] = line
            values[key] = self.value(value_node, place)
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
    return int(number) if "." not in digits and number.is_integer() and abs(number) < LARGEST else number
