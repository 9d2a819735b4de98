"""The leaderboard: the best trials of a study and the default, as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.diagnosis.wording import in_words
from tuning.report.number_format import number, setting
from tuning.study.summary import StudySummary, TrialSummary

ROWS = 10
"""Trials that are shown, beside the default; of two objectives at least the whole front."""

Ranked = Sequence[tuple[int, TrialSummary]]
"""Trials with their ranks, from 1 on."""


def leaderboard(summary: StudySummary, width: int) -> RenderableType:
    """The best trials and the default, each with the parameters that differ between them.

    Each of these has a column of its own where there is room; otherwise they share one. width: of the console, in
    columns.
    """
    rows = max(ROWS, len(summary.front))
    shown = [(rank, trial) for rank, trial in enumerate(summary.ranked(), 1) if rank <= rows or trial.default]
    params = [_as_text(trial.params) for _, trial in shown]
    names = list(dict.fromkeys(name for each in params for name in each))
    differing = [name for name in names if len({each.get(name) for each in params}) > 1]
    cells = [[each.get(name, "") for name in differing] for each in params]
    headings = [name.replace("_", "\n") for name in differing]
    together = [
        [", ".join(f"{name} {value}" for name, value in zip(differing, each, strict=True) if value)] for each in cells
    ]
    roomy, tight = (_table(summary, shown, headings, cells, padding) for padding in (2, 1))
    narrow = _table(summary, shown, ["what differs"], together, 2)
    unbounded = Console(width=10 * width)
    fitting = next((each for each in (roomy, tight) if unbounded.measure(each).maximum <= width), narrow)
    return Group(fitting, *(Text(note, style="dim") for note in _notes(shown)))


def _table(
    summary: StudySummary, shown: Ranked, headings: Sequence[str], cells: Sequence[Sequence[str]], padding: int
) -> Table:
    """A row for each trial: rank, number and values, and behind them its cells under these headings."""
    second = summary.sweep.second
    objectives = [summary.sweep.metric] if second is None else [summary.sweep.metric, second.metric]
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, padding, 0, 0))
    for heading in ("", "trial", *(name.rpartition("/")[2].replace("_", "\n") for name in objectives)):
        table.add_column(heading, justify="right")
    diagnosed = any(trial.verdict for _, trial in shown)
    for heading in (*["verdict"] * diagnosed, *headings):
        table.add_column(heading, overflow="fold")
    for (rank, trial), behind in zip(shown, cells, strict=True):
        values = [_value(trial)] if second is None else [_value(trial), number(trial.second)]
        verdict = [in_words(trial.verdict or "")] if diagnosed else []
        style = "bold green" if rank <= max(1, len(summary.front)) else None
        table.add_row(
            str(rank),
            f"{trial.number}*" if trial.default else str(trial.number),
            *values,
            *verdict,
            *behind,
            style=style,
        )
    return table


def _value(trial: TrialSummary) -> str:
    return number(trial.value) + (f" ± {number(trial.spread)}" if trial.spread is not None else "")


def _notes(shown: Ranked) -> list[str]:
    notes = ["* the default configuration"] if any(trial.default for _, trial in shown) else []
    apart = any(trial.spread is not None for _, trial in shown)
    return notes + (["± the standard deviation over a trial's seeds"] if apart else [])


def _as_text(params: Mapping[str, Any]) -> dict[str, str]:
    """Parameters as text, an option with its settings: `cosine 0.05` for schedule and schedule.cosine.floor."""
    shown: dict[str, str] = {}
    for name, value in params.items():
        text = setting(value)
        field = name.partition(".")[0]
        shown[field] = f"{shown[field]} {text}" if name != field and field in shown else text
    return shown
