"""Halving: what trials were at each rung, who went on, and what that saved."""

from tuning.report.material import Material, name_of
from tuning.report.number_format import number
from tuning.report.plots.plot import LEADER, PRUNED, Plot, figure
from tuning.study.summary import TrialSummary


def plot(material: Material) -> Plot | None:
    """The values at every rung of who went on and who did not."""
    summary = material.summary
    budgets = sorted({at for trial in material.trials for at in trial.rungs})
    if summary.saved is None or len(budgets) < 2:
        return None
    share, steps = summary.saved
    made, drawn = figure(f"budget, {material.unit}", material.metric), material.shown(material.trials)
    for goes_on, colour, symbol, called in (
        (False, PRUNED, "circle-open", "ended here"),
        (True, LEADER, "circle", "went on, or reached the end"),
    ):
        shown = [(at, t) for t in drawn for at in t.rungs if _goes_on(material, t, at) == goes_on]
        made.add_scatter(
            x=[str(at) for at, _ in shown],
            y=[trial.rungs[at] for at, trial in shown],
            mode="markers",
            marker={"color": colour, "symbol": symbol, "size": 8},
            name=called,
            hovertext=[name_of(trial) for _, trial in shown],
            hoverinfo="text",
        )
    made.update_xaxes(type="category", categoryorder="array", categoryarray=[str(at) for at in budgets])
    audit = summary.audit
    judged = "" if audit is None else " Some who were given up were trained on to the end to see whether it misled."
    return Plot(
        "rungs",
        "Early stopping",
        f"Halving saved {share:.0%} of the steps, {number(steps)} in all.{judged}",
        made,
        ["budget", "compared", "went on"],
        [
            [
                number(at),
                str(sum(at in trial.rungs for trial in material.trials)),
                str(sum(at in trial.rungs and _goes_on(material, trial, at) for trial in material.trials)),
            ]
            for at in budgets
        ],
    )


def _goes_on(material: Material, trial: TrialSummary, at: int) -> bool:
    return at == material.summary.sweep.budget or any(rung > at for rung in trial.rungs)
