"""Losses case by case, and the weights of classes as scikit-learn has them."""

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight

from trainables.loops.losses import LOSSES, balanced


@pytest.mark.parametrize(
    ("kind", "outputs", "targets", "expected"),
    [
        ("mse", [[1.0, 2.0], [0.0, 5.0]], [[0.0, 2.0], [3.0, 4.0]], [[1, 0], [9, 1]]),
        ("huber", [[0.5], [3.0]], [[0.0], [0.0]], [[0.125], [2.5]]),
        ("cross_entropy", [[0.0, 0.0], [0.0, np.log(3)]], [[1.0], [0.0]], [[np.log(2)], [np.log(4)]]),
    ],
)
def test_by_hand(
    kind: str, outputs: list[list[float]], targets: list[list[float]], expected: list[list[float]]
) -> None:
    found = LOSSES[kind](torch.tensor(outputs, dtype=torch.float64), torch.tensor(targets, dtype=torch.float64))
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("classes", [[0, 0, 0, 1], [2, 1, 0, 0, 1, 2, 2, 2], [0, 1]])
def test_weights_of_classes(classes: list[int]) -> None:
    targets = np.array(classes, dtype=np.float64)[:, None]
    expected = compute_class_weight("balanced", classes=np.unique(classes), y=np.array(classes))
    weights = balanced(targets, max(classes) + 1)
    assert weights == pytest.approx(expected)
    assert weights[classes].mean() == pytest.approx(1)


def test_a_class_that_does_not_occur_takes_no_share() -> None:
    targets = np.array([[0.0], [0], [0], [2]])
    assert balanced(targets, 3)[[0, 2]] == pytest.approx([2 / 3, 2])
