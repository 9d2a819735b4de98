"""How progress is drawn: live on a terminal and in a notebook, elsewhere as a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console, ConsoleRenderable, RichCast
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuning.report import notebook
from tuning.report.number_format import clock
from tuning.report.speed import Pace

LINES_EVERY_S = 10.0
"""Between two lines where nothing can be drawn."""

Clock = Callable[[], float]
"""Seconds that only rise."""


@contextmanager
def drawn(display: ConsoleRenderable | RichCast, console: Console) -> Iterator[None]:
    """Draw the display until closed; nothing of it stays on a terminal."""
    if not _can_draw(console):
        yield
        return
    drawing: AbstractContextManager[Live | None]
    if console.is_jupyter:
        drawing = notebook.drawn(display)
    else:
        drawing = Live(display, console=console, refresh_per_second=4, transient=True)
    with drawing:
        yield


class Lines:
    """A line now and then, where nothing can be drawn."""

    def __init__(self, console: Console, now: Clock) -> None:
        self._console, self._now, self._last = console, now, now()

    def due(self) -> bool:
        """Whether it is time for a line."""
        return not _can_draw(self._console) and self._now() - self._last > LINES_EVERY_S

    def say(self, line: str) -> None:
        """Print a line."""
        self._last = self._now()
        self._console.print(line, soft_wrap=True)


def _can_draw(console: Console) -> bool:
    return console.is_terminal or console.is_jupyter


def bar(name: str, done: float, in_all: float, seconds: float) -> Table:
    """The study's name, how much is done, and for how long it has run."""
    made = Table.grid(padding=(0, 1))
    made.add_row(Text(name, style="bold"), ProgressBar(max(1.0, in_all), done, width=30), clock(seconds))
    return made


def speed_and_time_left(pace: Pace, steps_left: float, bound: str = "") -> str:
    """How fast it goes and how long it will take; neither where there is no speed yet. bound: before the time."""
    if pace.speed is None:
        return "time left: -" if pace.begun else "starting the workers; time left: -"
    return f"{pace.speed:,.0f} member-steps/s, {bound}{clock(steps_left / pace.speed)} left"
