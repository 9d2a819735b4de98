"""Classes that people bring, found by `package.module:Class`."""

import importlib
import inspect
import sys
from pathlib import Path
from typing import Any


class Unimportable(ValueError):
    """Nothing usable has that name; the message says in one line what is wrong."""


def load(name: str) -> Any:
    """Imports `package.module:Class`, from what is installed or from the folder in which the sweep was begun.

    Raises Unimportable if the name does not have that form, the module can't be imported, or it has nothing of the
    name.
    """
    module, colon, attribute = name.partition(":")
    if not (colon and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))):
        raise Unimportable(f"should be package.module:Class, is {name!r}")
    # An installed command does not look for modules in the current folder, which is where people keep theirs.
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


def is_ray_trainable(found: object) -> bool:
    """Whether this is a Trainable of Ray Tune: a function, or a class derived from Tune's own."""
    if isinstance(found, type):
        # The module of such a class has imported Ray.
        tune = sys.modules.get("ray.tune")
        return tune is not None and issubclass(found, tune.Trainable)
    return inspect.isfunction(found)
