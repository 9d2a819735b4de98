"""What becomes of legs whose workers fail, wait or hang: whose fault it is, and who is told."""

import math
import time
from collections.abc import Callable
from typing import Any

from trainables.messages import PackReport
from tuning.rules.blame import Blame, Fault
from tuning.search.leg_source import LegSource
from tuning.study.clock import Now
from tuning.sweep.sections import Workers
from tuning.workers import room
from tuning.workers.borrowed import Controller, Overseer
from tuning.workers.room import Room
from tuning.workers.waiting import Waiting
from tuning.workers.watch import Watch

SAID = {"trial": "its training failed", "worker": "a worker has died", "cluster": "the cluster has failed a worker"}
"""Of a failure, by whose fault it is."""

EXHAUSTED = ("MemoryError", "OutOfMemoryError", "out of memory")
"""What errors of members have in them whose worker can't be trusted any further, as it may not give memory back."""

PATIENT_S = 300.0
"""After which a sweep ends that waits for a first worker, where no node has room for one and none comes by itself."""


class LegOverseer(Overseer):
    """Tells the faults of trials, workers and the cluster apart; the last are never charged to a leg."""

    def __init__(
        self,
        watch: Watch,
        source: LegSource[Any],
        wanted: Workers,
        found: Callable[[], Room] = room.found,
        now: Now = time.monotonic,
    ) -> None:
        """No leg is in hand yet.

        watch: over the workers.
        source: of the legs.
        wanted: what each worker needs.
        found: what room there is.
        now: a clock.
        """
        self.is_last_try: Callable[[str], bool] = lambda ticket: False
        """Whether the leg of a ticket is not tried once more if it hangs now."""
        self._watch, self._source, self._wanted, self._found, self._now = watch, source, wanted, found, now
        self._waiting, self._blame = Waiting(), Blame()
        self._look_for_room_at = -math.inf
        self._steps: dict[str, int] = {}
        """How far each leg has ever come."""
        self._faults: dict[str, Fault] = {}
        """Whose the last failure of each leg was."""
        self._left: set[str] = set()
        """Legs that the cluster has failed too often."""
        self._spent: set[str] = set()
        """Legs whose workers are to be replaced when they end."""

    def look(self, controller: Controller) -> None:
        """End workers that hang, and say what is waited for."""
        self._watch.look(controller, self.is_last_try)
        now, waits = self._now(), controller.waits()
        if self._waiting.is_to_be_said(waits, now):
            self._source.note(f"a leg waits for a worker: {self._found().lack(self._wanted)}")
        if self._waiting.for_s(now) > PATIENT_S and now >= self._look_for_room_at and not controller.in_hand():
            self._look_for_room_at = now + PATIENT_S / 10
            self._leave_all_without_room(controller)

    def _leave_all_without_room(self, controller: Controller) -> None:
        there = self._found()
        if there.workers(self._wanted) < 1 and not there.grows:
            self._source.give_up(f"no node has room for a worker: {there.lack(self._wanted)}")
            controller.request_stop_experiment()  # type: ignore[no-untyped-call]

    def reported(self, ticket: str, report: PackReport) -> None:
        """A leg has come further."""
        self._steps[ticket] = max([self._steps.get(ticket, 0), *(each.steps for each in report.members)])
        if any(word in each.error for each in report.members if each.error for word in EXHAUSTED):
            self._spent.add(ticket)

    def counts(self, ticket: str, fault: Fault) -> bool:
        """Whether a failure counts as one of the leg's tries; a worker that hung has been judged by who ended it."""
        self._faults[ticket] = fault
        if ticket in self._watch.stalls:
            return True
        steps = self._steps.get(ticket, 0)
        if fault == "cluster" and self._blame.is_hopeless(ticket, steps):
            self._left.add(ticket)
        return self._blame.counts(ticket, fault, steps)

    def is_left(self, ticket: str) -> bool:
        """Whether a leg is left for another time."""
        return ticket in self._left

    def is_spent(self, ticket: str) -> bool:
        """Whether the worker of a leg that has ended is to be replaced."""
        return ticket in self._spent

    def failure(self, ticket: str) -> str:
        """What has happened to a leg, in words."""
        return SAID[self._faults.get(ticket, "worker")]
