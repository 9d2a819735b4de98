"""Functions that know what they were made of, so that another process can make them again."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache, wraps
from typing import Any

OURS = __name__.partition(".")[0] + "."


@dataclass(frozen=True, eq=False)
class Made:
    """What a factory has made of its arguments. One of the same arguments is the same object, and pickles as them.

    name: of the factory, `package.module:name`.
    """

    name: str
    arguments: tuple[Any, ...]
    function: Callable[..., Any]

    def __call__(self, *given: Any) -> Any:
        """What the function gives."""
        return self.function(*given)

    def __repr__(self) -> str:
        """Of the same factory and arguments the same in every process."""
        return f"{self.name}{self.arguments!r}"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, tuple[Any, ...]]]:
        return again, (self.name, self.arguments)


def made(factory: Callable[..., Callable[..., Any]]) -> Callable[..., Made]:
    """A factory, a function of a module, whose functions know what they were made of."""
    signature = inspect.signature(factory)

    @lru_cache(maxsize=64)
    def of(arguments: tuple[Any, ...]) -> Made:
        return Made(f"{factory.__module__}:{factory.__name__}", arguments, factory(*arguments))

    @lru_cache(maxsize=64)
    @wraps(factory)
    def make(*given: Any, **named: Any) -> Made:
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        return of(bound.args)

    return make


def again(name: str, arguments: tuple[Any, ...]) -> Made:
    """The function of this factory and these arguments."""
    module, _, factory = name.partition(":")
    found: Made = getattr(importlib.import_module(module), factory)(*arguments)
    return found


def is_ours(value: Any) -> bool:
    """Whether a function is made by this package of plain values alone, so that its code is known: that of the package.

    Networks and losses of a person's own are not: their code may be another tomorrow, under the same name.
    """
    if isinstance(value, Made):
        return value.name.startswith(OURS) and is_ours(value.arguments)
    if isinstance(value, tuple):
        return all(is_ours(each) for each in value)
    if is_dataclass(value) and type(value).__module__.startswith(OURS):
        return not getattr(value, "foreign", False) and is_ours(
            tuple(getattr(value, field.name) for field in fields(value))
        )
    return value is None or isinstance(value, bool | int | float | str)
