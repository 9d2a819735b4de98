"""Hidden units that do no work."""

from collections.abc import Iterator

from tuning.diagnosis.training import DEAD, SATURATED, Training
from tuning.diagnosis.verdict import Verdict

MANY, NEARLY_ALL = 0.5, 0.9
"""Shares of dead or saturated units: worth knowing (Amazon SageMaker Debugger's, of a layer), and crippled. A network
whose score was as good as any had 70 % of dead units (docs/findings.md)."""


def rules(training: Training) -> Iterator[Verdict]:
    """Dead and saturated units, and whether they began so."""
    if training.diverged is not None or not training.fell_short:
        return
    saturated, dead = training.curve(SATURATED), training.curve(DEAD)
    if saturated is not None and saturated.end > MANY:
        first = float(saturated.values[0])
        yield Verdict(
            "saturated_units",
            f"{saturated.end:.0%} of its hidden units are at the bounds of tanh, where no gradient passes.",
            "Weights began too large, or inputs are." if first > MANY else "Steps too large have driven them there.",
            {"saturated_units": saturated.end, "at_first": first},
            {"initialisation": "torch", "layer_norm": True} if first > MANY else training.rate_times(0.1),
            float(saturated.steps[int((saturated.values > MANY).argmax())]),
        )
    if dead is not None and dead.end > MANY:
        first = float(dead.values[0])
        yield Verdict(
            "dead_units",
            f"{dead.end:.0%} of its hidden units give next to nothing, whatever they see.",
            "Steps too large have driven them below zero, or inputs or first weights are far from their usual size.",
            {"dead_units": dead.end, "at_first": first},
            {"layer_norm": True, "activation": "silu", **training.rate_times(0.1)},
            float(dead.steps[int((dead.values > MANY).argmax())]),
            fault=dead.end > NEARLY_ALL,
        )
