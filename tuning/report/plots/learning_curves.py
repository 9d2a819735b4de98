"""Learning curves: the leader and the default brought out among the others, each with the spread of its seeds."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from tuning.diagnosis.curves import Curve
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


def _mean(curves: Sequence[Curve]) -> Curve:
    """The mean over the seeds, at the steps that all of them have."""
    steps = sorted(set.intersection(*(set(curve.steps.tolist()) for curve in curves)))
    if not steps:
        return curves[0]
    values = np.mean([[dict(zip(c.steps, c.values, strict=True))[at] for at in steps] for c in curves], axis=0)
    return Curve(np.array(steps), values)


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
    if len(curves) < 2:
        return
    steps = sorted(set.intersection(*(set(curve.steps.tolist()) for curve in curves)))
    values = [[dict(zip(c.steps, c.values, strict=True))[at] for at in steps] for c in curves]
    low, high = np.min(values, axis=0), np.max(values, axis=0)
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
