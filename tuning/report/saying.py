"""Lines that a person is told while a study runs, where it draws; or nowhere."""

import warnings
from collections.abc import Callable

from rich.console import Console


def say(console: Console, line: str) -> None:
    """Print a line as it is."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def warn(console: Console, line: str) -> None:
    """Say what a person should know in any case: in Python's own way where nothing is drawn."""
    if console.quiet:
        warnings.warn(line, stacklevel=2)
    else:
        say(console, line)


def telling(study: str, console: Console | None) -> Callable[[str], None]:
    """Says lines of a study; to nobody where there is no console."""
    return lambda line: None if console is None else say(console, f"{study}: {line}")


def silent() -> Console:
    """A console that draws nowhere."""
    return Console(stderr=True, quiet=True, force_jupyter=False)
