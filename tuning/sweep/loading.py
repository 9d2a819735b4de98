"""Sweeps out of files and presets."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from tuning.errors import Note, Place, Problem, SweepError
from tuning.sweep import overrides, validation, yaml_text
from tuning.sweep.key_paths import About, enclosing
from tuning.sweep.model import Sweep
from tuning.sweep.overrides import Settings
from tuning.sweep.plain_data import shown
from tuning.sweep.presets import presets
from tuning.sweep.suggestions import completion
from tuning.sweep.suggestions.beginning import Beginning, suggestion
from tuning.sweep.suggestions.completion import ShortFile
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
    short = completion.short_file(document)
    if short is not None:
        return _completed(short)
    with _placed(document):
        found = validation.checked_here(document.data)
    return Checked(found.sweep, _notes(found, document))


def _completed(short: ShortFile) -> Checked:
    """The sweep in a file that does not say all that a sweep has to have."""
    with _placed(short.document, short.renamed):
        try:
            document, suggested = short.completed()
        except SweepError as error:
            raise SweepError([*error.problems, *_others(short, error.problems)]) from None
        found = validation.checked_here(document.data)
    note = Note("", f"what the file does not say is suggested, as by `tuning new`: {suggested}", Place(document.file))
    return Checked(found.sweep, [note, *_notes(found, document, short.renamed)])


def _others(short: ShortFile, known: Sequence[Problem]) -> list[Problem]:
    """What is wrong with a file for which nothing can be suggested, but for what it lacks and what is known."""
    data = short.document.data
    loop = "supervised" if data.get("data") is not None else "dqn"
    try:
        validation.to_begin({"loop": loop, **data})
    except SweepError as error:
        left_out = {*completion.NEEDED} - data.keys() | {each.key_path for each in known}
        return [each for each in error.problems if each.key_path not in left_out]
    return []


@contextmanager
def _placed(document: Document, renamed: Mapping[str, str] = MappingProxyType({})) -> Iterator[None]:
    """Problems get the lines on which the document has what they are about, and its words for it."""
    try:
        yield
    except SweepError as error:
        raise SweepError([_at_home(each, document, renamed) for each in error.problems]) from None


def _notes(found: Checked, document: Document, renamed: Mapping[str, str] = MappingProxyType({})) -> list[Note]:
    return [_at_home(each, document, renamed) for each in found.notes]


def _at_home(about: About, document: Document, renamed: Mapping[str, str]) -> About:
    key_path = renamed.get(about.key_path, about.key_path)
    return replace(about, key_path=key_path, place=document.place(about.key_path))


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
