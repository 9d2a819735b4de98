"""Sweeps out of files and presets."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path

from tuning.errors import Place, Problem, SweepError
from tuning.sweep import overrides, validation, yaml_text
from tuning.sweep.key_paths import enclosing
from tuning.sweep.model import Sweep
from tuning.sweep.overrides import Settings
from tuning.sweep.plain_data import shown
from tuning.sweep.presets import presets
from tuning.sweep.suggestions.beginning import Beginning, suggestion
from tuning.sweep.validation import Checked
from tuning.sweep.wording import nearest
from tuning.sweep.yaml_text import Document


def load(source: str | Beginning, settings: Settings = ()) -> Sweep:
    """The sweep in a preset or file, or what is suggested, as `checked` has it, without its notes."""
    return checked(source, settings).sweep


@contextmanager
def _prints_aside() -> Iterator[None]:
    """What people's modules print when they are imported is no answer of a command."""
    with redirect_stdout(sys.stderr):
        yield


@_prints_aside()
def checked(source: str | Beginning, settings: Settings = ()) -> Checked:
    """The sweep in a preset or file, or what is suggested, with settings over it, and what a person should know of it.

    Unlike a sweep made otherwise it is also checked for what this machine lacks: the environment, the data set.

    source: name of the preset, or path of the file; or an environment or data alone.
    settings: what is put over it, by key path.
    Raises SweepError with all that is wrong.
    """
    if isinstance(source, Beginning):
        return suggested(source, settings)[0]
    document = overrides.put_over(_document(source), settings)
    try:
        found = validation.checked_here(document.data)
    except SweepError as error:
        problems = [replace(each, place=document.place(each.key_path)) for each in error.problems]
        raise SweepError(problems) from None
    return Checked(found.sweep, [replace(each, place=document.place(each.key_path)) for each in found.notes])


@_prints_aside()
def suggested(beginning: Beginning, settings: Settings = ()) -> tuple[Checked, str]:
    """The sweep that is suggested, checked like one of a file, and the text of the file that it could be read from.

    beginning: an environment or data.
    settings: what is put over it, by key path.
    Raises SweepError with all that is wrong.
    """
    made = suggestion(beginning, settings)
    document = overrides.put_over(Document(made.data), settings)
    found = validation.checked_here(document.data)
    # What is said of a value does not hold of another that was put in its place.
    changed = {path for put in document.lines for path in enclosing(put)}
    comments = {path: each for path, each in made.comments.items() if path not in changed}
    heading = [*made.heading, *(each.message for each in found.notes)]
    return found, yaml_text.commented(document.data, heading, comments)


def _document(source: str) -> Document:
    known = {preset.name: preset.path for preset in presets()}
    if source in known:
        # Without lines: nothing is wrong with a preset but by what is put over it.
        return replace(yaml_text.read(known[source]), lines={})
    path = Path(source)
    if path.suffix not in (".yaml", ".yml") and not path.exists():
        hint = nearest(source, known) or f"; presets: {', '.join(known)}"
        raise SweepError([Problem("", f"{source!r} is neither a preset nor a file{hint}")])
    document = yaml_text.read(path)
    if not isinstance(document.data, dict):
        message = f"should be a mapping of a sweep's settings, is {shown(document.data)}"
        raise SweepError([Problem("", message, Place(source))])
    return document
