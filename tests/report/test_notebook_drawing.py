"""What is drawn in a notebook is drawn in one place, again and again, and taken away at the end."""

import threading
from typing import Any

import IPython.display
import pytest
from rich.text import Text

from tuning.report import notebook


class Shown:
    """Stands for what is beneath a cell: all that was ever drawn there."""

    def __init__(self) -> None:
        self.drawn: list[str] = []
        self.again = threading.Event()

    def update(self, html: Any) -> None:
        self.drawn.append(html.data)
        self.again.set()


class Counter:
    """A display that shows how often it was drawn."""

    def __init__(self) -> None:
        self.times = 0

    def __rich__(self) -> Text:
        self.times += 1
        return Text(f"drawn {self.times}", style="bold")


def test_a_display_is_drawn_again_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = Shown()

    def display(html: Any, display_id: bool) -> Shown:
        assert display_id
        shown.drawn.append(html.data)
        return shown

    monkeypatch.setattr(IPython.display, "display", display)
    with notebook.drawn(Counter(), every_s=0.001):
        assert shown.again.wait(20)
    first, second, *_, last = shown.drawn
    assert first.startswith("<pre>")
    assert ("drawn 1" in first, "drawn 2" in second, last) == (True, True, "")


def test_colours_and_width_are_kept() -> None:
    html = notebook.as_html(Text("§" * 2 * notebook.WIDTH, style="bold green"))
    assert html.count("§") == 2 * notebook.WIDTH
    assert html.count("\n") == 2
    assert "font-weight: bold" in html
