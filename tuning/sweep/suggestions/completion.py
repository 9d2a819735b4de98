"""A file that says what to train on, and not what to search: what it does not say is suggested."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from trainables.loops.registry import LOOPS
from tuning.sweep.plain_data import shown
from tuning.sweep.suggestions.beginning import Beginning, suggestion
from tuning.sweep.yaml_text import Document

NEEDED = ("name", "loop", "budget", "search")
"""The keys that a whole sweep can't be without, and this one can."""

TARGETS = "fixed.targets"


@dataclass(frozen=True)
class ShortFile:
    """A file without a search.

    document: what it says, with the columns to predict where a whole sweep has them.
    renamed: by key path of a whole sweep how the file calls it.
    """

    document: Document
    renamed: Mapping[str, str]

    def completed(self) -> tuple[Document, str]:
        """All that the file says, with what it does not say; and that in words.

        Raises SweepError where nothing can be suggested for what it names.
        """
        said = {key: value for key, value in self.document.data.items() if value is not None}
        beginning = Beginning(said.get("environment"), said.get("data"), None, said.get("loop"))
        made = dict(suggestion(beginning, {"fixed": said["fixed"]} if "fixed" in said else {}).data)
        if "second" in said:
            # Then a front is shown, and nothing is halved or confirmed.
            made = {key: value for key, value in made.items() if key not in ("halving", "confirm")}
        fixed = _fields(said, "fixed")
        for key in ("fixed", "default", "search"):
            if key in made:
                made[key] = {field: value for field, value in made[key].items() if field not in fixed}
        whole = {**made, **said}
        for key in ("fixed", "default"):
            if _fields(made, key) and isinstance(said.get(key, {}), dict):
                whole[key] = {**made[key], **_fields(said, key)}
        # In the order of the file, as its problems are told.
        ordered = {key: whole[key] for key in dict.fromkeys([*said, *whole])}
        return replace(self.document, data=ordered), ", ".join(_in_words(made, said))


def short_file(document: Document) -> ShortFile | None:
    """The file as one that needs to be completed, if it is."""
    data = document.data
    subjects = [data[key] for key in ("environment", "data") if data.get(key) is not None]
    if data.get("search") is not None or len(subjects) != 1 or not isinstance(subjects[0], str):
        return None
    if data.get("loop") is not None and data["loop"] not in list(LOOPS):
        return None
    target, fixed = data.get("target"), data.get("fixed")
    columns = target if isinstance(target, list) else [target]
    is_columns = bool(columns) and all(isinstance(each, str) for each in columns)
    if data.get("data") is None or not is_columns or not isinstance(fixed, dict | None) or "targets" in (fixed or {}):
        return ShortFile(document, {})
    rest = {key: value for key, value in data.items() if key != "target"}
    lines = {**document.lines, TARGETS: document.lines.get("target")}
    moved = {**rest, "fixed": {**(fixed or {}), "targets": columns}}
    return ShortFile(replace(document, data=moved, lines=lines), {TARGETS: "target"})


def _fields(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _in_words(made: Mapping[str, Any], said: Mapping[str, Any]) -> Iterator[str]:
    """What is suggested, key by key."""
    for key, value in made.items():
        if key in ("fixed", "default"):
            new = [f"{field} {_shown(each)}" for field, each in value.items() if field not in _fields(said, key)]
            yield from (each if key == "fixed" else f"at first {each}" for each in new)
        elif key == "search":
            yield f"a search of {', '.join(value)}"
        elif key not in said:
            yield key if isinstance(value, dict) else f"{key} {_shown(value)}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else shown(value)
