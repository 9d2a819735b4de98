"""How the best value grew, trial by trial and by the seconds that were spent."""

from itertools import accumulate

import plotly.graph_objects as go

from tuning.report.material import Material, name_of, reached
from tuning.report.number_format import clock, number
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, PRUNED, Plot, figure, level
from tuning.rules.objective import cost


def plot(material: Material, by_seconds: bool = False) -> Plot | None:
    """The best value so far; by_seconds: against the seconds of training, else against trials."""
    sweep, trials = material.summary.sweep, material.trials
    if not any(trial.value is not None for trial in trials):
        return None
    spent = list(accumulate(trial.seconds for trial in trials)) if by_seconds else list(range(1, len(trials) + 1))
    made = figure("seconds of training, all workers together" if by_seconds else "trials that ended", material.metric)
    for state, colour, symbol in (("pruned", PRUNED, "circle-open"), ("complete", OTHERS, "circle")):
        shown = [(at, t) for at, t in zip(spent, trials, strict=True) if t.state == state and reached(t) is not None]
        made.add_scatter(
            x=[at for at, _ in shown],
            y=[reached(trial) for _, trial in shown],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 7},
            name=state if state == "complete" else "pruned, at its last rung",
            hovertext=[name_of(trial) for _, trial in shown],
            hoverinfo="text",
        )
    best = _best(material)
    made.add_scatter(
        x=spent,
        y=best,
        mode="lines",
        line={"color": LEADER, "width": 3, "shape": "hv"},
        name="best so far",
    )
    _levels(material, made)
    found = [(at, value) for at, value, before in zip(spent, best, [None, *best], strict=False) if value != before]
    last, where = found[-1][1], found[-1][0]
    at = clock(where) if by_seconds else f"trial {where} of {len(trials)}"
    return Plot(
        "best-by-seconds" if by_seconds else "best-by-trials",
        "Best so far, by seconds" if by_seconds else "Best so far",
        f"The best {material.metric} of {sweep.name}, {number(last)}, was found at {at}"
        f"{' of training' if by_seconds else ''}.",
        made,
        ["seconds" if by_seconds else "trials", "best so far"],
        [[number(each), number(value)] for each, value in found],
    )


def _best(material: Material) -> list[float | None]:
    direction, best, found = material.summary.sweep.direction, None, list[float | None]()
    for trial in material.trials:
        if trial.value is not None and (best is None or cost(trial.value, direction) < cost(best, direction)):
            best = trial.value
        found.append(best)
    return found


def _levels(material: Material, made: go.Figure) -> None:
    default, trivial = material.summary.default, material.summary.held_against
    if default is not None and default.value is not None:
        level(made, default.value, "default", DEFAULT)
    if trivial is not None:
        level(made, trivial.value, trivial.name, OTHERS)
