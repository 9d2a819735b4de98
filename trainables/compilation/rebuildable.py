"""Functions that remember how they were made, so that another process can make them again.

@rebuildable
def scaled(factor: float) -> Callable[[Tensor], Tensor]:
    return lambda tensor: factor * tensor

scaled(2.0)                 # a Rebuildable, called like the function itself
repr(scaled(2.0))           # module:scaled(2.0), the same in every process
pickle.dumps(scaled(2.0))   # holds the factory's name and its arguments, no code
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache, wraps
from typing import Any

PACKAGE = __name__.partition(".")[0] + "."


@dataclass(frozen=True, eq=False)
class Rebuildable:
    """A function with its recipe: the name of its factory, `package.module:name`, and the factory's arguments.

    Of the same recipe there is one object in a process.
    """

    factory: str
    arguments: tuple[Any, ...]
    function: Callable[..., Any]

    def __call__(self, *inputs: Any) -> Any:
        """What the function returns."""
        return self.function(*inputs)

    def __repr__(self) -> str:
        """The recipe, the same in every process."""
        return f"{self.factory}{self.arguments!r}"

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str, tuple[Any, ...]]]:
        return rebuilt, (self.factory, self.arguments)


def rebuildable(factory: Callable[..., Callable[..., Any]]) -> Callable[..., Rebuildable]:
    """Decorates a factory, a function of a module, so that what it returns is Rebuildable."""
    signature = inspect.signature(factory)

    @lru_cache(maxsize=64)
    def of(arguments: tuple[Any, ...]) -> Rebuildable:
        return Rebuildable(f"{factory.__module__}:{factory.__name__}", arguments, factory(*arguments))

    @lru_cache(maxsize=64)
    @wraps(factory)
    def make(*given: Any, **named: Any) -> Rebuildable:
        bound = signature.bind(*given, **named)
        bound.apply_defaults()
        return of(bound.args)

    return make


def rebuilt(factory: str, arguments: tuple[Any, ...]) -> Rebuildable:
    """The function of a recipe."""
    module, _, name = factory.partition(":")
    found: Rebuildable = getattr(importlib.import_module(module), name)(*arguments)
    return found


def is_ours(value: Any) -> bool:
    """Whether a function is made by this package out of plain values, so that the package's source is all of its code.

    A person's own networks and losses are not: under the same name their code may be another tomorrow.
    """
    if isinstance(value, Rebuildable):
        return value.factory.startswith(PACKAGE) and is_ours(value.arguments)
    if isinstance(value, tuple):
        return all(is_ours(each) for each in value)
    if is_dataclass(value) and type(value).__module__.startswith(PACKAGE):
        return not getattr(value, "foreign", False) and is_ours(
            tuple(getattr(value, field.name) for field in fields(value))
        )
    return value is None or isinstance(value, bool | int | float | str)
