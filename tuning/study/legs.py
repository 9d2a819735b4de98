"""What is trained: the plan of a trial, packs of them on their way, and what is kept of that. Plain data."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tuning.rules.trial_outcome import MemberResult


@dataclass(frozen=True)
class Plan:
    """What a trial is to train: the values of the fields that are searched, and a seed a member.

    params: the same as Optuna and people name them; default: whether it is the loop's own configuration.
    """

    number: int
    values: dict[str, Any]
    params: dict[str, Any]
    seeds: list[int]
    default: bool = False


@dataclass(frozen=True)
class Leg:
    """A pack trained from one budget to the next: what Ray Tune takes for one trial."""

    name: str
    plans: list[Plan]
    bracket: int
    rung: int
    until: int


@dataclass(frozen=True)
class LegRecord:
    """A leg as it is kept: handed out (open), ended and decided on (closed), or split into others.

    Of a closed one: what each trial is compared by, and how far those have come that were promoted, and those that go
    on although they were not, to audit the decision. The others have ended with it.
    """

    name: str
    numbers: list[int]
    bracket: int
    rung: int
    until: int
    state: Literal["open", "closed", "split"] = "open"
    values: dict[int, float | None] = field(default_factory=dict)
    promoted: dict[int, list[MemberResult]] = field(default_factory=dict)
    audited: dict[int, list[MemberResult]] = field(default_factory=dict)


def opened(leg: Leg) -> LegRecord:
    """The record of a leg that is handed out."""
    return LegRecord(leg.name, [plan.number for plan in leg.plans], leg.bracket, leg.rung, leg.until)
