"""What is trained: the plan of a trial, legs of packed trials, and what is kept of them. Plain data."""

from dataclasses import dataclass, field
from typing import Any, Literal

from tuning.rules.trial_outcome import MemberResult

LEG = "leg-"


@dataclass(frozen=True)
class Plan:
    """What a trial is to train: values of the searched fields, and one training seed for each member.

    params: the same values under the names of Optuna's parameters, as people see them.
    default: whether this is the loop's own default configuration.
    """

    number: int
    values: dict[str, Any]
    params: dict[str, Any]
    seeds: list[int]
    default: bool = False

    @property
    def budget(self) -> int | None:
        """That it is trained to, where that is not the budget of its study's sweep."""
        budget: int | None = self.values.get("budget")
        return budget


@dataclass(frozen=True)
class Leg:
    """A pack trained from one budget to the next: what Ray Tune sees as one trial.

    until: the budget at which it ends, which is that of its rung.
    """

    name: str
    plans: list[Plan]
    bracket: int
    rung: int
    until: int

    @property
    def number(self) -> int:
        """Its place among all legs of the study, in the order in which they were made."""
        return int(self.name.removeprefix(LEG))


def leg_name(number: int) -> str:
    """The name of the leg with this number."""
    return f"{LEG}{number:05d}"


@dataclass(frozen=True)
class Decision:
    """What becomes of the trials of a leg that has ended; those that are in neither mapping have ended with it.

    values: what each trial is compared by; a trial that failed is not among them.
    promoted: who goes on to the next rung, with how far the members have come.
    audited: who goes on although halving gave it up, to find out whether that was right; likewise.
    """

    values: dict[int, float | None] = field(default_factory=dict)
    promoted: dict[int, list[MemberResult]] = field(default_factory=dict)
    audited: dict[int, list[MemberResult]] = field(default_factory=dict)

    @property
    def going_on(self) -> dict[int, list[MemberResult]]:
        """All trials that go on, for either reason."""
        return self.promoted | self.audited


@dataclass(frozen=True)
class LegRecord:
    """A leg as it is kept: handed out (open), ended and decided on (closed), or split into others.

    values, promoted, audited: the decision on a closed leg.
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

    @property
    def decision(self) -> Decision:
        """What was decided on its trials when it was closed."""
        return Decision(self.values, self.promoted, self.audited)


def record_of(leg: Leg) -> LegRecord:
    """The record of a leg that is handed out."""
    return LegRecord(leg.name, [plan.number for plan in leg.plans], leg.bracket, leg.rung, leg.until)
