"""A training as its diagnosis sees it: its curves, and what is known of its settings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np

from tuning.diagnosis.curves import Curve, side_by_side
from tuning.diagnosis.verdict import Verdict
from tuning.rules.objective import Direction

Loop = Literal["supervised", "dqn", "reinforce"]

LOSS, VALIDATION = "train/loss", "validation/loss"
NORM, CLIPPED, RATE = "train/gradient_norm", "train/clipped_share", "train/learning_rate"
RETURN, ENTROPY, VALUE, EPSILON = "evaluation/return_mean", "train/entropy", "train/value_mean", "train/epsilon"
RATIO, UPDATES = "train/update_ratio", "train/updates"
DEAD, SATURATED, FITTED = "train/dead_units", "train/saturated_units", "validation/r2"
ENTROPY_SHARE, COMMON, DEPENDENCE = "train/entropy_share", "train/common_action", "train/input_dependence"
KINDS = "train/input_kinds"
BELIEVED, HAD = "evaluation/start_value", "evaluation/discounted_return"
EPISODE_STEPS = ("train/episode_steps", "evaluation/episode_steps")

NEAR_THE_END = 0.9
"""The share of its budget from which on a training has come near its end."""

ALL_TOLD = 0.999
"""The share of the targets' variance that a network tells which has learnt all that there is."""


@dataclass(frozen=True)
class Training:
    """One training, whoever has run it.

    curves: by the platform's names of metrics; those that are there.
    config: its settings by name; empty where they are not known.
    loop: what trained; None if that is not known.
    budget: the full length of the training, in the unit of the curves' steps; None: where the curves end.
    score: the metric that it is judged by; None: the first of RETURN, VALIDATION and LOSS that there is.
    direction: of the score; None: as its name has it.
    solved: the score from which on nothing is left to gain, if it is known.
    diverged_at, reason: the step at which a number stopped being finite, and which.
    of_data: what is wrong with the data that it learnt from.
    """

    curves: Mapping[str, Curve]
    config: Mapping[str, Any] = field(default_factory=dict)
    loop: Loop | None = None
    budget: float | None = None
    score: str | None = None
    direction: Direction | None = None
    solved: float | None = None
    diverged_at: float | None = None
    reason: str | None = None
    of_data: Sequence[Verdict] = ()

    def curve(self, name: str) -> Curve | None:
        """A curve with at least one point; None if there is none."""
        found = self.curves.get(name)
        return found if found is not None and len(found) else None

    @cached_property
    def score_name(self) -> str | None:
        """The metric that it is judged by."""
        return self.score or next((name for name in (RETURN, VALIDATION, LOSS) if self.curve(name)), None)

    @cached_property
    def gain(self) -> Curve | None:
        """The score, turned so that higher is better."""
        name = self.score_name
        curve = None if name is None else self.curve(name)
        if name is None or curve is None:
            return None
        downwards = self.direction == "minimize" or (self.direction is None and "loss" in name)
        return curve.times(-1.0) if downwards else curve

    @cached_property
    def ended_at(self) -> float:
        """The last step that any curve has."""
        return max((float(each.steps[-1]) for each in self.curves.values() if len(each)), default=0.0)

    @cached_property
    def length(self) -> float:
        """The full length of the training, in steps."""
        return self.budget or self.ended_at

    @cached_property
    def is_cut_short(self) -> bool:
        """Whether it is known to have ended well before its budget did."""
        return self.budget is not None and self.ended_at < NEAR_THE_END * self.budget

    @cached_property
    def reached(self) -> float:
        """The best that its score has been; NaN where there is none."""
        curve = None if self.score_name is None else self.curve(self.score_name)
        if curve is None or self.gain is None:
            return math.nan
        return float(curve.values[int(self.gain.values.argmax())])

    @cached_property
    def is_solved(self) -> bool:
        """Whether it has come to where nothing is left to gain."""
        return self.solved is not None and self.gain is not None and float(self.gain.values.max()) >= self.solved

    @cached_property
    def fell_short(self) -> bool:
        """Whether there may be more to gain, as far as anybody knows."""
        fitted = self.curve(FITTED)
        return not self.is_solved and (fitted is None or float(fitted.values.max()) < ALL_TOLD)

    @cached_property
    def way(self) -> float | None:
        """How far its weights have gone in all, in units of their own size; None where that was not watched."""
        ratio, updates = self.curve(RATIO), self.curve(UPDATES)
        if ratio is None or updates is None:
            return None
        ratio, updates = side_by_side(ratio, updates)
        return float(np.sum(ratio.values * np.diff(updates.values, prepend=0.0)))

    @cached_property
    def optimizer(self) -> str | None:
        """The kind of optimizer, if it is known."""
        return kind(self.config.get("optimizer"))

    @cached_property
    def episode_steps(self) -> float | None:
        """The most steps that its episodes had on average; None where there are none, or nobody counted."""
        found = [curve for name in EPISODE_STEPS if (curve := self.curve(name)) is not None]
        return max((float(curve.smoothed().values.max()) for curve in found), default=None)

    @cached_property
    def diverged(self) -> float | None:
        """The step at which a number stopped being finite."""
        if self.diverged_at is not None:
            return self.diverged_at
        broken = [curve.broken_at for name, curve in self.curves.items() if name in (LOSS, NORM, VALIDATION)]
        return min((step for step in broken if step is not None), default=None)

    @cached_property
    def rate(self) -> float | None:
        """The learning rate that was set, or the highest that it had."""
        if (known := self.config.get("learning_rate")) is not None:
            return float(known)
        curve = self.curve(RATE)
        return None if curve is None else float(curve.values.max())

    def rate_times(self, factor: float) -> dict[str, Any]:
        """The patch that multiplies the learning rate; as text where the rate is not known."""
        value = f"{factor:g} times what it is" if self.rate is None else float(f"{factor * self.rate:.3g}")
        return {"learning_rate": value}


def kind(option: Any) -> str | None:
    """The name of an option such as a schedule or an optimizer, however it is written."""
    if isinstance(option, dict):
        return str(option.get("kind") or next(iter(option), "")) or None
    return None if option is None else str(option)
