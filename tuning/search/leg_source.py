"""Packs to train, one after the other: who hands them out, takes their reports, and deals with those that fail.

It knows nothing of Ray, nor of what is trained for. That is its policy's, of which there are two: the search
(leg_search.py) and the confirmation (confirm_search.py).
"""

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Generic, Protocol, TypeVar

from trainables.messages import PackReport, PackRequest

Work = TypeVar("Work")
"""What a policy calls a pack."""


class Policy(Protocol[Work]):
    """Decides what is trained next, and what becomes of it."""

    @property
    def cut_off(self) -> Iterable[Work]:
        """What was under way when the study was cut off, and is trained before anything else."""

    @property
    def stopped(self) -> object:
        """Something true where no more is to be begun."""

    def at_once(self) -> AbstractContextManager[None]:
        """What is kept within reaches the study's records in one transaction."""

    def next(self, under_way: Sequence[Work]) -> Work | None:
        """The next pack; None while there is none, or none before others under way have ended."""

    def keep(self, work: Work) -> None:
        """Keep that a pack is handed out."""

    def request(self, work: Work) -> PackRequest:
        """What is asked of the worker of a pack that has been kept and is handed out."""

    def take(self, work: Work, report: PackReport) -> None:
        """A pack has come further."""

    def end(self, work: Work, report: PackReport) -> None:
        """A pack has come to its end, with this report as its last, which was taken."""

    def parts(self, work: Work, member: int | None) -> Sequence[Work]:
        """Two packs in place of one that could not be trained; none where it can't be divided.

        member: who is to blame, by their place in the pack, and comes apart from all others; None: not known, and the
            pack is halved.
        """

    def fail(self, work: Work, error: str) -> None:
        """A pack that can't be divided could not be trained, however often it was tried."""

    def leave(self, work: Work) -> None:
        """A pack is not trained on now; whoever goes on with the study begins with it."""

    def note(self, line: str) -> None:
        """Something has happened to a worker that a person should know."""


class LegSource(Generic[Work]):
    """Hands out a policy's packs under tickets of whoever trains them."""

    def __init__(self, policy: Policy[Work]) -> None:
        self._policy = policy
        self._again: deque[Work] = deque(policy.cut_off)
        """What goes before anything new: packs that were cut off, and parts of those that failed."""
        self._under_way: dict[str, Work] = {}
        self._of_hung: list[Work] = []
        """Parts of packs that have hung."""
        self.waits_for: str | None = None
        """Why packs are left for another time, where that is nobody's fault who is trained."""

    @property
    def idle(self) -> bool:
        """Whether nothing is under way: where nothing is handed out either, it is exhausted."""
        return not self._under_way

    def next(self, ticket: str) -> PackRequest | None:
        """The next pack, which goes by this ticket from now on; None while there is none to be begun."""
        with self._policy.at_once():
            work = None if self._policy.stopped else self._next()
            if work is not None:
                self._policy.keep(work)
        if work is None:
            return None
        self._under_way[ticket] = work
        return self._policy.request(work)

    def _next(self) -> Work | None:
        return self._again.popleft() if self._again else self._policy.next(list(self._under_way.values()))

    def reported(self, ticket: str, report: PackReport) -> None:
        """A pack has come further."""
        self._policy.take(self._under_way[ticket], report)

    def trained(self, ticket: str, report: PackReport) -> None:
        """A pack has come to its end, with this report as its last."""
        work = self._under_way[ticket]
        self._policy.take(work, report)
        del self._under_way[ticket]
        self._policy.end(work, report)

    def failed(self, ticket: str, error: str) -> None:
        """A pack could not be trained, however often it was tried."""
        if not self.divided(ticket):
            self._policy.fail(self._under_way.pop(ticket), error)

    def divided(self, ticket: str, member: int | None = None, hung: bool = False) -> bool:
        """Divide a pack to find the member that fails: the others must not suffer for it. Whether that can be done.

        member: who is to blame, by their place in the pack; None: that is not known.
        hung: whether it hung.
        """
        parts = self._policy.parts(self._under_way[ticket], member)
        if parts:
            del self._under_way[ticket]
        self._again.extend(parts)
        if hung:
            self._of_hung.extend(parts)
        return bool(parts)

    def has_hung(self, ticket: str) -> bool:
        """Whether a pack is part of one that has hung, as often as it was tried: once more is enough."""
        return self._under_way[ticket] in self._of_hung

    def left(self, ticket: str, why: str | None = None) -> None:
        """A pack is not trained on now: its worker hung and no more is begun, or the cluster fails it.

        why: where it is the cluster.
        """
        self.waits_for = why or self.waits_for
        self._policy.leave(self._under_way.pop(ticket))

    def give_up(self, why: str) -> None:
        """Nothing more can be trained now, and all packs under way are gone on with another time."""
        self.waits_for = why

    @property
    def stopped(self) -> bool:
        """Whether no more is begun."""
        return bool(self._policy.stopped)

    def note(self, line: str) -> None:
        """Something has happened to a worker that a person should know."""
        self._policy.note(line)
