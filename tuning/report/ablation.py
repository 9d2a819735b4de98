"""Which differences between two configurations make the difference in score: for people, and for scripts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tuning.report.mending import diverged, estimate, finite, interval, rounded, signed
from tuning.rules.ablation import Ablation
from tuning.rules.comparison import Difference, Estimate


@dataclass(frozen=True)
class Ablated:
    """What `tuning ablate` has found.

    a, b: what the two are.
    study: that they were trained in.
    metric: of the scores.
    values: of each change, what it was and what it becomes, as people write it.
    found: what came of it.
    """

    a: str
    b: str
    study: str
    metric: str
    values: Mapping[str, tuple[str, str]]
    found: Ablation

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints; null stands for what is not finite."""
        found = self.found
        return {
            "a": {"name": self.a, **_estimate(found.a)},
            "b": {"name": self.b, **_estimate(found.b)},
            "path": [{"fields": list(step.changes), **_difference(step.difference)} for step in found.path],
            "minimal": list(found.minimal),
            "cause": None if found.cause is None else list(found.cause),
            "alone": {name: _difference(each) for name, each in found.alone.items()},
            "undone": {name: _difference(each) for name, each in found.undone.items()},
            "together": [list(each) for each in found.together],
            "more_seeds": found.more_seeds,
        }


def _estimate(found: Estimate) -> dict[str, Any]:
    numbers = {name: finite(getattr(found, name)) for name in ("score", "low", "high")}
    return {**numbers, "diverged": found.diverged}


def _difference(found: Difference) -> dict[str, float | None]:
    return {name: finite(getattr(found, name)) for name in ("difference", "low", "high")}


def told(shown: Ablated) -> RenderableType:
    """The whole of it for a person."""
    found = shown.found
    parts: list[RenderableType] = [
        Text(f"A, {shown.a}: {shown.metric} {estimate(found.a)}{diverged(found.a)}"),
        Text(f"B, {shown.b}: {shown.metric} {estimate(found.b)}{diverged(found.b)}"),
        Text(),
    ]
    if found.alone:
        parts += [Text("Each change by itself", style="bold"), _changes(shown), Text()]
    if found.path:
        parts += [Text("From A to B, each time what brings most", style="bold"), _path(found), Text()]
    return Group(*parts, *map(Text, _conclusion(shown)))


def _changes(shown: Ablated) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("change", "from", "to"):
        made.add_column(heading, overflow="fold")
    for heading in ("made in A", "undone in B"):
        made.add_column(heading, justify="right", no_wrap=True)
    for name, (before, after) in shown.values.items():
        alone, undone = shown.found.alone[name], shown.found.undone[name]
        sure = shown.found.between.towards in (alone.towards, undone.towards)
        # Undone it takes away what it brings.
        lost = Difference(-undone.difference, -undone.high, -undone.low, -undone.towards, 1 - undone.improvement)
        made.add_row(name, before, after, interval(alone, "\n"), interval(lost, "\n"), style="green" if sure else None)
    return made


def _path(found: Ablation) -> Table:
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    made.add_column("change", overflow="fold")
    for heading in ("score", "95 % interval", "difference"):
        made.add_column(heading, justify="right")
    made.add_row("A", *_scored(found.a), "")
    for step in found.path:
        sure = step.difference.towards == found.between.towards
        name = ", ".join(step.changes)
        made.add_row(name, *_scored(step.after), interval(step.difference), style="green" if sure else None)
    return made


def _scored(found: Estimate) -> tuple[str, str]:
    return rounded(found.score, found), f"{rounded(found.low, found)} to {rounded(found.high, found)}"


def _conclusion(shown: Ablated) -> Iterator[str]:
    found = shown.found
    yield f"{found.trained} configurations were trained on {found.a.seeds} seeds each, in {shown.study}."
    if not found.between.towards:
        might = (
            "no sensible number of seeds would tell them apart"
            if found.more_seeds is None
            else f"about {found.more_seeds} more seeds each might tell"
        )
        yield f"No cause found: A and B can't be told apart ({interval(found.between)}); {might}."
        return
    for together in found.together:
        yield f"None of {' and '.join(together)} helps without the other{'s' * (len(together) > 2)}."
    if found.cause is None:
        yield f"No cause found: the difference, {interval(found.between)}, comes of no step that can be told."
    else:
        parts = [
            f"{', '.join(step.changes)} ({signed(step.difference.difference, step.difference)})"
            for step in found.path
            if set(step.changes) <= set(found.cause)
        ]
        whole = signed(found.between.difference, found.between)
        yield f"What makes the difference of {whole}: {', then '.join(parts)}."
    yield f"The fewest changes after which A can't be told from B: {', '.join(found.minimal)}."
