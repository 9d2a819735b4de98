"""What a plot consists of, and what all of them have in common: colours, sizes, words."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from tuning.report.number_format import number

LEADER, DEFAULT, OTHERS, PRUNED = "#0072B2", "#D55E00", "#8C8C8C", "#CC79A7"
"""Of Okabe and Ito's palette (2008), which colour-blind people can tell apart; all can be seen on white and on black."""

SCALE = "Cividis"
"""Of numbers: even to the eye, also of people who see no red or green (Nuñez et al., 2018)."""

HEIGHT = 420
"""Of a plot, in pixels."""


@dataclass(frozen=True)
class Plot:
    """One figure, with what it says in words.

    name: of its file, in lower case with dashes.
    title: its heading.
    sentence: what is to be seen; for those who can't see it, too.
    figure: as Plotly draws it.
    headings, rows: the numbers that it shows.
    """

    name: str
    title: str
    sentence: str
    figure: go.Figure
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def figure(x: str = "", y: str = "", height: int = HEIGHT) -> go.Figure:
    """An empty figure with titles on its axes; the page gives it its colours, light or dark."""
    made = go.Figure()
    made.update_layout(
        height=height,
        margin={"l": 64, "r": 24, "t": 24, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
    )
    made.update_xaxes(title_text=x, gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    made.update_yaxes(title_text=y, gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    return made


def level(made: go.Figure, value: float, label: str, colour: str, dash: str = "dot") -> None:
    """Add a horizontal line with its name at its left end."""
    made.add_hline(
        y=value,
        line={"color": colour, "dash": dash, "width": 1.5},
        annotation={"text": f"{label} {number(value)}", "font": {"color": colour, "size": 11}},
        annotation_position="top left",
    )
