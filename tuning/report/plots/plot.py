"""What a plot consists of, and what all of them have in common: colours, sizes, words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from tuning.report.number_format import number

LEADER, DEFAULT, OTHERS, PRUNED = "#0072B2", "#D55E00", "#8C8C8C", "#CC79A7"
"""Of Okabe and Ito's palette (2008), which colour-blind people can tell apart, on white and on black."""

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
    least_width: in pixels, below which it could not be read: a narrower screen is moved along it.
    """

    name: str
    title: str
    sentence: str
    figure: go.Figure
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    least_width: int = 0


def figure(x: str = "", y: str = "", height: int = HEIGHT) -> go.Figure:
    """An empty figure with titles on its axes; the page gives it its colours, light or dark."""
    made = go.Figure()
    made.update_layout(
        height=height,
        margin={"l": 64, "r": 24, "t": 40, "b": 56},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": OTHERS, "activecolor": LEADER},
    )
    made.update_xaxes(title_text=x, gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    made.update_yaxes(title_text=y, gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    return made


def level(made: go.Figure, value: float, label: str, colour: str) -> None:
    """Add a dotted horizontal line with its name at its left end, on an axis that is logarithmic or not."""
    made.add_hline(y=value, line={"color": colour, "dash": "dot", "width": 1.5})
    made.add_annotation(
        x=0,
        xref="paper",
        xanchor="left",
        # Lines are placed by their value, annotations on a logarithmic axis by its logarithm.
        y=math.log10(value) if made.layout.yaxis.type == "log" else value,
        yanchor="bottom",
        text=f"{label} {number(value)}",
        font={"color": colour, "size": 11},
        showarrow=False,
    )
