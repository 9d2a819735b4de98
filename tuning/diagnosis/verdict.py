"""What rules have found: claims, each with its evidence, its likely cause, and a patch by which it can be tested."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

CUT_SHORT = "cut_short"
"""The verdict on a training that ended before its budget did, and that nothing else is wrong with."""


GOAL_MISSED = "goal_missed"
"""The verdict on a training that a known goal was too far for, and that nothing else is wrong with."""


@dataclass(frozen=True)
class Verdict:
    """A claim about one training.

    name: in lower case, with underscores, as docs/diagnosis.md lists it.
    sentence: what has happened.
    cause: what it most likely comes from.
    evidence: the numbers that it rests on.
    patch: the change of settings that it prescribes; a setting of `budget` is of the sweep. Empty where none is known.
    step: where it was first seen; None where it is no matter of steps.
    fault: whether the training is worse for it; else it is worth knowing, and the training may be healthy.
    """

    name: str
    sentence: str
    cause: str
    evidence: dict[str, float] = field(default_factory=dict)
    patch: dict[str, Any] = field(default_factory=dict)
    step: float | None = None
    fault: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain data, as `tuning why --json` prints it."""
        return {
            "name": self.name,
            "fault": self.fault,
            "sentence": self.sentence,
            "evidence": self.evidence,
            "step": self.step,
            "cause": self.cause,
            "patch": self.patch,
        }


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong with a training or a trial, the likeliest root cause first.

    bound: where nothing is wrong, what it is bounded by, as a sentence.
    """

    verdicts: Sequence[Verdict]
    bound: str

    @property
    def healthy(self) -> bool:
        """Whether nothing found makes it worse."""
        return not any(each.fault for each in self.verdicts)

    @property
    def word(self) -> str:
        """The one word that a table has room for: of the first fault."""
        sound = CUT_SHORT if any(each.name == CUT_SHORT for each in self.verdicts) else "healthy"
        return next((each.name for each in self.verdicts if each.fault), sound)
