"""What a study has spent and on what, as a table; and whether spending more is likely to pay."""

import math

from rich.table import Table

from tuning.report.number_format import clock, number
from tuning.rules import outlook
from tuning.rules.ledger import Purpose
from tuning.rules.objective import cost
from tuning.study.summary import StudySummary

NAMES: dict[Purpose, str] = {
    "complete": "complete",
    "pruned": "pruned",
    "diverged": "diverged",
    "failed": "failed",
    "under_way": "not ended",
    "lost": "lost, and trained again",
    "confirmation": "confirming",
}


def spending(summary: StudySummary) -> Table | None:
    """A row for each purpose that anything was spent on; None where that is one purpose or none."""
    rows = [(purpose, spent) for purpose, spent in summary.spent.items() if spent.steps]
    if len(rows) < 2:
        return None
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("spent on")
    for heading in ("trials", "member-steps", "share", "worker time"):
        table.add_column(heading, justify="right")
    whole = sum(spent.steps for _, spent in rows)
    for purpose, spent in rows:
        share = f"{spent.steps / whole:.0%}" if spent.steps / whole >= 0.01 else "<1%"
        # A training that confirms is no trial.
        trials = "" if purpose == "confirmation" else str(spent.count)
        time = clock(spent.seconds) if spent.seconds else "-"
        table.add_row(NAMES[purpose], trials, f"{spent.steps:,}", share, time)
    return table


def outlooks(summary: StudySummary) -> list[str]:
    """Whether going on is likely to pay, by a model that is named; nothing where there are too few values to tell."""
    best = summary.best
    if best is None or best.value is None:
        return []
    ended = [trial for trial in summary.trials if trial.state in ("complete", "pruned", "failed")]
    values = [trial.value for trial in ended if trial.value is not None]
    if len(values) < outlook.FEWEST_VALUES:
        return []
    if (alike := values.count(best.value)) > 1:
        return [f"Going on: {alike} trials share the best value, which may be the highest there is."]
    margin, whose = _margin(summary)
    target = best.value - margin if summary.sweep.direction == "minimize" else best.value + margin
    more = summary.sweep.trials
    chance = outlook.chance_to_beat(values, target, more * len(values) / len(ended), summary.sweep.direction)
    if chance is None:
        return []
    by = f" by more than {number(margin)} ({whose})" if margin else ""
    model = f"judged by the newest {len(outlook.newest(values))} values"
    return [f"Going on: {_percent(chance)} that {more} more trials beat the best value{by}, {model}."]


def _margin(summary: StudySummary) -> tuple[float, str]:
    """By how much a trial would have to be better for it to count, and what that is taken from."""
    if summary.confirmation is not None:
        leader = next(e for e in summary.confirmation.candidates if e.number == summary.confirmation.leader)
        worse = [
            end
            for end in leader.interval
            if cost(end, summary.sweep.direction) > cost(leader.mean, summary.sweep.direction)
        ]
        if worse and math.isfinite(worse[0]):
            return abs(worse[0] - leader.mean), "its interval on fresh seeds"
    if summary.best is not None and summary.best.spread:
        return summary.best.spread, "its seeds' standard deviation"
    return 0.0, ""


def _percent(chance: float) -> str:
    return "a chance below 1%" if chance < 0.01 else f"a chance of about {chance:.0%}"
