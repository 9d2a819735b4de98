"""What a search has spent, and on what: steps of its members, and seconds of its workers. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Purpose: TypeAlias = Literal["complete", "pruned", "diverged", "failed", "under_way", "lost", "confirmation"]
"""What was spent on: trials by what they have come to; what was trained twice, since a leg was cut off; and the
trainings that confirm."""

PURPOSES: tuple[Purpose, ...] = ("complete", "pruned", "diverged", "failed", "under_way", "lost", "confirmation")


@dataclass(frozen=True)
class Spent:
    """What was spent on one purpose.

    count: how many trials it was spent on; of the confirmation, how many trainings.
    steps: of all members together.
    seconds: of workers, a pack's divided evenly among its members; 0 of trials of earlier versions.
    """

    count: int = 0
    steps: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(self.count + other.count, self.steps + other.steps, self.seconds + other.seconds)


class Trial(Protocol):
    """What is read of a trial (study/summary.py)."""

    @property
    def state(self) -> str:
        """complete, pruned, failed, running or waiting."""

    @property
    def diverged_at(self) -> int | None:
        """Where it diverged."""

    @property
    def steps(self) -> int:
        """What its members have come to, together."""

    @property
    def worker_s(self) -> float:
        """The seconds of workers that it took, lost ones among them."""

    @property
    def lost_steps(self) -> int:
        """What its members have lost of their training, and done again."""

    @property
    def lost_s(self) -> float:
        """The seconds of that."""


def ledger(trials: Iterable[Trial], confirmation: Spent) -> dict[Purpose, Spent]:
    """All that was spent, by purpose. What a killed process had not kept yet is not in it."""
    spent: dict[Purpose, Spent] = dict.fromkeys(PURPOSES, Spent())
    for trial in trials:
        spent[purpose(trial)] += Spent(1, trial.steps, trial.worker_s - trial.lost_s)
        spent["lost"] += Spent(int(trial.lost_steps > 0), trial.lost_steps, trial.lost_s)
    spent["confirmation"] = confirmation
    return spent


def purpose(trial: Trial) -> Purpose:
    """What the steps of a trial count as."""
    if trial.diverged_at is not None:
        return "diverged"
    match trial.state:
        case "complete" | "pruned" | "failed" as state:
            return state
        case _:
            return "under_way"
