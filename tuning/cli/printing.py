"""What commands print, and with which exit code a search ends."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from tuning.errors import Note, Waiting
from tuning.report.plain_text import AnyConsole
from tuning.workers.termination import CTRL_C

if TYPE_CHECKING:
    from tuning.study.summary import StudySummary

out, err = AnyConsole(), AnyConsole(stderr=True)


def say(notes: Sequence[Note], console: Console) -> None:
    """Print what a person should know of a sweep: indented on a terminal, a line each in a file or a pipe."""
    for note in notes:
        style = "yellow" if note.warning else None
        shown = _indented(str(note), console) if console.is_terminal else str(note)
        console.print(shown, style=style, highlight=False, markup=False, soft_wrap=True)


def _indented(line: str, console: Console) -> str:
    """The line as several that are no wider than the console."""
    indent = "  "
    lines = Text(line).wrap(console, max(1, console.width - len(indent)))
    return f"\n{indent}".join(each.plain.rstrip() for each in lines)


def show_summary(summary: "StudySummary", as_json: bool) -> None:
    """Print a study for a script or for a person."""
    if as_json:
        print(json.dumps(summary.as_json()))
        return
    from tuning.report import study_report

    study_report.show(summary, out)


def finish(summary: "StudySummary", as_json: bool) -> None:
    """Show a study that has just run, and say by the exit code how it ended."""
    show_summary(summary, as_json)
    if summary.state == "interrupted":
        raise typer.Exit(CTRL_C)
    if summary.state == "waiting":
        raise typer.Exit(Waiting.exit_code)
    if not summary.ranked():
        raise typer.Exit(1)
