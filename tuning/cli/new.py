"""The command that writes a sweep file."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import LoopName, Settings, Target
from tuning.cli.preparation import beginning
from tuning.cli.printing import out
from tuning.errors import ArgumentError


def new(
    environment: Annotated[str | None, typer.Option(metavar="ID", help="Id of a Gymnasium environment.")] = None,
    data: Annotated[str | None, typer.Option(metavar="FILE", help="A table to learn from.")] = None,
    target: Target = None,
    loop: LoopName = None,
    settings: Settings = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The .yaml to write.  [default: standard output]")
    ] = None,
) -> None:
    """Write a sweep file for an environment or a table.

    With the usual ranges and comments on them, ready to be run or changed.
    """
    wanted = beginning(environment, data, target, loop)
    if output is not None and output.exists():
        raise ArgumentError(f"--output: {output} is there already: should be the name of a new file")
    from tuning.sweep import loading

    _, text = loading.suggested(wanted, settings or [])
    if output is None:
        # A YAML file is UTF-8, whatever the terminal is.
        typer.echo(text.encode(), nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--output: {output} can't be written: {error.strerror}") from None
    out.print(f"{output}: `tuning run {output}` runs it", highlight=False, markup=False, soft_wrap=True)
