"""The command that writes a sweep file."""

from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import LoopName, Settings, Target
from tuning.cli.output_files import refuse_existing, write
from tuning.cli.preparation import beginning
from tuning.cli.printing import out


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
    refuse_existing(output)
    from tuning.sweep import loading

    _, text = loading.suggested(wanted, settings or [])
    if output is None:
        # A YAML file is UTF-8, whatever the terminal is.
        typer.echo(text.encode(), nl=False)
        return
    write(output, text)
    out.print(f"{output}: `tuning run {output}` runs it", highlight=False, markup=False, soft_wrap=True)
