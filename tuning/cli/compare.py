"""The command that holds studies against each other."""

import json
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from tuning.cli.options import Json, Root, Storage
from tuning.cli.output_files import write
from tuning.cli.preparation import opened
from tuning.cli.printing import out
from tuning.errors import ArgumentError


def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Two studies or more.")],
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as a page with plots, too.")] = None,
    show: Annotated[bool, typer.Option("--open", help="Show that page in the browser.")] = False,
    root: Root = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Compare studies: what they found, at what cost.

    How sure that is, and what differs in their sweeps.
    """
    if len(set(names)) < 2 or len(set(names)) < len(names):
        raise ArgumentError(f"{' '.join(names)}: should be the names of two studies or more, each once")
    from tuning.report import comparison

    summaries = [opened(name, root, storage).summary() for name in names]
    found = comparison.compared(summaries)
    if as_json:
        print(json.dumps(found.as_json()))
    else:
        out.print(comparison.shown(found, out.width), highlight=False)
    if output is not None or show:
        from tuning.report import comparison_page

        path = output or Path(f"{'-and-'.join(names)[:200]}.html")
        write(path, comparison_page.page(summaries, found).as_html(), folders=True)
        if not as_json:
            out.print(f"\n{path} shows it with plots", highlight=False, markup=False, soft_wrap=True)
        if show:
            webbrowser.open(path.absolute().as_uri())
