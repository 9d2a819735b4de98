"""The size of steps: what the learning rate, the batch and the warmup make of the weights."""

from collections.abc import Iterator
from typing import Any

from tuning.diagnosis.curves import FEWEST_POINTS, level
from tuning.diagnosis.training import CLIPPED, RATIO, Training
from tuning.diagnosis.verdict import Verdict

USUAL = 1e-3
"""An update beside the weights: about a thousandth (Karpathy, 2022, "makemore", part 3)."""

TOO_SMALL, TOO_LARGE = 3e-5, 0.1
"""Updates beside the weights that lead nowhere within a budget, and that leave nothing of what was learnt."""

FEW = 4
"""Samples from which a gradient is mostly noise."""

LONG_WARMUP = 0.5
"""The share of the budget that a warmup may take."""


def rules(training: Training) -> Iterator[Verdict]:
    """Steps that are too small or too large for the weights that they change."""
    if training.diverged is not None or not training.fell_short:
        return
    yield from _warmup(training)
    ratio = training.curve(RATIO)
    if ratio is not None and len(ratio) >= FEWEST_POINTS:
        largest = level(ratio.smoothed().values[ratio.smoothed().values.argsort()[-max(1, len(ratio) // 5) :]])
        if largest < TOO_SMALL:
            yield from _too_small(training, largest)
        elif largest > TOO_LARGE:
            step = float(ratio.steps[int((ratio.values > TOO_LARGE).argmax())])
            factor = max(0.01, min(0.1, 10 * USUAL / largest))
            yield Verdict(
                "rate_too_high",
                f"Its updates were as large as {largest:.0%} of its weights: each undoes what those before had learnt.",
                "The learning rate is too high.",
                {"update_ratio": largest},
                training.rate_times(factor),
                step,
            )
    yield from _batch(training)


def _too_small(training: Training, largest: float) -> Iterator[Verdict]:
    clipped, limit = training.curve(CLIPPED), training.config.get("max_norm")
    evidence = {"update_ratio": largest}
    if training.optimizer == "sgd" and clipped is not None and limit and float(clipped.values.mean()) > 0.9:
        yield Verdict(
            "max_norm_too_low",
            f"All its gradients were cut to {limit:g}, and its updates are {largest:.1g} of its weights.",
            "max_norm is so low that plain gradient descent hardly moves.",
            evidence,
            {"max_norm": 1.0},
        )
        return
    patch = {"optimizer": "adam", "learning_rate": 1e-3} if training.optimizer == "sgd" else _raised(training, largest)
    yield Verdict(
        "rate_too_low",
        f"Its updates were {largest:.1g} of its weights at the most: too little to get anywhere within its budget.",
        "The learning rate is too low"
        + (" for plain gradient descent with gradients of this size." if training.optimizer == "sgd" else "."),
        evidence,
        patch,
    )


def _raised(training: Training, largest: float) -> dict[str, Any]:
    return training.rate_times(float(f"{min(1_000.0, max(3.0, USUAL / max(largest, 1e-9))):.1g}"))


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
