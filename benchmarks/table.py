"""What a benchmark has found and how it is printed: a table of figures, and goals with whether they are met."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """A bound that a figure should keep: from below, or from above with `most`."""

    what: str
    reached: float
    bound: float
    unit: str = ""
    most: bool = False

    @property
    def met(self) -> bool:
        """Whether the bound is kept."""
        return self.reached <= self.bound if self.most else self.reached >= self.bound

    def __str__(self) -> str:
        kind = "at most" if self.most else "at least"
        verdict = "met" if self.met else "MISSED"
        return f"{self.what}: {self.reached:.3g}{self.unit}, {kind} {self.bound:.3g}{self.unit} is the goal: {verdict}"


@dataclass(frozen=True)
class Result:
    """One benchmark's. about: what is measured and how; figures: all of it as plain data."""

    name: str
    about: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal]
    figures: dict[str, Any]
    notes: Sequence[str] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The figures and the goals, without what is for people alone."""
        return {"figures": self.figures, "goals": [{**asdict(goal), "met": goal.met} for goal in self.goals]}


def show(result: Result, console: Console) -> None:
    """Print what was measured, its table, its notes and its goals."""
    console.print(f"\n[bold]{result.name}[/bold]  {result.about}", highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for index, heading in enumerate(result.headings):
        table.add_column(heading, justify="right" if index else "left")
    for row in result.rows:
        table.add_row(*row)
    console.print(table, highlight=False)
    for note in result.notes:
        console.print(note, style="dim", highlight=False, markup=False)
    for goal in result.goals:
        console.print(str(goal), style="green" if goal.met else "red", highlight=False, markup=False)
