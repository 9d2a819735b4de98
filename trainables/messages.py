"""What a search and a worker send each other: a request to train a pack, and reports on how it goes."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from trainables.base.report import Report
from trainables.base.trivial_answer import TrivialAnswer

Message = TypeVar("Message")


@dataclass(frozen=True)
class MemberRequest:
    """One training.

    config: the fields of the loop's Config, as plain data.
    folder: where its checkpoints are kept, from which it goes on if there are any; None: nowhere.
    """

    config: dict[str, Any]
    folder: str | None = None


@dataclass(frozen=True)
class PulseRequest:
    """Signs of life that are wanted while a pack is trained (base/pulse.py).

    file: where to write them.
    stacks_after_s: seconds without any after which the stacks of the worker are written beside it.
    """

    file: str
    stacks_after_s: float


@dataclass(frozen=True)
class PackRequest:
    """A pack to train.

    members: which have all structural fields in common.
    until: the budget at which to stop; None: the full budget.
    name: of the leg, for people.
    full_pack: how many members a full pack of this structure has, up to which this one may be filled; 0: it may not.
    confirm_episodes: on how many fresh episodes to score the best weights at the end; 0: they are not scored.
    folders: in which modules of a person's own are looked for, after all others.
    trivial: whether to say what trivial answers score.
    pulse: what signs of life to give; None: none.
    proof: a file of the driver's, which a worker that has its folder finds, too; None: it need not.
    size: to which the pack is filled up whatever that costs, so that it computes as another of this size did; 0: as it
        pays.
    """

    members: list[MemberRequest]
    until: int | None = None
    name: str = ""
    full_pack: int = 0
    confirm_episodes: int = 0
    folders: tuple[str, ...] = ()
    trivial: bool = False
    pulse: PulseRequest | None = None
    proof: str | None = None
    size: int = 0


@dataclass(frozen=True)
class PackReport:
    """What has happened to a pack since its last report.

    members: a report of each member, in the order of the request.
    train_s: seconds of training, without those spent waiting for a compiler.
    confirmed: at the end, the score of each member on fresh episodes, NaN without one; None if not asked for.
    trivial: in the first report, what trivial answers score; None if not asked for.
    began_at: of the first report after the training has begun, or begun again, the steps from which it went on.
    """

    members: list[Report] = field(default_factory=list)
    train_s: float = 0.0
    confirmed: list[float] | None = None
    trivial: list[TrivialAnswer] | None = None
    began_at: int | None = None


class Parcel(Generic[Message]):
    """A message on its way through Ray Tune, which copies what it is given and keeps it as long as it runs.

    Whoever reads the message takes it out, so that what Tune keeps is an empty parcel.
    """

    def __init__(self, message: Message) -> None:
        self._message: Message | None = message

    def take(self) -> Message:
        """Takes the message out of the parcel. Raises ValueError if it was taken before."""
        message, self._message = self._message, None
        if message is None:
            raise ValueError("the parcel is empty")
        return message

    def empty(self) -> None:
        """Drops the message, if it is still there."""
        self._message = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "Parcel[Message]":
        # Tune's copies are all the same parcel, so that they are emptied together.
        return self
