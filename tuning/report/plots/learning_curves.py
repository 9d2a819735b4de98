"""Learning curves: the leader and the default brought out among the others, each with the spread of its seeds."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from tuning.diagnosis.curves import Curve, Floats
from tuning.report.material import Material, name_of
from tuning.report.number_format import number
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, Plot, figure
from tuning.study.summary import TrialSummary


def plot(material: Material) -> Plot | None:
    """The metric over the training."""
    metric = material.summary.sweep.metric
    known = {number: [each[metric] for each in found if metric in each] for number, found in material.curves.items()}
    drawn = [trial for trial in material.summary.trials if known.get(trial.number)]
    if not drawn:
        return None
    leader, default = material.leader, material.summary.default
    made = figure(material.unit, material.metric)
    rest = [trial for trial in drawn if trial not in (leader, default)]
    for place, trial in enumerate(rest):
        _line(made, trial, known[trial.number], OTHERS, "others", place == 0)
    for chosen, colour, called in ((default, DEFAULT, "default"), (leader, LEADER, "leader")):
        if chosen is not None and chosen in drawn and not (called == "default" and chosen == leader):
            _band(made, known[chosen.number], colour)
            _line(made, chosen, known[chosen.number], colour, f"{called}, trial {chosen.number}", True, width=3)
    rows = [
        [str(trial.number), number(_mean(known[trial.number]).start), number(_mean(known[trial.number]).end)]
        for trial in drawn
    ]
    shown = (
        f"{len(drawn)} of {len(material.summary.trials)} trials"
        if len(drawn) < len(material.summary.trials)
        else "all trials"
    )
    return Plot(
        "learning-curves",
        "Learning curves",
        f"The {material.metric} of {shown} over their training; the leader and the default stand out"
        f"{', with the spread of their seeds' if any(len(each) > 1 for each in known.values()) else ''}.",
        made,
        ["trial", "at first", "at the end"],
        rows,
    )


def _aligned(curves: Sequence[Curve]) -> tuple[Floats, Floats]:
    """The steps that all seeds have, (N,), and their values there, (seeds, N)."""
    known = [dict(zip(curve.steps.tolist(), curve.values.tolist(), strict=True)) for curve in curves]
    steps = sorted(set.intersection(*map(set, known)))
    return np.array(steps), np.array([[each[at] for at in steps] for each in known])


def _mean(curves: Sequence[Curve]) -> Curve:
    """The mean over the seeds, at the steps that all of them have; where there are none, one of them."""
    steps, values = _aligned(curves)
    return Curve(steps, values.mean(0)) if len(steps) else curves[0]


def _line(
    made: go.Figure,
    trial: TrialSummary,
    curves: Sequence[Curve],
    colour: str,
    called: str,
    in_legend: bool,
    width: float = 1,
) -> None:
    mean = _mean(curves)
    made.add_scatter(
        x=mean.steps,
        y=mean.values,
        mode="lines",
        line={"color": colour, "width": width, "dash": "dash" if called.startswith("default") else "solid"},
        opacity=1.0 if width > 1 else 0.45,
        name=called,
        legendgroup=called,
        showlegend=in_legend,
        hovertext=name_of(trial),
        hoverinfo="text+x+y",
    )


def _band(made: go.Figure, curves: Sequence[Curve], colour: str) -> None:
    """From the lowest to the highest seed."""
    steps, values = _aligned(curves)
    if len(curves) < 2 or not len(steps):
        return
    low, high = values.min(0), values.max(0)
    made.add_scatter(
        x=[*steps, *reversed(steps)],
        y=[*high, *reversed(low)],
        mode="lines",
        fill="toself",
        line={"width": 0, "color": colour},
        opacity=0.2,
        showlegend=False,
        hoverinfo="skip",
    )
