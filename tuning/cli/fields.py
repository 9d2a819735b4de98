"""The command that lists what can stand in a sweep file."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from tuning.cli.options import Json
from tuning.cli.printing import out


def list_fields(
    loop: Annotated[
        str | None, typer.Argument(metavar="LOOP", help="What trains; left out: the keys of the file itself.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the keys of a sweep file, or the fields of a loop."""
    from tuning.sweep import reference

    entries = reference.of_sweep() if loop is None else reference.of_loop(loop)
    if as_json:
        print(json.dumps([asdict(each) for each in entries]))
        return
    if not entries:
        out.print(f"{loop} takes any: they are its config, with `seed` and `budget` beside them", highlight=False)
        return
    out.print(reference.table(entries), highlight=False)
    if loop is not None:
        out.print(f"\n{reference.SEARCHED}", highlight=False)
