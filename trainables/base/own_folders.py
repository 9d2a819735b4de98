"""The folders in which people keep modules of their own, where a `package.module:name` is looked for.

They come last on Python's path, so that no file in them takes the place of a module of the platform or of a library.
"""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path

PLATFORM = ("tuning", "trainables")


def of_this_process() -> tuple[str, ...]:
    """Where this process finds such modules: the folder of the script that runs, and the current folder."""
    script = str(Path(sys.argv[0]).resolve().parent) if sys.argv and sys.argv[0] else ""
    here = str(Path.cwd())
    return (script, here) if script in sys.path and script != here else (here,)


def look_in(folders: Iterable[str]) -> None:
    """Have modules found in these folders too, after all that this process knows."""
    sys.path.extend(folder for folder in folders if folder not in sys.path)


def unused(folder: Path) -> dict[str, str]:
    """The files of a folder that nobody can import from it, since their names are taken: by whom.

    They are `name.py` and packages; said of each are `the platform`, `Python` or `a library`.
    """
    files = [*folder.glob("*.py"), *(path.parent for path in folder.glob("*/__init__.py"))]
    taken = {path.name: _owner(path.stem, folder.resolve()) for path in sorted(files) if path.stem.isidentifier()}
    return {name: owner for name, owner in taken.items() if owner is not None}


def _owner(module: str, folder: Path) -> str | None:
    """Whose module of this name is found elsewhere than in the folder; None where none is."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None  # one that is being imported, or was made by hand
    if spec is None:
        return None
    if module in PLATFORM:
        owner = "the platform"
    elif module in sys.stdlib_module_names:
        owner = "Python"
    else:
        owner = "a library"
    found = [*([spec.origin] if spec.has_location and spec.origin else []), *(spec.submodule_search_locations or [])]
    return None if any(Path(place).resolve().is_relative_to(folder) for place in found) else owner


def sentences(folder: Path) -> list[str]:
    """A sentence of each of the files that `unused` finds, for people."""
    return [
        f"{name} in this folder is not used: {owner} has a module of that name"
        for name, owner in unused(folder).items()
    ]
