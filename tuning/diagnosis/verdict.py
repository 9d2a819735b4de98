"""What a rule has found: a claim, its evidence, its likely cause, and a patch by which it can be tested."""

from dataclasses import dataclass, field
from typing import Any


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
