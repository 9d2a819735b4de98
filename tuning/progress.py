"""What a person sees while a sweep runs: how far it is, how it goes, and how long it will take."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuning import halving
from tuning import outcome as outcomes
from tuning.figures import clock, number
from tuning.legs import Leg, Plan
from tuning.outcome import MemberResult, Outcome
from tuning.study import Study

LINES_EVERY_S = 10.0
"""Between two lines where there is no terminal to draw on."""


class Progress:
    """An Observer of the search that draws on a console: live on a terminal, elsewhere a line now and then."""

    def __init__(self, study: Study, console: Console) -> None:
        sweep = study.sweep
        self._name, self._sweep, self._console = study.name, sweep, console
        places = [halving.bracket_of(place, sweep.ladders) for place in range(sweep.trials)]
        expected = [halving.expected(ladder, sweep.reduction, sweep.audit_fraction) for ladder in sweep.ladders]
        self._in_all = sweep.seeds * sum(expected[bracket] for bracket in places)
        self._began = self._last_line = time.monotonic()
        self._steps: dict[tuple[int, int], int] = {}
        self._values: dict[int, float] = {}
        self._running: set[int] = set()
        self._best: tuple[int, float] | None = None
        self._default: float | None = None
        self._counts = {"complete": 0, "pruned": 0, "failed": 0, "diverged": 0}

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Draw until closed; nothing of it stays on a terminal."""
        if not self._console.is_terminal:
            yield self
            return
        with Live(self, console=self._console, refresh_per_second=4, transient=True):
            yield self

    def begun(self, leg: Leg) -> None:
        """More trials are running."""
        self._running |= {plan.number for plan in leg.plans}

    def reported(
        self, plan: Plan, place: int, points: list[tuple[int, dict[str, float]]], result: MemberResult
    ) -> None:
        """A member has come further."""
        self._steps[plan.number, place] = result.steps
        if result.value is not None and result.diverged_at is None:
            self._note(plan, result.value)
        if not self._console.is_terminal and time.monotonic() - self._last_line > LINES_EVERY_S:
            self._last_line = time.monotonic()
            self._console.print(f"{self._name}: {self._trials()}; {self._speed()}", soft_wrap=True)

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended."""
        self._running.discard(plan.number)
        self._counts[found.state] += 1
        self._counts["diverged"] += found.diverged_at is not None

    def _note(self, plan: Plan, value: float) -> None:
        if plan.default:
            self._default = value
        if outcomes.better(value, None if self._best is None else self._best[1], self._sweep.direction):
            self._best = (plan.number, value)

    def _trials(self) -> str:
        ended = sum(self._counts[state] for state in ("complete", "pruned", "failed"))
        words = [f"{ended} of {self._sweep.trials} trials done", f"{len(self._running)} running"]
        words += [f"{self._counts[state]} {state}" for state in ("diverged", "failed") if self._counts[state]]
        return ", ".join(words)

    def _speed(self) -> str:
        seconds, done = time.monotonic() - self._began, sum(self._steps.values())
        # What halving will ask for is known on average only.
        left = max(0.0, self._in_all - done) * seconds / done if done else None
        speed = f"{done / seconds:,.0f} member-steps/s" if done else "starting the workers"
        return f"{speed}, {clock(left)} left" if left is not None else speed

    def _values_line(self) -> str:
        best = "-" if self._best is None else f"{number(self._best[1])} (trial {self._best[0]})"
        return f"best {best}, default {number(self._default)}"

    def __rich__(self) -> Group:
        """The display as it is now."""
        bar = Table.grid(padding=(0, 1))
        done = sum(self._steps.values())
        passed = clock(time.monotonic() - self._began)
        length = max(1.0, self._in_all, done)
        bar.add_row(Text(self._name, style="bold"), ProgressBar(length, done, width=30), passed)
        return Group(
            bar, Text(self._trials()), Text(f"{self._sweep.metric}: {self._values_line()}"), Text(self._speed())
        )
