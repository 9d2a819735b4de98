"""Classes that people bring: found by `package.module:Class`."""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any


class Unimportable(ValueError):
    """There is nothing of that name that could be used; the message says what is wrong, in a line."""


def load(name: str) -> Any:
    """What stands at `package.module:Class`, installed or in the folder where the sweep was begun.

    Raises Unimportable where the name is not of that form, the module can't be imported or has nothing of that name.
    """
    module, colon, attribute = name.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise Unimportable(f"should be package.module:Class, is {name!r}")
    # A script of an installed command does not look into the current folder, which is where people keep their modules.
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise Unimportable(f"{name}: {module} can't be imported: {reason}") from error
    if not hasattr(found, attribute):
        raise Unimportable(f"{name}: {module} has no {attribute}")
    return getattr(found, attribute)


def is_foreign(found: object) -> bool:
    """Whether this is a Trainable of Ray Tune: a function, or a class derived from Tune's."""
    if isinstance(found, type):
        # The module of such a class has imported it.
        tune = sys.modules.get("ray.tune")
        return tune is not None and issubclass(found, tune.Trainable)
    return inspect.isfunction(found)
