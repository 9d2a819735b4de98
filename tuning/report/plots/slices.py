"""Slices and a contour of the search: what single settings did to the value, and two of them together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from tuning.report.axes import Axis
from tuning.report.beliefs import Beliefs
from tuning.report.material import Material, name_of
from tuning.report.number_format import number
from tuning.report.plots.plot import LEADER, OTHERS, SCALE, Plot, figure
from tuning.study.summary import TrialSummary

SLICES, COLUMNS, POINTS, GRID = 6, 3, 41, 31
"""Slices and how many side by side; points along a slice, and along each side of a contour."""


def slices(material: Material) -> Plot | None:
    """The value against each of the parameters that mattered, with what a model believes at the leader's others."""
    at, found, chosen, model = material.compared
    if not chosen or at is None:
        return None
    shown, drawn = chosen[:SLICES], _drawn(material)
    rows = -(-len(shown) // COLUMNS)
    columns = min(COLUMNS, len(shown))
    made = make_subplots(rows, columns, shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.3 / rows)
    made.update_layout(figure(height=120 + 240 * rows).layout)
    for index, axis in enumerate(shown):
        cell = {"row": index // COLUMNS + 1, "col": index % COLUMNS + 1}
        if model is not None and axis.options is None:
            _believed(made, model, axis, _others(material), cell, index == 0)
        placed = [(axis.place(trial.params), trial, value) for trial, value in drawn]
        made.add_scatter(
            x=[place for place, _, _ in placed if place is not None],
            y=[value for place, _, value in placed if place is not None],
            mode="markers",
            marker={
                "color": [LEADER if t == material.leader else OTHERS for p, t, _ in placed if p is not None],
                "size": 7,
            },
            hovertext=[name_of(trial) for place, trial, _ in placed if place is not None],
            hoverinfo="text",
            showlegend=False,
            **cell,
        )
        where, names = axis.ticks()
        made.update_xaxes(title_text=axis.name.replace("_", " "), tickvals=where, ticktext=names, **cell)
    made.update_xaxes(gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    made.update_yaxes(gridcolor="rgba(128,128,128,0.25)", zeroline=False)
    made.update_yaxes(title_text=material.metric, col=1)
    told = (
        " The line is what a Gaussian process believes where all else is as the leader has it, within 95 %."
        if model
        else ""
    )
    return Plot(
        "slices",
        "What single settings did",
        f"The {material.metric} of {len(found)} trials at {at:,} {material.unit}, against the settings that mattered "
        f"most.{told}",
        made,
        ["parameter", "of the best", "of the worst"],
        [[axis.name, *_ends(axis, found, material)] for axis in shown],
        least_width=640,
    )


def contour(material: Material) -> Plot | None:
    """What the model believes of the two numbers that mattered most together."""
    at, _, chosen, model = material.compared
    numbers = [axis for axis in chosen if axis.options is None][:2]
    if model is None or len(numbers) < 2 or at is None:
        return None
    across, up = numbers
    xs, ys = (np.linspace(axis.low, axis.high, GRID) for axis in (across, up))
    others = _others(material)
    grid = [{**others, across.name: across.value(x), up.name: up.value(y)} for y in ys for x in xs]
    mean, _ = model.of(grid)
    made = figure(across.name.replace("_", " "), up.name.replace("_", " "))
    made.add_contour(
        x=xs,
        y=ys,
        z=mean.reshape(GRID, GRID),
        colorscale=SCALE,
        colorbar={"title": material.metric, "thickness": 12},
        hoverinfo="skip",
        line={"width": 0.5},
    )
    placed = [(across.place(trial.params), up.place(trial.params), trial) for trial, _ in _drawn(material)]
    made.add_scatter(
        x=[x for x, y, _ in placed if x is not None and y is not None],
        y=[y for x, y, _ in placed if x is not None and y is not None],
        mode="markers",
        marker={
            "color": ["white" if trial == material.leader else "rgba(0,0,0,0)" for *_, trial in placed],
            "size": [13 if trial == material.leader else 7 for *_, trial in placed],
            "symbol": ["star" if trial == material.leader else "circle" for *_, trial in placed],
            "line": {"color": "white", "width": 1},
        },
        hovertext=[name_of(trial) for *_, trial in placed],
        hoverinfo="text",
        showlegend=False,
    )
    for axis, update in ((across, made.update_xaxes), (up, made.update_yaxes)):
        where, names = axis.ticks()
        update(tickvals=where, ticktext=names, showgrid=False)
    best = grid[int(np.argmax(mean) if material.summary.sweep.direction == "maximize" else np.argmin(mean))]
    return Plot(
        "contour",
        "The two that mattered most together",
        f"What a Gaussian process believes of {across.name} and {up.name} at {at:,} {material.unit}, all else as the "
        f"leader has it; circles are trials, the star is the leader. It believes most in {across.name} "
        f"{number(best[across.name])} with {up.name} {number(best[up.name])}.",
        made,
    )


def _drawn(material: Material) -> list[tuple[TrialSummary, float]]:
    """The trials that are drawn one by one, with their values."""
    values = {trial.number: value for trial, value in material.compared.found}
    shown = material.shown([trial for trial, _ in material.compared.found])
    return [(trial, values[trial.number]) for trial in shown]


def _others(material: Material) -> Mapping[str, Any]:
    return material.leader.params if material.leader is not None else {}


def _believed(
    made: go.Figure, model: Beliefs, axis: Axis, others: Mapping[str, Any], cell: Mapping[str, int], in_legend: bool
) -> None:
    places = np.linspace(axis.low, axis.high, POINTS)
    mean, deviation = model.of([{**others, axis.name: axis.value(place)} for place in places])
    made.add_scatter(
        x=[*places, *reversed(places)],
        y=[*(mean + 1.96 * deviation), *reversed(mean - 1.96 * deviation)],
        fill="toself",
        mode="lines",
        line={"width": 0, "color": LEADER},
        opacity=0.18,
        showlegend=False,
        hoverinfo="skip",
        **cell,
    )
    made.add_scatter(
        x=places,
        y=mean,
        mode="lines",
        line={"color": LEADER, "width": 2},
        name="believed",
        showlegend=in_legend,
        hoverinfo="skip",
        **cell,
    )


def _ends(axis: Axis, found: Sequence[tuple[TrialSummary, float]], material: Material) -> list[str]:
    """What the best and the worst of these trials had."""
    ordered = sorted(found, key=lambda each: each[1], reverse=material.summary.sweep.direction == "maximize")
    had = [ordered[place][0].params.get(axis.name, "-") for place in (0, -1)]
    return [number(each) if isinstance(each, float) else str(each) for each in had]
