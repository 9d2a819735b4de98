"""What a terminal would draw, drawn in a notebook."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, RenderableType

WIDTH = 100
"""In characters."""


def as_html(renderable: RenderableType) -> str:
    """The renderable as text with its colours."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_jupyter=False)
    console.print(renderable, highlight=False)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")


@contextmanager
def drawn(renderable: RenderableType, every_s: float = 0.5) -> Iterator[None]:
    """Draws the renderable beneath the cell, again and again; at the end nothing of it stays."""
    from IPython.display import HTML, display

    shown = display(HTML(as_html(renderable)), display_id=True)
    ended = threading.Event()

    def draw() -> None:
        while not ended.wait(every_s):
            shown.update(HTML(as_html(renderable)))

    drawing = threading.Thread(target=draw, daemon=True)
    drawing.start()
    try:
        yield
    finally:
        ended.set()
        drawing.join()
        shown.update(HTML(""))
