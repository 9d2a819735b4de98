"""What supervised training minimises, case by case: nothing is averaged here.

Axis letters: N cases, T targets or classes.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy, huber_loss, mse_loss


def _cross_entropy(outputs: Tensor, targets: Tensor) -> Tensor:
    """outputs: (N, T), logits of the classes. targets: (N, 1), the classes. Returns (N, 1)."""
    return cross_entropy(outputs, targets[:, 0].long(), reduction="none")[:, None]


LOSSES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": partial(mse_loss, reduction="none"),
    "huber": partial(huber_loss, reduction="none"),
    "cross_entropy": _cross_entropy,
}
"""(outputs f(x) (N, T), targets y (N, T) or (N, 1)) -> (N, T) or (N, 1), each

    mse            (f(x) - y)^2
    huber          (f(x) - y)^2 / 2 within 1, |f(x) - y| - 1/2 beyond (Huber, 1964)
    cross_entropy  -log of the probability that the softmax of f(x) gives class y

Of targets scaled by a deviation d, the first times d^2 is the loss in the targets' own units, and so is the second,
with a delta of d.
"""


def balanced(targets: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Weights (T,) of the classes with which all that occur count for the same; the mean over the cases is 1.

    They are scikit-learn's `balanced`: N over the number of classes that occur and the cases of this one.

    targets: (N, 1), the classes.
    classes: how many there are.
    """
    counts = np.bincount(targets[:, 0].astype(np.int64), minlength=classes)
    weights: NDArray[np.float64] = len(targets) / ((counts > 0).sum() * np.maximum(counts, 1))
    return weights
