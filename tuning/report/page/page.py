"""A page of plots and words, put together from its template."""

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import plotly
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from tuning.report.plots.plot import Plot


@dataclass(frozen=True)
class Table:
    """Rows under headings; a caption says what they are."""

    caption: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Answer:
    """What stands at the top of a page.

    first: the sentence that answers which one to use.
    facts: sentences that say how sure that is, and how the search went.
    commands: what to type next, each with what it does.
    code: how to use the answer in Python; empty where there is nothing to use.
    """

    first: str
    facts: Sequence[str]
    commands: Sequence[tuple[str, str]] = ()
    code: str = ""


@dataclass(frozen=True)
class Page:
    """All that a page shows.

    title: of the page.
    answer: what comes first.
    plots: in their order.
    tables: below the plots.
    source: what was run, as text; empty if there is none to show.
    """

    title: str
    answer: Answer
    plots: Sequence[Plot]
    tables: Sequence[Table] = field(default_factory=list)
    source: str = ""

    def as_html(self) -> str:
        """The page as one HTML document."""
        return _templates().get_template("page.html.j2").render(page=self, library=_library())


@cache
def _templates() -> Environment:
    loader = PackageLoader("tuning.report.page", ".")
    return Environment(loader=loader, autoescape=select_autoescape(["j2"]), undefined=StrictUndefined, trim_blocks=True)


@cache
def _library() -> str:
    """Plotly's own program, packed: unpacked by the browser it takes a third of the room."""
    program = (files(plotly) / "package_data" / "plotly.min.js").read_bytes()
    return base64.b64encode(gzip.compress(program, 9, mtime=0)).decode()
