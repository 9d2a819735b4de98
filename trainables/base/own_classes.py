"""Classes that people bring, found by `package.module:Class`."""

import difflib
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from trainables.base import own_code, own_folders


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
    try:
        found = imported(module)
    except Unimportable as flaw:
        raise Unimportable(f"{name}: {flaw}") from flaw
    if not hasattr(found, attribute):
        raise Unimportable(f"{name}: {module} has no {attribute}{_another(module)}")
    return getattr(found, attribute)


def imported(module: str) -> ModuleType:
    """Imports a module, from what is installed or from the folder in which the sweep was begun.

    Raises Unimportable, with the reason.
    """
    if not all(part.isidentifier() for part in module.split(".")) or module.endswith(".py"):
        raise Unimportable(f"{module!r} should be the name of a module, such as my_module or package.my_module")
    # An installed command does not look for modules in the current folder, which is where people keep theirs.
    own_folders.look_in([str(Path.cwd())])
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        hint = _near(module) if isinstance(error, ModuleNotFoundError) and error.name == module else ""
        raise Unimportable(f"{module} can't be imported: {own_code.told(error)}{hint}") from error


def _near(module: str) -> str:
    """Which module of the current folder may have been meant."""
    there = [path.stem for path in Path.cwd().glob("*.py")]
    near = difflib.get_close_matches(module, there, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _another(module: str) -> str:
    """What to say where the current folder has a file that may have been meant."""
    top = module.partition(".")[0]
    unused = own_folders.unused(Path.cwd())
    name = next((name for name in (f"{top}.py", top) if name in unused), None)
    return "" if name is None else f"; {name} in this folder is not used, as {unused[name]} has a module of that name"


def is_ray_trainable(found: object) -> bool:
    """Whether this is a Trainable of Ray Tune: a function, or a class derived from Tune's own."""
    if isinstance(found, type):
        # The module of such a class has imported Ray.
        tune = sys.modules.get("ray.tune")
        return tune is not None and issubclass(found, tune.Trainable)
    return inspect.isfunction(found)
