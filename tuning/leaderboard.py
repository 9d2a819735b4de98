"""What a study has found, for people: the best trials, what differs in them, where the winner lies, what to do next."""

import shlex
from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning import outcome as outcomes
from tuning.figures import clock, number
from tuning.study import StudyView, TrialView

ROWS = 10


def ranked(view: StudyView) -> list[TrialView]:
    """The complete trials, the best first."""
    left, order = {trial.number: trial for trial in view.trials if trial.value is not None}, []
    while left:
        values = [(trial.number, trial.value) for trial in left.values() if trial.value is not None]
        order.append(left.pop(outcomes.best(values, view.sweep.direction) or 0))
    return order


def described(params: Mapping[str, Any], names: set[str]) -> str:
    """The parameters of these names, in a line."""
    shown = {name: value for name, value in params.items() if name in names}
    return ", ".join(f"{name} {number(value) if isinstance(value, float) else value}" for name, value in shown.items())


def leaderboard(view: StudyView) -> RenderableType:
    """The best trials and the default, each with what differs between them."""
    order = ranked(view)
    shown = order[:ROWS] + [trial for trial in order[ROWS:] if trial.default]
    names = {name for trial in shown for name in trial.params}
    differing = {name for name in names if len({repr(trial.params.get(name)) for trial in shown}) > 1}
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("", justify="right")
    table.add_column("trial", justify="right")
    table.add_column(view.sweep.metric.rpartition("/")[2], justify="right")
    table.add_column("what differs", overflow="fold")
    for rank, trial in enumerate(order, 1):
        if trial in shown:
            text = described(trial.params, differing)
            style = "bold green" if rank == 1 else None
            label = f"default: {text}" if trial.default else text
            table.add_row(str(rank), str(trial.number), number(trial.value), label, style=style)
    return table


def summary(view: StudyView) -> RenderableType:
    """The whole of what is printed when a sweep has ended, or when it is shown later."""
    parts: list[RenderableType] = [Text(_headline(view), style="bold"), Text(_counts(view))]
    best, default = view.best, view.default
    if best is None:
        parts.append(Text("No trial has a value: " + _why_none(view)))
        return Group(*parts)
    parts += [Text(), leaderboard(view), Text()]
    compared = f"; the default configuration reaches {number(default.value)}" if default and default.value else ""
    parts.append(Text(f"Best: trial {best.number}, {view.sweep.metric} {number(best.value)}{compared}."))
    if best.checkpoint:
        parts.append(Text(f"  weights  {best.checkpoint}", overflow="fold"))
    if best.run_id:
        parts.append(Text(f"  MLflow   {best.run_id}"))
    parts.append(
        Text(f"Next: `tuning ui` compares the runs; `tuning show {shlex.quote(view.name)} --json` for scripts.")
    )
    return Group(*parts)


def show(view: StudyView, console: Console) -> None:
    """Print the summary."""
    console.print(summary(view), highlight=False)


def _headline(view: StudyView) -> str:
    steps = sum(trial.steps for trial in view.trials)
    speed = f", {steps / view.seconds:,.0f} a second" if view.seconds else ""
    return f"{view.name}: {view.state} after {clock(view.seconds)}; {steps:,} member-steps{speed}"


def _counts(view: StudyView) -> str:
    diverged = sum(trial.diverged_at is not None for trial in view.trials)
    states = ("complete", "pruned", "failed", "running", "waiting")
    words = [f"{view.count(state)} {state}" for state in states if view.count(state)]
    return f"{view.sweep.trials} trials: {', '.join(words) or 'none begun'}" + (
        f"; {diverged} diverged" if diverged else ""
    )


def _why_none(view: StudyView) -> str:
    reasons = [f"trial {trial.number}: {trial.reason}" for trial in view.trials if trial.reason]
    return "; ".join(reasons[:3]) or "none was finished."
