"""What a person sees while a study is confirmed."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console, Group
from rich.text import Text

from tuning.report.display import Clock, Lines, bar, drawn, speed_and_time_left
from tuning.report.speed import Pace


class ConfirmProgress:
    """Draws how far the trainings of a confirmation are; each is known by its trial and its seed.

    name: of the study.
    members: how many trainings there are, as far as that is known.
    budget: of each, in steps.
    console: to draw on.
    behind: says how far whoever is told of the study is behind, while it is.
    now: a clock that only rises, in seconds.
    """

    def __init__(
        self,
        name: str,
        members: int,
        budget: int,
        console: Console,
        behind: Callable[[], str | None] = lambda: None,
        now: Clock = time.monotonic,
    ) -> None:
        self._name, self._in_all, self._budget = name, members, budget
        self._console, self._lines, self._now, self._began = console, Lines(console, now), now, now()
        self._pace, self._behind, self._scored = Pace(now), behind, 0
        self._steps: dict[tuple[int, int], int] = {}
        """Of the trainings that have no score yet."""

    @contextmanager
    def shown(self) -> Iterator["ConfirmProgress"]:
        """Draw until closed; nothing of it stays on a terminal."""
        with drawn(self, self._console):
            yield self

    def reported(self, pack: Mapping[tuple[int, int], int], seconds: float) -> None:
        """The members of a pack have come this far. seconds: since their last report."""
        # The first report may include what was trained before, up to a checkpoint.
        self._pace.report(sum(max(0, steps - self._steps.get(each, steps)) for each, steps in pack.items()), seconds)
        self._steps.update(pack)
        if self._lines.due():
            self._lines.say("; ".join([f"{self._name}: {self._members()}", self._speed(), *self._remarks()]))

    def scored(self, members: Sequence[tuple[int, int]]) -> None:
        """These have a score, or never will."""
        self._scored += len(members)
        for member in members:
            self._steps.pop(member, None)

    def more(self, count: int) -> None:
        """So many more trainings are due."""
        self._in_all += count

    def noted(self, line: str) -> None:
        """Something has happened to a worker: said at once."""
        self._lines.say(f"{self._name}: {line}")

    def __rich__(self) -> Group:
        """The display as it is now."""
        whole = self._budget * self._in_all
        done = bar(self._name, whole - self._steps_left(), whole, self._now() - self._began)
        return Group(done, Text(self._members()), Text(self._speed()), *map(Text, self._remarks()))

    def _remarks(self) -> list[str]:
        behind = self._behind()
        return [] if behind is None else [behind]

    def _steps_left(self) -> int:
        return self._budget * (self._in_all - self._scored) - sum(self._steps.values())

    def _members(self) -> str:
        return f"confirming, {self._scored} of {self._in_all} trainings scored"

    def _speed(self) -> str:
        return speed_and_time_left(self._pace, self._steps_left())
