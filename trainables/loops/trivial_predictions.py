"""What is scored by who has not looked at the features: the mean, the median, the most frequent class.

They are fitted on the training part and scored on the validation part, as networks are.

Axis letters: N rows, T targets or classes.
"""

import math

import numpy as np
import torch

from trainables.base.trivial_answer import TrivialAnswer
from trainables.data.datasets import Dataset
from trainables.data.scaling import Floats, Scaling
from trainables.loops import validation

CHANCE = 9.0
"""How much better than chance an answer has to be for nobody to take it for chance: three standard errors, squared.

The best of many epochs of many trials is better than nothing by chance alone: who guesses explains about 1 / N of the
variance of N rows, and the luckiest of thousands who do, nearly 9 / N.
"""


def answers(data: Dataset, kind: str, score: str, scaling: Scaling) -> list[TrivialAnswer]:
    """The answers that do well by a score, none of a score that is no metric of ours.

    data: what they answer.
    kind: of the loss, a name in LOSSES.
    score: what is measured, a name in validation.OF_NUMBERS or OF_CLASSES.
    scaling: of the targets, as the networks learn them.
    """
    given = _of_classes(data, score) if data.classes else _of_numbers(data, scaling)
    truth = torch.from_numpy(scaling.scaled(data.validation_targets))
    units = torch.from_numpy(scaling.deviation)
    rows = len(truth)
    found = {
        name: {metric: value.item() for metric, value in validation.metrics(kind, outputs, truth, units).items()}
        for name, outputs in given.items()
    }
    values = {name: metrics[score] for name, metrics in found.items() if score in metrics}
    if data.classes and score == validation.F1:
        values["guessing by the classes' shares"] = _guessing_f1(data)
    return [TrivialAnswer(name, value, _beaten_from(kind, score, value, rows)) for name, value in values.items()]


def _of_numbers(data: Dataset, scaling: Scaling) -> dict[str, torch.Tensor]:
    """What constant predictions give, (N, T), in the units of the network's outputs."""
    rows = len(data.validation_targets)
    middles = {"mean": data.train_targets.mean(0), "median": np.median(data.train_targets, axis=0)}
    return {
        f"predicting the {name}": torch.from_numpy(scaling.scaled(np.tile(middle, (rows, 1))))
        for name, middle in middles.items()
    }


def _of_classes(data: Dataset, score: str) -> dict[str, torch.Tensor]:
    """Logits (N, T) of the classes' shares, of which the largest is the most frequent class."""
    logits = torch.from_numpy(np.log(_shares(data.train_targets, len(data.classes))))
    name = "predicting the classes' shares" if score == validation.SCORE else "predicting the most frequent class"
    return {name: logits.expand(len(data.validation_targets), -1)}


def _shares(targets: Floats, classes: int) -> Floats:
    """The share (T,) of each class among targets (N, 1); half a case of one that does not occur."""
    counts = np.maximum(np.bincount(targets[:, 0].astype(np.int64), minlength=classes), 0.5)
    shares: Floats = counts / counts.sum()
    return shares


def _guessing_f1(data: Dataset) -> float:
    """The macro F1 that is to be expected of who says each class as often as it occurs."""
    said, true = (_shares(each, len(data.classes)) for each in (data.train_targets, data.validation_targets))
    # Of class c a share of `true` is found and a share of `true` of what is said of it is right.
    return float((2 * said * true / (said + true)).mean())


def _beaten_from(kind: str, score: str, value: float, rows: int) -> float:
    """The score that is better than this value by more than chance on so many rows.

    Of errors and losses it is where the likelihood is exp(CHANCE / 2) times that of the trivial answer, of errors if
    they are normal; of right answers where CHANCE more are right, since of fewer the difference is less than three of
    its standard errors.
    """
    chance = CHANCE / rows
    match score:
        case validation.SCORE if kind == "cross_entropy":
            return value - chance / 2
        case validation.SCORE | validation.MAE:
            return value * math.exp(-chance)
        case validation.R2:
            return 1 - (1 - value) * math.exp(-chance)
        case _:
            return value + chance
