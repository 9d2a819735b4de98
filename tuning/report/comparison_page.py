"""Studies held against each other, as a page: intervals, best so far over each other, costs, what differs."""

from collections.abc import Sequence
from itertools import accumulate

from tuning.report.comparison import Comparison
from tuning.report.number_format import clock, number
from tuning.report.page.page import Answer, Page, Table
from tuning.report.plots.best_so_far import best_of
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, PRUNED, Plot, figure
from tuning.study.summary import StudySummary, in_order

COLOURS = (LEADER, DEFAULT, "#009E73", PRUNED, "#56B4E9", "#E69F00", OTHERS)
"""Of Okabe and Ito's palette (2008)."""

DASHES = ("solid", "dash", "dot", "dashdot")


def page(summaries: Sequence[StudySummary], found: Comparison) -> Page:
    """The page; found: what `comparison.compared` makes of these studies."""
    names = [each.name for each in summaries]
    differing = [[key, *values] for key, values in found.differences.items()]
    return Page(
        title=" and ".join(names),
        answer=Answer(found.verdict, []),
        plots=[
            plot for plot in (_intervals(found), _best(summaries, False), _best(summaries, True)) if plot is not None
        ],
        tables=[
            Table(
                "What each found, and its cost",
                ["study", "use", "in the search", "on fresh seeds", "default", "trials", "member-steps", "time"],
                [
                    [
                        each.name,
                        "-" if each.trial is None else str(each.trial),
                        number(each.value),
                        "-"
                        if each.confirmed is None
                        else f"{number(each.confirmed)} ({number(each.low)} to {number(each.high)})",
                        number(each.default),
                        str(each.trials),
                        f"{each.member_steps:,}",
                        clock(each.seconds),
                    ]
                    for each in found.studies
                ],
            ),
            *([Table("What differs in their sweeps", ["key", *names], differing)] if differing else []),
        ],
    )


def _intervals(found: Comparison) -> Plot | None:
    known = [each for each in found.studies if each.confirmed is not None]
    if not known or len(set(found.metrics)) > 1:
        return None
    made = figure(f"{found.metrics[0].rpartition('/')[2].replace('_', ' ')} on fresh seeds", "", 140 + 44 * len(known))
    rows = list(reversed(known))
    made.add_scatter(
        x=[each.confirmed for each in rows],
        y=[each.name for each in rows],
        mode="markers",
        marker={"color": LEADER, "size": 11, "symbol": "square"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [(each.high or 0.0) - (each.confirmed or 0.0) for each in rows],
            "arrayminus": [(each.confirmed or 0.0) - (each.low or 0.0) for each in rows],
        },
        showlegend=False,
    )
    made.update_yaxes(automargin=True, type="category")
    told = "; ".join(
        f"{each.name} {number(each.confirmed)} ({number(each.low)} to {number(each.high)})" for each in known
    )
    return Plot("intervals", "On fresh seeds", f"The trials to use, with 95 % intervals: {told}.", made)


def _best(summaries: Sequence[StudySummary], by_seconds: bool) -> Plot | None:
    if len({each.sweep.metric for each in summaries}) > 1:
        return None
    metric = summaries[0].sweep.metric.rpartition("/")[2].replace("_", " ")
    made = figure("seconds of training, all workers together" if by_seconds else "trials that ended", metric)
    rows = []
    for place, summary in enumerate(summaries):
        trials = in_order(summary.trials)
        spent = list(accumulate(trial.seconds for trial in trials)) if by_seconds else list(range(1, len(trials) + 1))
        best = best_of(trials, summary.sweep.direction)
        made.add_scatter(
            x=spent,
            y=best,
            mode="lines",
            line={
                "color": COLOURS[place % len(COLOURS)],
                "dash": DASHES[place // len(COLOURS) % len(DASHES)],
                "width": 3,
                "shape": "hv",
            },
            name=summary.name,
        )
        rows.append([summary.name, number(best[-1] if best else None), number(spent[-1]) if spent else "-"])
    made.update_layout(showlegend=True)
    told = "; ".join(f"{name} {value}" for name, value, _ in rows)
    return Plot(
        "best-by-seconds" if by_seconds else "best-by-trials",
        "Best so far, by seconds" if by_seconds else "Best so far",
        f"The best {metric} of each search, at its end: {told}.",
        made,
        ["study", "best", "seconds" if by_seconds else "trials"],
        rows,
    )
