"""What supervised training is measured by, on cases that it is not trained on.

Each is what scikit-learn's function of that name gives; of several targets the mean of theirs.

Axis letters: N cases, T targets or classes.
"""

import torch
from torch import Tensor

from trainables.base.member_axis import Tensors
from trainables.loops.losses import LOSSES

SCORE = "validation/loss"
ACCURACY, BALANCED, F1 = "validation/accuracy", "validation/balanced_accuracy", "validation/f1"
MAE, R2 = "validation/mae", "validation/r2"

OF_NUMBERS, OF_CLASSES = (SCORE, MAE, R2), (SCORE, ACCURACY, BALANCED, F1)
"""The metrics where numbers are predicted, and where the target is a class."""

BEST = {name: name.replace("/", "/best_") for name in dict.fromkeys((*OF_NUMBERS, *OF_CLASSES))}
"""By what the best weights are chosen by: the metric that tells the best so far."""


def metrics(kind: str, outputs: Tensor, targets: Tensor, units: Tensor) -> Tensors:
    """The metrics () of one network.

    kind: of the loss, a name in LOSSES.
    outputs: (N, T), numbers or logits.
    targets: (N, T), or the classes (N, 1).
    units: (T,) or (1,), what 1 of a target is in the unit that is told.
    """
    found = {SCORE: (LOSSES[kind](outputs, targets) * units**2).mean()}
    more = _of_classes(outputs, targets) if kind == "cross_entropy" else _of_numbers(outputs, targets, units)
    return found | more


def _of_numbers(outputs: Tensor, targets: Tensor, units: Tensor) -> Tensors:
    errors, spread = outputs - targets, targets - targets.mean(0)
    unexplained, all_there_is = (errors**2).sum(0), (spread**2).sum(0)
    # Nothing of constant targets can be explained.
    constant = (unexplained == 0).to(errors.dtype)
    explained = torch.where(all_there_is > 0, 1 - unexplained / all_there_is.clamp(min=1e-30), constant)
    return {MAE: (errors.abs() * units).mean(), R2: explained.mean()}


def _of_classes(outputs: Tensor, targets: Tensor) -> Tensors:
    """Of F1 and the balanced accuracy, classes that are nowhere to be seen are left out of the mean."""
    places = torch.arange(outputs.shape[-1], device=outputs.device)
    said, true = outputs.argmax(-1, keepdim=True) == places, targets == places
    right, of_said, of_true = ((each.sum(0)).float() for each in (said & true, said, true))
    either = of_said + of_true
    return {
        ACCURACY: right.sum() / len(targets),
        BALANCED: _mean_where(of_true > 0, right / of_true.clamp(min=1)),
        F1: _mean_where(either > 0, 2 * right / either.clamp(min=1)),
    }


def _mean_where(counts: Tensor, values: Tensor) -> Tensor:
    return (values * counts).sum() / counts.sum()
