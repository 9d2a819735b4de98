"""Settings that are put over a sweep, by key path."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from tuning.errors import Problem, SweepError
from tuning.sweep import yaml_text
from tuning.sweep.yaml_text import Document

Settings: TypeAlias = Mapping[str, Any] | Sequence[str]
"""Values by key path, `{"fixed.gamma": 0.98}`, or texts as a command has them, `fixed.gamma=0.98`."""

_INSTEAD = {"fixed": ("search", "default"), "search": ("fixed",)}
"""What is put under the one takes the same field out of the others."""


def put_over(document: Document, settings: Settings) -> Document:
    """The document with the settings over it, each over those before; raises SweepError where one is none.

    One of `fixed.x` takes x out of the search and of `default`, one of `search.x` takes it out of what is fixed.
    """
    pairs: Iterable[tuple[str, Any]] = settings.items() if isinstance(settings, Mapping) else map(_parsed, settings)
    for path, value in pairs:
        keys = path.strip().split(".") if isinstance(path, str) else []
        if not keys or not all(keys):
            raise SweepError([Problem("", f"{path!r} should be a key path, such as fixed.gamma")])
        document = document.put(keys, value)
        for other in _INSTEAD.get(keys[0], ()) if len(keys) > 1 else ():
            document = document.without(other, keys[1])
    return document


def _parsed(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals or not all(path.strip().split(".")):
        raise SweepError([Problem("", f"{text!r} should be key.path=value, such as fixed.gamma=0.99")])
    return path, yaml_text.parse(value, path)
