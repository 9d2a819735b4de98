"""How the best value grew, trial by trial and by the seconds that were spent."""

from collections.abc import Sequence
from itertools import accumulate

import plotly.graph_objects as go

from tuning.report.material import Material, name_of, reached
from tuning.report.number_format import clock, number
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, PRUNED, Plot, figure, level
from tuning.rules.objective import Direction, cost
from tuning.study.summary import TrialSummary


def plot(material: Material, by_seconds: bool = False) -> Plot | None:
    """The best value so far; by_seconds: against the seconds of training, else against trials."""
    trials = material.trials
    if not any(trial.value is not None for trial in trials):
        return None
    spent = list(accumulate(trial.seconds for trial in trials)) if by_seconds else list(range(1, len(trials) + 1))
    where, drawn = dict(zip((trial.number for trial in trials), spent, strict=True)), material.shown(trials)
    made = figure("seconds of training, all workers together" if by_seconds else "trials that ended", material.metric)
    for state, colour, symbol in (("pruned", PRUNED, "circle-open"), ("complete", OTHERS, "circle")):
        shown = [(where[t.number], t) for t in drawn if t.state == state and reached(t) is not None]
        made.add_scatter(
            x=[at for at, _ in shown],
            y=[reached(trial) for _, trial in shown],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 7},
            name=state if state == "complete" else "pruned, at its last rung",
            hovertext=[name_of(trial) for _, trial in shown],
            hoverinfo="text",
        )
    best = best_of(trials, material.summary.sweep.direction)
    # A flat line needs its two ends alone.
    steps = [place for place in range(len(best)) if place in (0, len(best) - 1) or best[place] != best[place - 1]]
    made.add_scatter(
        x=[spent[place] for place in steps],
        y=[best[place] for place in steps],
        mode="lines",
        line={"color": LEADER, "width": 3, "shape": "hv"},
        name="best so far",
    )
    _levels(material, made)
    found = [(at, value) for at, value, before in zip(spent, best, [None, *best], strict=False) if value != before]
    first, last = found[-1]
    at = f"{clock(first)} of training" if by_seconds else f"{first} of {len(trials)} trials"
    return Plot(
        "best-by-seconds" if by_seconds else "best-by-trials",
        "Best so far, by seconds" if by_seconds else "Best so far",
        f"The best {material.metric}, {number(last)}, was there after {at}.",
        made,
        ["seconds" if by_seconds else "trials", "best so far"],
        [[number(each), number(value)] for each, value in found],
    )


def best_of(trials: Sequence[TrialSummary], direction: Direction) -> list[float | None]:
    """The best value of complete trials when each of these had ended; None before the first."""
    best, found = None, list[float | None]()
    for trial in trials:
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
