"""What is wrong with data sets themselves: each flaw in one that has it, and none in one that has not."""

from typing import Any

import numpy as np
import pytest

from trainables.data.datasets import Dataset
from trainables.data.flaws import flaws

CHANCE = np.random.default_rng(0)
X, Y = CHANCE.normal(size=(500, 2)), CHANCE.normal(size=(500, 1))
CLASSES = CHANCE.integers(2, size=(500, 1)).astype(float)
RARE = np.zeros((500, 1))
RARE[:2] = 1


def made(x: Any = X, y: Any = Y, unseen_x: Any = None, unseen_y: Any = None, classes: tuple[str, ...] = ()) -> Dataset:
    seen = CHANCE.normal(size=(100, x.shape[1])) if unseen_x is None else unseen_x
    names = tuple(f"x{place}" for place in range(x.shape[1]))
    return Dataset(
        names, ("y",), classes, (), (), x, y, seen, np.zeros((len(seen), 1)) if unseen_y is None else unseen_y
    )


@pytest.mark.parametrize(
    ("data", "standardised", "expected"),
    [
        (made(), False, []),
        (made(y=np.full((500, 1), 7.0)), True, ["constant_target"]),
        (made(y=CLASSES, classes=("no", "yes")), True, []),
        (made(y=RARE, classes=("no", "yes")), True, ["class_nearly_absent"]),
        (made(x=X * [1.0, 1e5]), False, ["feature_scales"]),
        (made(x=X * [1.0, 1e5]), True, []),
        (made(x=X + np.array([0.0, 8.0])), False, ["feature_scales"]),
        (made(x=X * [1.0, 0.01]), False, ["feature_scales"]),
        (made(x=np.hstack([X, RARE])), False, []),  # a column of a class that is rare is as large as any when it is 1
        (made(x=np.hstack([X, 3 - 2 * Y])), True, ["target_leaked"]),
        (made(x=np.hstack([X, Y + 0.1 * X[:, :1]])), True, []),
        (made(x=np.hstack([X, 5 * CLASSES]), y=CLASSES, classes=("no", "yes")), True, ["target_leaked"]),
        (made(unseen_x=X[:100], unseen_y=Y[:100]), True, ["duplicated_rows"]),
        (made(unseen_x=X[:100], unseen_y=Y[100:200]), True, []),
    ],
)
def test_what_is_wrong_with_a_data_set(data: Dataset, standardised: bool, expected: list[str]) -> None:
    assert [each.name for each in flaws(data, standardised)] == expected


def test_a_leak_is_named_and_its_patch_is_the_other_features() -> None:
    (found,) = flaws(made(x=np.hstack([X, -Y])), True)
    assert found.sentence.startswith("x2 tells y by itself")
    assert found.patch == {"features": ["x0", "x1"]}
