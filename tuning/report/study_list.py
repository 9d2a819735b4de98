"""All studies of a storage, a line each."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table

from tuning.report.number_format import number
from tuning.study.summary import StudySummary


def table(summaries: Sequence[StudySummary]) -> Table:
    """For people; the last column says what keeps a study from being resumed here."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("study", "state", "trials", "best", "begun"):
        made.add_column(heading, justify="right" if heading in ("trials", "best") else "left")
    if any(summary.flaw for summary in summaries):
        made.add_column()
    for each in summaries:
        best = f"front of {len(each.front)}" if each.front else number(each.best.value if each.best else None)
        begun = each.created.astimezone().strftime("%Y-%m-%d %H:%M")
        flaw = ["its loop can't be imported here"] if each.flaw else []
        made.add_row(each.name, each.state, str(len(each.trials)), best, begun, *flaw)
    return made


def as_json(summary: StudySummary) -> dict[str, Any]:
    """One study, for scripts."""
    return {"name": summary.name, "state": summary.state, "flaw": summary.flaw, "trials": len(summary.trials)}
