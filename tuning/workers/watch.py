"""A watch over the workers: one that neither reports nor trains is ended, whatever holds it up.

It stands in the driver, since what hangs may be anything: an environment, C code that keeps Python's lock, a file
system, a compiler, a process that was stopped. What a worker does is read from its pulse (trainables/base/pulse.py).
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from trainables.base import pulse
from trainables.base.pulse import Sign
from trainables.messages import PulseRequest
from tuning.rules.silence import Silences, Stage, StallTimeout, most_s
from tuning.study.clock import Now
from tuning.workers import stall
from tuning.workers.borrowed import Controller, InHand
from tuning.workers.stall import Stall

log = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
"""At most, between two looks at the workers."""

STACKS_AFTER = 0.6
"""Of the time that a worker may be silent: when it writes down where it stands."""

STILL_S = 3 * pulse.EVERY_S
"""Without a sign for so long, and for half of its silence, a worker stands still."""

COMPUTING = 0.2
"""Of the time, spent on the processor: that much says of a loop that gives no signs that it trains."""


class Watch:
    """Looks at all workers now and then, and ends those that are silent for too long."""

    def __init__(self, timeout: StallTimeout, own: bool, folder: Path, now: Now = time.monotonic) -> None:
        """Nobody is looked at yet.

        timeout: of the sweep.
        own: whether the loop is a person's own.
        folder: where workers leave their signs; they reach it, too.
        now: a clock.
        """
        self._timeout, self._own, self._folder, self._now = timeout, own, folder, now
        self._least_s = most_s(timeout, "training", 0.0, own)
        self._every_s, self._next_look = min(LOOK_EVERY_S, self._least_s / 10), 0.0
        self._silences, self._stills = Silences(3 * self._every_s), Silences(3 * self._every_s)
        """Without any news, and without a sign."""
        self._longest_s: float | None = None
        """The longest time between two reports so far."""
        self._news: dict[str, int] = {}
        """How often each leg has reported, or was seen to compute."""
        self._signs: dict[str, Sign] = {}
        """The last one of each leg in hand."""
        self._numbers: dict[object, int] = {}
        """Of the workers, in the order in which they were first seen."""
        self.stalls: dict[str, Stall] = {}
        """Of the legs whose workers were ended, what is known of that, by ticket."""

    def pulse_of(self, ticket: str) -> PulseRequest | None:
        """What signs the worker of a leg is to give."""
        if self._timeout is None:
            return None
        return PulseRequest(str(self._folder / ticket), STACKS_AFTER * self._least_s)

    def reported(self, ticket: str, train_s: float) -> None:
        """A worker has reported, after so many seconds of training."""
        self._news[ticket] = self._news.get(ticket, 0) + 1
        self._longest_s = max(train_s, self._longest_s or 0.0)

    def look(self, controller: Controller, is_last_try: Callable[[str], bool]) -> None:
        """Look at all workers, unless that was done a moment ago.

        controller: has them.
        is_last_try: whether the leg of a ticket is not tried once more if it hangs now.
        """
        now = self._now()
        if self._timeout is None or now < self._next_look:
            return
        self._next_look = now + self._every_s
        legs = controller.in_hand()
        tickets = {leg.ticket for leg in legs}
        self._silences.keep(tickets)
        self._stills.keep(tickets)
        self._signs = {ticket: sign for ticket, sign in self._signs.items() if ticket in tickets}
        for leg in legs:
            found = self._stalled(leg, now)
            if found is not None:
                log.warning("%s: %s, %s", leg.name, found, found.why)
                self.stalls[leg.ticket] = found
                controller.end(leg, for_good=is_last_try(leg.ticket))

    def _stalled(self, leg: InHand, now: float) -> Stall | None:
        """What is known of a worker that has been silent for too long; None of any other."""
        number = self._numbers.setdefault(leg.worker, len(self._numbers) + 1)
        sign = self._heard(leg.ticket)
        said = leg.worker, leg.stage, self._news.get(leg.ticket), sign and sign.beats
        silent_s = self._silences.of(leg.ticket, said, now)
        still_s = self._stills.of(leg.ticket, (leg.worker, leg.stage, sign and sign.signs), now)
        stage: Stage = "compiling" if sign is not None and sign.what == pulse.COMPILING else leg.stage
        if silent_s < most_s(self._timeout, stage, self._longest_s, self._own):
            return None
        stacks = _text(pulse.stacks_of(self._folder / leg.ticket))
        why = stall.why(stage, sign, stacks, still_s > max(STILL_S, silent_s / 2))
        return Stall(number, silent_s, why, stacks, sign.member if sign else None)

    def _heard(self, ticket: str) -> Sign | None:
        """The newest sign of a leg; that a loop without signs computes is news."""
        before, sign = self._signs.get(ticket), pulse.read(self._folder / ticket)
        if sign is None:
            return before
        self._signs[ticket] = sign
        if self._own and before and sign.cpu_s - before.cpu_s > COMPUTING * self._every_s:
            self._news[ticket] = self._news.get(ticket, 0) + 1
        return sign


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
