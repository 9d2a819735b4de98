"""What a search and a worker send each other: a request for a pack to be trained, and reports of how it goes."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from trainables.base.report import Report

Message = TypeVar("Message")


@dataclass(frozen=True)
class MemberRequest:
    """One training. config: the fields of the loop's Config, as plain data; folder: where its checkpoints are kept, and
    gone on from if there are any; None: nowhere.
    """

    config: dict[str, Any]
    folder: str | None = None


@dataclass(frozen=True)
class PackRequest:
    """A pack to be trained.

    members: alike in all structural fields.
    until: the budget at which to stop; None: the full one.
    name: of the leg, for people.
    full_pack: the members of full packs of this structure, up to which this one may be filled; 0: it may not.
    confirm_episodes: how many fresh episodes the best weights are scored on at the end; 0: they are not.
    """

    members: list[MemberRequest]
    until: int | None = None
    name: str = ""
    full_pack: int = 0
    confirm_episodes: int = 0


@dataclass(frozen=True)
class PackReport:
    """What has happened to a pack since its last report.

    members: a report a member, in the order of the request.
    train_s: the seconds that it was trained for, without those that it waited for a compiler.
    confirmed: at the end of a pack that is to be confirmed the score of each member on fresh episodes, NaN of one that
        has none.
    """

    members: list[Report] = field(default_factory=list)
    train_s: float = 0.0
    confirmed: list[float] | None = None


class Parcel(Generic[Message]):
    """A message on its way through Ray Tune, which keeps and copies whatever it is given, for as long as it runs.

    Whoever has read the message takes it out, and Tune keeps an empty parcel.
    """

    def __init__(self, message: Message) -> None:
        self._message: Message | None = message

    def take(self) -> Message:
        """The message, which the parcel no longer holds. Raises ValueError where it was taken before."""
        message, self._message = self._message, None
        if message is None:
            raise ValueError("the parcel is empty")
        return message

    def empty(self) -> None:
        """Let go of the message, if it is still there."""
        self._message = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parcel[Message]":
        # One parcel for all of Tune's copies, so that emptying it empties them.
        return self
