"""What a person sees while a sweep runs: how far it is, how it goes, and how long it will take."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate

from rich.console import Console, ConsoleRenderable, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tuning.report import notebook
from tuning.report.number_format import clock, number
from tuning.report.speed import Pace
from tuning.rules import halving, trial_outcome
from tuning.rules.objective import best, reaches
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Decision, Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study

LINES_EVERY_S = 10.0
"""Between two lines where there is no terminal to draw on."""

Clock = Callable[[], float]
"""Seconds that only rise."""


class Progress(Observer):
    """Follows the search and draws on a console: live on a terminal, elsewhere a line now and then.

    How far the study is, and how well, is told of all its lives; the speed, and from it the time left, of this one.
    """

    def __init__(self, study: Study, console: Console, now: Clock = time.monotonic) -> None:
        sweep = study.sweep
        self._name, self._sweep, self._ladders = study.name, sweep, sweep.ladders
        self._console, self._lines, self._now, self._began = console, _Lines(console, now), now, now()
        expected = [self._expected(bracket, 0) for bracket in range(len(self._ladders))]
        places = (expected[halving.bracket_of(place, self._ladders)] for place in reversed(range(sweep.trials)))
        self._ahead = [sweep.seeds * steps for steps in accumulate(places, initial=0.0)]
        """Of so many trials, the last ones, the steps that they will take."""
        self._pace, self._reached = Pace(now), False
        self._counts = {"complete": 0, "pruned": 0, "failed": 0, "diverged": 0}
        self._members: dict[int, list[MemberResult]] = {}
        """Of the trials that are begun and have not ended."""
        self._until: dict[int, int] = {}
        """Where the legs of the trials end that run now."""
        self._last_of_legs: set[int] = set()
        """The trials that are the last of their leg to be told of."""
        self._values: dict[int, float] = {}
        self._default: int | None = None
        self._begun = self._steps = 0
        self._open: set[str] = set()
        """Legs that are handed out and have not ended."""
        self._from_checkpoints: set[tuple[int, int]] = set()
        """Members whose next report tells of more than was trained since the last one, by trial and place."""
        self._live = False
        """Whether what is told happens now."""

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Draw until closed; nothing of it stays on a terminal."""
        with _drawn(self, self._console):
            yield self

    def begun(self, leg: Leg) -> None:
        """More trials are running; where their leg was cut off, from their checkpoints."""
        if leg.name in self._open:
            self._from_checkpoints |= {(plan.number, place) for plan in leg.plans for place in range(len(plan.seeds))}
        self._open.add(leg.name)
        self._last_of_legs -= {plan.number for plan in leg.plans}
        self._last_of_legs.add(leg.plans[-1].number)
        for plan in leg.plans:
            self._members.setdefault(plan.number, [MemberResult() for _ in plan.seeds])
            self._until[plan.number] = leg.until
            self._begun = max(self._begun, plan.number + 1)
            self._default = plan.number if plan.default else self._default

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further."""
        members = self._members[plan.number]
        before, members[place] = members[place], result
        # Fewer than before where it goes on from an earlier checkpoint.
        taken = result.steps - before.steps
        self._steps += taken
        if (plan.number, place) in self._from_checkpoints:
            self._from_checkpoints.remove((plan.number, place))
        elif self._live:
            self._pace.report(max(0, taken), max(0.0, result.seconds - before.seconds))
        self._note(plan.number, members)
        # Halfway through a pack the speed is that of its first half.
        whole = plan.number in self._last_of_legs and place == len(members) - 1
        if whole and self._live and self._lines.due():
            self._lines.say(f"{self._name}: {self._trials()}; {self._speed()}")

    def split(self, leg: Leg) -> None:
        """Others take the place of a leg."""
        self._open.discard(leg.name)

    def closed(self, leg: Leg, decision: Decision) -> None:
        """A leg has ended."""
        self._open.discard(leg.name)

    def replayed(self) -> None:
        """Nothing of what was told so far is running."""
        self._live = True
        self._until.clear()
        self._last_of_legs.clear()

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended."""
        self._until.pop(plan.number, None)
        self._members.pop(plan.number, None)
        self._end(plan.number, found, members)

    def _end(self, trial: int, found: Outcome, members: Sequence[MemberResult]) -> None:
        self._counts[found.state] += 1
        self._counts["diverged"] += found.diverged_at is not None
        self._note(trial, members)
        target, direction = self._sweep.target, self._sweep.direction
        if target is not None and found.value is not None and reaches(found.value, target, direction):
            self._reached = True

    def _note(self, trial: int, members: Sequence[MemberResult]) -> None:
        """Keep the value that a trial has so far."""
        value = trial_outcome.outcome(members, None, self._sweep.direction, self._sweep.aggregate).value
        if value is not None:
            self._values[trial] = value
        else:
            self._values.pop(trial, None)

    def _expected(self, bracket: int, steps: int) -> float:
        ladder = self._ladders[bracket]
        return halving.expected(ladder, self._sweep.reduction, self._sweep.audit_fraction, steps)

    def _steps_left(self) -> float:
        """That the search will ask for; where it is halved this is known on average only."""
        steps = self._ahead[max(0, self._sweep.trials - self._begun)]
        for trial, members in self._members.items():
            bracket = halving.bracket_of(trial, self._ladders)
            steps += sum(self._expected(bracket, each.steps) for each in members if each.diverged_at is None)
        if self._reached:
            return self._under_way()
        if self._sweep.max_steps is not None:
            return min(steps, max(self._sweep.max_steps - self._steps, self._under_way()))
        return steps

    def _under_way(self) -> float:
        """Steps that legs under way have still to take, which no limit of the sweep ends."""
        return sum(
            max(0, until - each.steps)
            for trial, until in self._until.items()
            for each in self._members[trial]
            if each.diverged_at is None
        )

    def _trials(self) -> str:
        ended = sum(self._counts[state] for state in ("complete", "pruned", "failed"))
        words = [f"{ended} of {self._sweep.trials} trials done", f"{len(self._until)} running"]
        words += [f"{self._counts[state]} {state}" for state in ("diverged", "failed") if self._counts[state]]
        return ", ".join(words)

    def _speed(self) -> str:
        limit, steps = self._sweep.time_limit, self._steps_left()
        if limit is None:
            open_end = self._sweep.target is not None and not self._reached
            return _pace_words(self._pace, steps, "at most " if open_end else "")
        rest = max(0.0, limit - (self._now() - self._began))
        speed = self._pace.speed
        if speed is None:
            return f"{_pace_words(self._pace, steps)}, at most {clock(rest)}"
        return _pace_words(self._pace, min(steps, max(rest * speed, self._under_way())))

    def _values_line(self) -> str:
        first = best(self._values.items(), self._sweep.direction)
        shown = "-" if first is None else f"{number(self._values[first])} (trial {first})"
        default = None if self._default is None else self._values.get(self._default)
        return f"best {shown}, default {number(default)}"

    def __rich__(self) -> Group:
        """The display as it is now."""
        return Group(
            _bar(self._name, self._steps, self._steps + self._steps_left(), self._now() - self._began),
            Text(self._trials()),
            Text(f"{self._sweep.metric}: {self._values_line()}"),
            Text(self._speed()),
        )


class ConfirmProgress:
    """The same of a confirmation: so many members, each known by its trial and seed, to be trained to the budget."""

    def __init__(self, name: str, members: int, budget: int, console: Console, now: Clock = time.monotonic) -> None:
        self._name, self._in_all, self._budget = name, members, budget
        self._console, self._lines, self._now, self._began = console, _Lines(console, now), now, now()
        self._pace, self._scored = Pace(now), 0
        self._steps: dict[tuple[int, int], int] = {}
        """Of those that have no score yet."""

    @contextmanager
    def shown(self) -> Iterator["ConfirmProgress"]:
        """Draw until closed; nothing of it stays on a terminal."""
        with _drawn(self, self._console):
            yield self

    def reported(self, pack: Mapping[tuple[int, int], int], seconds: float) -> None:
        """The members of a pack have come so far; seconds: since their last report."""
        # The first report may tell of what was trained before, up to a checkpoint.
        self._pace.report(sum(max(0, steps - self._steps.get(each, steps)) for each, steps in pack.items()), seconds)
        self._steps.update(pack)
        if self._lines.due():
            self._lines.say(f"{self._name}: {self._members()}; {self._speed()}")

    def scored(self, members: Sequence[tuple[int, int]]) -> None:
        """These have a score, or never will."""
        self._scored += len(members)
        for member in members:
            self._steps.pop(member, None)

    def _steps_left(self) -> int:
        return self._budget * (self._in_all - self._scored) - sum(self._steps.values())

    def _members(self) -> str:
        return f"confirming, {self._scored} of {self._in_all} trainings scored"

    def _speed(self) -> str:
        return _pace_words(self._pace, self._steps_left())

    def __rich__(self) -> Group:
        """The display as it is now."""
        whole = self._budget * self._in_all
        bar = _bar(self._name, whole - self._steps_left(), whole, self._now() - self._began)
        return Group(bar, Text(self._members()), Text(self._speed()))


class _Lines:
    """Where there is no terminal to draw on: a line now and then."""

    def __init__(self, console: Console, now: Clock) -> None:
        self._console, self._now, self._last = console, now, now()

    def due(self) -> bool:
        return not _can_draw(self._console) and self._now() - self._last > LINES_EVERY_S

    def say(self, line: str) -> None:
        self._last = self._now()
        self._console.print(line, soft_wrap=True)


@contextmanager
def _drawn(display: ConsoleRenderable | Progress | ConfirmProgress, console: Console) -> Iterator[None]:
    if not _can_draw(console):
        yield
        return
    in_notebook = console.is_jupyter
    with (
        notebook.drawn(display) if in_notebook else Live(display, console=console, refresh_per_second=4, transient=True)
    ):
        yield


def _can_draw(console: Console) -> bool:
    return console.is_terminal or console.is_jupyter


def _bar(name: str, done: float, in_all: float, seconds: float) -> Table:
    bar = Table.grid(padding=(0, 1))
    bar.add_row(Text(name, style="bold"), ProgressBar(max(1.0, in_all), done, width=30), clock(seconds))
    return bar


def _pace_words(pace: Pace, steps_left: float, bound: str = "") -> str:
    """Speed and time left; neither before there is something to tell them by."""
    if pace.speed is None:
        return "time left: -" if pace.begun else "starting the workers; time left: -"
    return f"{pace.speed:,.0f} member-steps/s, {bound}{clock(steps_left / pace.speed)} left"
