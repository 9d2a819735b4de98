"""Parallel coordinates: a line for every trial, through all that it was trained with, to what it came to."""

import plotly.graph_objects as go

from tuning.report.axes import NONE, Axis, axes
from tuning.report.material import Material, reached
from tuning.report.number_format import number, setting
from tuning.report.plots.plot import HEIGHT, SCALE, Plot, figure
from tuning.study.summary import TrialSummary

MOST_AXES = 10
"""With more axes names would run into each other: those that mattered least are left out."""


def plot(material: Material) -> Plot | None:
    """All trials that came anywhere, coloured by their rank."""
    trials = material.shown([trial for trial in material.summary.trials if trial.number in material.ranks])
    if len(trials) < 2:
        return None
    weights = material.summary.importances
    found = axes(material.summary.sweep, [trial.params for trial in trials])
    kept = sorted(found, key=lambda axis: -weights.get(axis.name, 0.0))[:MOST_AXES]
    shown = [axis for axis in found if axis in kept]
    values = [float(reached(trial) or 0.0) for trial in trials]
    worst = max(material.ranks.values())
    made = figure(height=HEIGHT + 60)
    made.add_trace(
        go.Parcoords(
            line={
                "color": [worst - material.ranks[trial.number] for trial in trials],
                "colorscale": SCALE,
                "showscale": True,
                "colorbar": {
                    "title": "rank",
                    "tickvals": [0, worst - 1],
                    "ticktext": [str(worst), "1"],
                    "thickness": 12,
                },
            },
            dimensions=[
                *(_dimension(axis, trials) for axis in shown),
                {"label": material.metric, "values": values, "range": _range(values)},
            ],
        )
    )
    made.update_layout(margin={"l": 80, "r": 80, "t": 72, "b": 32})
    best = min(trials, key=lambda trial: material.ranks[trial.number])
    return Plot(
        "parallel-coordinates",
        "What was tried",
        f"A line for each of {len(trials)} trials through its settings to its {material.metric}; the brightest are the "
        f"best, and {NONE} is a setting that does not count for a trial. The best is trial {best.number}. Drag along "
        "an axis to see only the lines that pass there.",
        made,
        ["trial", *(axis.name for axis in shown), material.metric],
        [
            [str(trial.number), *(setting(trial.params.get(axis.name)) for axis in shown), number(reached(trial))]
            for trial in sorted(trials, key=lambda trial: material.ranks[trial.number])[:20]
        ],
        least_width=640,
    )


def _dimension(axis: Axis, trials: list[TrialSummary]) -> dict[str, object]:
    places = [axis.place(trial.params) for trial in trials]
    where, names = axis.ticks()
    low, high = axis.low, axis.high
    if None in places:
        low -= 0.12 * (high - low)
        where, names = [low, *where], [NONE, *names]
    return {
        "label": axis.name.replace("_", " "),
        "values": [low if place is None else place for place in places],
        "tickvals": where,
        "ticktext": names,
        "range": [low, high],
    }


def _range(values: list[float]) -> list[float]:
    low, high = min(values), max(values)
    return [low, high] if low < high else [low - 0.5, high + 0.5]
