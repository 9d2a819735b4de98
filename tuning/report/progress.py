"""What a person sees while a sweep runs: how far it is, how it goes, and how long it will take."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.text import Text

from tuning.report.display import Clock, Lines, bar, drawn, speed_and_time_left
from tuning.report.number_format import clock, number
from tuning.report.speed import Pace
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Decision, Leg, Plan
from tuning.study.observer import Observer, Points
from tuning.study.study import Study
from tuning.study.tally import Tally


class Progress(Observer):
    """Follows the search and draws on a console: live where it can, elsewhere a line now and then.

    How far the study is, and how well it does, is counted over all the processes that have run it. The speed, and from
    it the time left, is that of this one.

    study, console: what is followed, and where it is drawn.
    behind: says how far whoever is told of the study is behind, while it is.
    now: a clock that only rises, in seconds.
    """

    def __init__(
        self,
        study: Study,
        console: Console,
        behind: Callable[[], str | None] = lambda: None,
        now: Clock = time.monotonic,
    ) -> None:
        self._name, self._sweep, self._tally = study.name, study.sweep, Tally(study.sweep)
        self._console, self._lines, self._now, self._began = console, Lines(console, now), now, now()
        self._pace, self._behind = Pace(now), behind
        self._last_of_legs: set[int] = set()
        """The trials that are the last of their leg to be told of."""
        self._open: set[str] = set()
        """Legs that are handed out and have not ended."""
        self._from_checkpoints: set[tuple[int, int]] = set()
        """Members, by trial and place, whose next report tells of more than was trained since the last one."""
        self._live = False
        """Whether what is told happens now."""

    @contextmanager
    def shown(self) -> Iterator["Progress"]:
        """Draw until closed; nothing of it stays on a terminal."""
        with drawn(self, self._console):
            yield self

    def begun(self, leg: Leg) -> None:
        """More trials are running; where their leg was cut off, from their checkpoints."""
        self._tally.begun(leg)
        if leg.name in self._open:
            self._from_checkpoints |= {(plan.number, place) for plan in leg.plans for place in range(len(plan.seeds))}
        self._open.add(leg.name)
        self._last_of_legs -= {plan.number for plan in leg.plans}
        self._last_of_legs.add(leg.plans[-1].number)

    def reported(self, plan: Plan, place: int, points: Points, result: MemberResult) -> None:
        """A member has come further."""
        before = self._tally.result(plan.number, place)
        self._tally.reported(plan, place, points, result)
        if (plan.number, place) in self._from_checkpoints:
            self._from_checkpoints.remove((plan.number, place))
        elif self._live:
            # A member that goes on from an earlier checkpoint has fewer steps than before.
            self._pace.report(max(0, result.steps - before.steps), max(0.0, result.seconds - before.seconds))
        # Halfway through the reports of a pack the speed would be that of its first half.
        whole = plan.number in self._last_of_legs and place == len(plan.seeds) - 1
        if whole and self._live and self._lines.due():
            self._lines.say("; ".join([f"{self._name}: {self._trials()}", self._speed(), *self._remarks()]))

    def split(self, leg: Leg) -> None:
        """Others take the place of a leg."""
        self._open.discard(leg.name)

    def closed(self, leg: Leg, decision: Decision) -> None:
        """A leg has ended."""
        self._open.discard(leg.name)

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        """A trial has ended."""
        self._tally.finished(plan, found, members)

    def noted(self, line: str) -> None:
        """Something has happened to a worker: said at once."""
        self._lines.say(f"{self._name}: {line}")

    def replayed(self) -> None:
        """Nothing of what was told so far is running."""
        self._tally.replayed()
        self._live = True
        self._last_of_legs.clear()

    def __rich__(self) -> Group:
        """The display as it is now."""
        steps = self._tally.steps
        return Group(
            bar(self._name, steps, steps + self._tally.steps_left(), self._now() - self._began),
            Text(self._trials()),
            Text(f"{self._sweep.metric}: {self._values()}"),
            Text(self._speed()),
            *map(Text, self._remarks()),
        )

    def _remarks(self) -> list[str]:
        behind = self._behind()
        return [] if behind is None else [behind]

    def _trials(self) -> str:
        ended = self._tally.ended
        words = [f"{sum(ended.values())} of {self._sweep.trials} trials done", f"{self._tally.running} running"]
        unhappy = {"diverged": self._tally.diverged, "failed": ended["failed"]}
        return ", ".join([*words, *(f"{count} {state}" for state, count in unhappy.items() if count)])

    def _values(self) -> str:
        best, values = self._tally.best, self._tally.values
        shown = "-" if best is None else f"{number(values[best])} (trial {best})"
        default = None if self._tally.default is None else values.get(self._tally.default)
        return f"best {shown}, default {number(default)}"

    def _speed(self) -> str:
        limit, steps = self._sweep.time_limit, self._tally.steps_left()
        if limit is None:
            return speed_and_time_left(self._pace, steps, "at most " if self._tally.may_end_early else "")
        rest = max(0.0, limit - (self._now() - self._began))
        speed = self._pace.speed
        if speed is None:
            return f"{speed_and_time_left(self._pace, steps)}, at most {clock(rest)}"
        return speed_and_time_left(self._pace, min(steps, max(rest * speed, self._tally.steps_under_way())))
