"""Curves made by formulas, of trainings that went one known way."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tuning.diagnosis.curves import Curve
from tuning.diagnosis.diagnosis import of_training
from tuning.diagnosis.training import Training
from tuning.diagnosis.verdict import Diagnosis

Shape = Callable[[float], float]
"""From the share of the budget that is spent to a value."""


def curve(shape: Shape, points: int = 40, budget: int = 1_000, noise: float = 0.0, seed: int = 0) -> Curve:
    """A curve of this shape at evenly spaced steps, with normal noise."""
    chance = np.random.default_rng(seed)
    shares = [(place + 1) / points for place in range(points)]
    return Curve.of((share * budget, shape(share) + noise * chance.standard_normal()) for share in shares)


def training(config: dict[str, Any] | None = None, budget: int = 1_000, **curves: Curve) -> Training:
    """A training with these curves; a double underscore in a name stands for its slash."""
    named = {name.replace("__", "/"): each for name, each in curves.items()}
    score = next((name for name in named if name.startswith("evaluation/")), "validation/loss")
    loop = "dqn" if "train/epsilon" in named else "reinforce" if "train/entropy" in named else "supervised"
    return Training(named, config or {}, loop, budget, score, "maximize" if "return" in score else "minimize")


def names(one: Training) -> list[str]:
    """The names of its verdicts."""
    return [verdict.name for verdict in of_training(one).verdicts]


def faults(found: Diagnosis) -> list[str]:
    """The names of the verdicts that are faults."""
    return [verdict.name for verdict in found.verdicts if verdict.fault]
