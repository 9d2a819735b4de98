"""Whether a network fits too much of its data, or too little."""

from collections.abc import Iterator
from typing import Any

from tuning.diagnosis.curves import FEWEST_POINTS, Curve
from tuning.diagnosis.training import LOSS, VALIDATION, Training
from tuning.diagnosis.verdict import Verdict

RISES = 0.1
"""How far above its lowest the validation loss ends, as a share of it, where a network overfits."""

FLAT = 0.1
"""The share of its first loss that a training takes off where a network underfits."""


def rules(training: Training) -> Iterator[Verdict]:
    """Overfitting and underfitting, from the two losses."""
    validation, loss = training.curve(VALIDATION), training.curve(LOSS)
    if training.diverged is not None or validation is None or loss is None or len(validation) < FEWEST_POINTS:
        return
    yield from _overfitting(training, loss, validation)
    yield from _underfitting(training, loss, validation)


def _overfitting(training: Training, loss: Curve, validation: Curve) -> Iterator[Verdict]:
    smooth = validation.smoothed()
    place = int(smooth.values.argmin())
    best, lowest, end = float(smooth.steps[place]), float(smooth.values[place]), smooth.end
    # Early in its course a validation loss may rise for a while; what counts is that training goes on to fall.
    after = Curve(smooth.steps[place:], smooth.values[place:])
    since = Curve(loss.steps[loss.steps >= best], loss.values[loss.steps >= best])
    rises = end - lowest > max(RISES * abs(lowest), 3 * validation.noise) and after.trend >= 0
    if rises and len(since) >= 2 and since.end < since.values[0]:
        yield Verdict(
            "overfitting",
            f"Validation was lowest at step {best:,.0f} and rose from {lowest:.3g} to {end:.3g} while the training "
            "loss fell on: the best weights are of that step.",
            "The network learns its training data by heart.",
            {"best_step": best, "lowest": lowest, "end": end, "train_loss": loss.end},
            _holds_back(training),
            best,
        )


def _holds_back(training: Training) -> dict[str, Any]:
    return {"dropout": 0.2} if not training.config.get("dropout") else {"optimizer": {"adamw": {"weight_decay": 0.1}}}


def _underfitting(training: Training, loss: Curve, validation: Curve) -> Iterator[Verdict]:
    first, end = loss.values[0], loss.end
    flat = abs(first - end) < FLAT * abs(first) and abs(validation.values[0] - validation.end) < FLAT * abs(first)
    if flat and abs(end) > 1e-12:
        yield Verdict(
            "underfitting",
            f"Both losses are high and flat: training {end:.3g}, validation {validation.end:.3g}.",
            "The network is too small, its steps are too small, or its inputs do not tell the targets.",
            {"train_loss_at_first": float(first), "train_loss": end, "validation_loss": validation.end},
            {"hidden": [128, 128], **training.rate_times(3.0)},
            float(loss.steps[-1]),
        )
