"""What commands print of a sweep, on a terminal and in a pipe."""

import io

import pytest

from tuning.cli.printing import say
from tuning.errors import Note, Place
from tuning.report.plain_text import AnyConsole

NOTES = [
    Note("data", "numbers: " + ", ".join(f"column_{place}" for place in range(20)), Place("my.yaml", 3)),
    Note("", "short", warning=True),
]


def said(terminal: bool, width: int = 80) -> list[str]:
    stream = io.StringIO()
    say(NOTES, AnyConsole(file=stream, force_terminal=terminal, width=width, color_system=None))
    return stream.getvalue().splitlines()


def test_a_pipe_has_a_line_of_each() -> None:
    assert said(terminal=False) == [str(note) for note in NOTES]


@pytest.mark.parametrize("width", [80, 30])
def test_a_terminal_has_lines_that_fit_and_show_what_belongs_together(width: int) -> None:
    lines = said(terminal=True, width=width)
    assert max(map(len, lines)) <= width
    assert [line for line in lines if not line.startswith("  ")] == [lines[0], "warning: short"]
    assert " ".join(line.strip() for line in lines) == " ".join(map(str, NOTES))
