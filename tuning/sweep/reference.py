"""What a sweep file may say, out of the models that check it: its keys, and the fields of a loop's config."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rich.table import Table

import trainables
from trainables.base.config_fields import Option
from trainables.base.own_classes import Unimportable
from trainables.base.training_config import is_tunable
from tuning.errors import Problem, SweepError
from tuning.sweep import fields, loop_fields
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Workers

Searched = Literal["yes", "pack", "no"]

SEARCHED = "search: yes, members of a pack may differ in it; pack, those of a pack have it in common; no, only fixed"


@dataclass(frozen=True)
class Entry:
    """One key or field.

    name: after those of the groups and options that it belongs to, with dots between.
    default: as a file would have it; None where it must be given.
    takes: what it may be; empty where the default says all.
    meaning: in a few words.
    searched: whether a field can be searched; None of a key.
    """

    name: str
    default: str | None
    takes: str
    meaning: str
    searched: Searched | None = None


def of_sweep() -> list[Entry]:
    """The keys of a sweep file."""
    return list(_entries(Sweep))


def of_loop(name: str) -> list[Entry]:
    """The fields that `fixed` and `search` take for this loop. Raises SweepError where there is no such loop."""
    from tuning.sweep.draft import loop_problem

    try:
        loop = trainables.loop_of(name)
    except Unimportable as error:
        raise SweepError([Problem("loop", loop_problem(name))]) from error
    barred = loop_fields.unsearchable(loop.Config)
    found = []
    for field in loop.Config.model_fields:
        if field not in loop_fields.OF_THE_SWEEP:
            searched: Searched = "no" if field in barred else "yes" if is_tunable(loop.Config, field) else "pack"
            found += list(_entries(loop.Config, only=field, searched=searched))
    return found


def _entries(
    model: type[BaseModel], before: str = "", only: str | None = None, searched: Searched | None = None
) -> Iterator[Entry]:
    for name, field in model.model_fields.items():
        if name != "kind" and only in (None, name):
            default, meaning = _default(field), field.description or ""
            yield Entry(before + name, default, fields.takes(model, name), meaning, searched)
            for group, inner in fields.groups(model, name).items():
                # Settings are tunable, whatever the option that has them is.
                within: Searched | None = "yes" if searched == "pack" else searched
                yield from _entries(inner, f"{before}{group}.", searched=within)


def _default(field: FieldInfo) -> str | None:
    if field.is_required():
        return None
    # Where it depends on others, the meaning says how.
    depends = "left out:" in (field.description or "")
    return "" if depends else _plain(field.get_default(call_default_factory=True))


def _plain(value: Any) -> str:
    if isinstance(value, Option):
        return str(value.model_dump()["kind"])
    if isinstance(value, BaseModel):
        return "" if isinstance(value, Workers) else "on"
    return value if isinstance(value, str) else json.dumps(value)


def table(entries: list[Entry]) -> Table:
    """The entries for a person."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    drawn.add_column("field" if entries[0].searched else "key", no_wrap=True)
    drawn.add_column("left out", overflow="fold")
    if entries[0].searched:
        drawn.add_column("search")
    drawn.add_column("meaning")
    for each in entries:
        *groups, name = each.name.split(".")
        shown = "  " * bool(groups) + ".".join([*groups[1:], name])
        meaning = f"{each.meaning} ({each.takes})" if each.takes else each.meaning
        default = "-" if each.default is None else each.default
        drawn.add_row(shown, default, *([each.searched] if each.searched else []), meaning)
    return drawn
