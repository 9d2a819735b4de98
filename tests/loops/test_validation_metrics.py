"""What validations measure, held against scikit-learn and against numbers worked by hand; for a whole pack at once."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sklearn_metrics
from torch import Tensor
from torch.func import vmap

from trainables.loops import validation

CLASSES = {
    "three classes": ([0, 1, 2, 2, 1, 0, 0, 2], [0, 2, 2, 2, 1, 1, 0, 0]),
    "all right": ([0, 1, 2], [0, 1, 2]),
    "none right": ([0, 0, 1, 1], [1, 2, 0, 2]),
    "the majority": ([0] * 9 + [1], [0] * 10),
    "a class that is said and is not there": ([0, 0, 1], [0, 2, 1]),
    "one case": ([1], [0]),
}
"""By what they are about: the true classes, and those that are said; of four, the last of which never occurs."""


def logits(said: list[int]) -> Tensor:
    """Logits (N, 4) whose largest is that of the class that is said, of any size."""
    places = torch.tensor(said)
    return torch.rand(len(said), 4, generator=torch.Generator().manual_seed(0)) + 2 * (
        torch.arange(4) == places[:, None]
    )


@pytest.mark.parametrize(("true", "said"), CLASSES.values(), ids=list(CLASSES))
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::sklearn.exceptions.UndefinedMetricWarning")
def test_classes_as_scikit_learn_counts_them(true: list[int], said: list[int]) -> None:
    outputs, targets = logits(said), torch.tensor(true)[:, None].float()
    found = validation.metrics("cross_entropy", outputs, targets, torch.ones(1))
    expected = {
        "validation/loss": sklearn_metrics.log_loss(true, outputs.softmax(1).double().numpy(), labels=range(4)),
        "validation/accuracy": sklearn_metrics.accuracy_score(true, said),
        "validation/balanced_accuracy": sklearn_metrics.balanced_accuracy_score(true, said),
        "validation/f1": sklearn_metrics.f1_score(true, said, average="macro", zero_division=0),
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(expected, rel=1e-5)
    assert set(found) == set(validation.OF_CLASSES)


def test_classes_by_hand() -> None:
    # Class 0: 2 of 3 found, 1 said wrongly: F1 2/3, recall 2/3. Class 1: 0 of 1. Class 2: 1 of 1, and F1 2/3.
    found = validation.metrics(
        "cross_entropy", logits([0, 0, 2, 0, 2]), torch.tensor([[0.0], [0], [0], [1], [2]]), torch.ones(1)
    )
    told = {name.rpartition("/")[2]: value.item() for name, value in found.items()}
    assert told["accuracy"] == pytest.approx(3 / 5)
    assert told["balanced_accuracy"] == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert told["f1"] == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)


NUMBERS = {
    "one target": ([[1.0], [2.0], [4.0]], [[1.5], [2.0], [3.0]], [1.0]),
    "two targets in their units": (
        [[1.0, 2.0], [0.0, 1.0], [2.0, 5.0]],
        [[1.0, 1.0], [0.0, 2.0], [1.0, 5.0]],
        [3, 0.5],
    ),
    "the mean": ([[1.0], [2.0], [3.0]], [[2.0], [2.0], [2.0]], [1.0]),
    "worse than the mean": ([[1.0], [2.0], [3.0]], [[3.0], [2.0], [1.0]], [1e3]),
    "constant and told": ([[2.0], [2.0]], [[2.0], [2.0]], [1.0]),
    "constant and missed": ([[2.0], [2.0]], [[2.0], [2.5]], [1.0]),
}
"""By what they are about: targets, what is said of them, both as they are learnt, and their units."""


@pytest.mark.parametrize(("true", "said", "units"), NUMBERS.values(), ids=list(NUMBERS))
def test_numbers_as_scikit_learn_measures_them(
    true: list[list[float]], said: list[list[float]], units: list[float]
) -> None:
    found = validation.metrics("mse", torch.tensor(said), torch.tensor(true), torch.tensor(units))
    true_in_units, said_in_units = np.array(true) * units, np.array(said) * units
    expected = {
        "validation/loss": sklearn_metrics.mean_squared_error(true_in_units, said_in_units),
        "validation/mae": sklearn_metrics.mean_absolute_error(true_in_units, said_in_units),
        "validation/r2": sklearn_metrics.r2_score(true_in_units, said_in_units),
    }
    assert {name: value.item() for name, value in found.items()} == pytest.approx(expected, rel=1e-5)
    assert set(found) == set(validation.OF_NUMBERS)


def test_huber_in_the_unit_of_its_targets() -> None:
    # Errors of 1 and 30 with a delta of 10: 1 / 2, and 10 (30 - 5).
    found = validation.metrics("huber", torch.tensor([[0.1], [3.0]]), torch.zeros(2, 1), torch.tensor([10.0]))
    assert found["validation/loss"].item() == pytest.approx((0.5 + 250) / 2)


@pytest.mark.parametrize("kind", ["mse", "cross_entropy"])
def test_a_pack_at_once_as_each_member_alone(kind: str) -> None:
    random = torch.Generator().manual_seed(1)
    outputs = torch.randn(3, 20, 4, generator=random)
    targets = torch.randint(4, (3, 20, 1), generator=random).float() if kind == "cross_entropy" else outputs.flip(1)
    units = torch.rand(3, targets.shape[-1], generator=random)
    packed = vmap(lambda *each: validation.metrics(kind, *each))(outputs, targets, units)
    for member in range(3):
        alone = validation.metrics(kind, outputs[member], targets[member], units[member])
        torch.testing.assert_close({name: each[member] for name, each in packed.items()}, alone)
