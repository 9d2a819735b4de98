"""The size of steps: what the learning rate, the batch and the warmup make of the weights."""

from collections.abc import Iterator

import numpy as np

from tuning.diagnosis.curves import FEWEST_POINTS, level
from tuning.diagnosis.training import CLIPPED, RATIO, Training
from tuning.diagnosis.verdict import Verdict

USUAL = 1e-3
"""An update beside the weights: about a thousandth (Karpathy, 2022, "makemore", part 3)."""

TOO_SMALL, TOO_LARGE = 3e-5, 0.1
"""Updates beside the weights that lead nowhere within a budget, and that leave nothing of what was learnt."""

SHORT_WAY, WAY = 0.3, 2.0
"""How far weights go in all, in units of their size: too little to learn anything, and what is usual."""

FEW = 4
"""Samples from which a gradient is mostly noise."""

BEYOND_ADAM = 0.5
"""Adam moves each weight by about the rate (Kingma and Ba, 2015, section 2.1); weights are mostly smaller than this."""

LONG_WARMUP = 0.5
"""The share of the budget that a warmup may take."""


def rules(training: Training) -> Iterator[Verdict]:
    """Steps that are too small or too large for the weights that they change."""
    if training.diverged is not None or not training.fell_short:
        return
    yield from _warmup(training)
    ratio = training.curve(RATIO)
    if ratio is not None and len(ratio) >= FEWEST_POINTS:
        ordered = np.sort(ratio.smoothed().values)
        largest, way = level(ordered[-max(1, len(ratio) // 5) :]), training.way
        if largest < TOO_SMALL or (way is not None and way < SHORT_WAY):
            yield from _too_small(training, largest, way)
        elif largest > TOO_LARGE:
            yield Verdict(
                "rate_too_high",
                f"Its updates were as large as {largest:.0%} of its weights: each undoes what those before had learnt.",
                "The learning rate is too high.",
                {"update_ratio": largest},
                training.rate_times(max(0.01, min(0.1, 10 * USUAL / largest))),
                float(ratio.steps[int((ratio.values > TOO_LARGE).argmax())]),
            )
    if training.optimizer in ("adam", "adamw") and training.rate is not None and training.rate >= BEYOND_ADAM:
        yield Verdict(
            "rate_too_high",
            f"Its rate of {training.rate:g} moves each weight by about as much at an update, whatever its gradient.",
            "The learning rate is too high for Adam.",
            {"learning_rate": training.rate},
            training.rate_times(0.01),
        )
    yield from _batch(training)


def _too_small(training: Training, largest: float, way: float | None) -> Iterator[Verdict]:
    clipped, limit = training.curve(CLIPPED), training.config.get("max_norm")
    evidence = {"update_ratio": largest} | ({} if way is None else {"way": way})
    went = f"{largest:.1g} of them at the most" if way is None else f"{way:.1%} of their size in all"
    if training.optimizer == "sgd" and clipped is not None and limit and float(clipped.values.mean()) > 0.9:
        yield Verdict(
            "max_norm_too_low",
            f"All its gradients were cut to {limit:g}, and its weights moved by {went}.",
            "max_norm is so low that plain gradient descent hardly moves.",
            evidence,
            {"max_norm": 1.0},
        )
        return
    plain = training.optimizer == "sgd"
    short = WAY / way if way else USUAL / max(largest, 1e-9)
    yield Verdict(
        "rate_too_low",
        f"Its weights moved by {went}: too little to learn much.",
        "The learning rate is too low" + (" for plain gradient descent with gradients of this size." if plain else "."),
        evidence,
        {"optimizer": "adam", "learning_rate": 1e-3}
        if plain
        else training.rate_times(float(f"{min(1_000.0, max(3.0, short)):.1g}")),
    )


def _warmup(training: Training) -> Iterator[Verdict]:
    share = float(training.config.get("warmup") or 0.0)
    if share > LONG_WARMUP:
        yield Verdict(
            "warmup_too_long",
            f"Its rate rose for {share:.0%} of the budget.",
            "The warmup leaves no time at the full rate.",
            {"warmup": share},
            {"warmup": 0.05},
        )


def _batch(training: Training) -> Iterator[Verdict]:
    size, of_policies = training.config.get("batch_size"), training.loop == "reinforce"
    no_memory = training.loop == "dqn" and training.config.get("replay") is False
    if isinstance(size, int) and size < FEW and not no_memory:
        what = ("episode" if of_policies else "sample") + "s" * (size > 1)
        yield Verdict(
            "batch_too_small",
            f"Each of its gradients is of {size} {what}, and mostly noise.",
            "batch_size is too small for its gradient.",
            {"batch_size": float(size)},
            {"batch_size": 16 if of_policies else 64},
        )
