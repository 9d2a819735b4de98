"""Which rows are trained on and which are validated on."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from trainables.data import split
from trainables.data.table_files import TableError


def column(*values: Any) -> Any:
    kind = object if any(value is None or isinstance(value, str) for value in values) else np.float64
    return np.array(values, dtype=kind)


def assert_divided(parts: split.Parts, rows: int) -> None:
    """Every row is in one part, and no part is empty."""
    assert sorted(np.concatenate(parts).tolist()) == list(range(rows))
    assert all(len(part) for part in parts)


@pytest.mark.parametrize(
    ("rows", "share", "validated"), [(10, 0.2, 2), (2, 0.2, 1), (2, 0.9, 1), (10, 0.999, 9), (10, 0.001, 1)]
)
def test_by_chance(rows: int, share: float, validated: int) -> None:
    parts = split.by_chance(rows, share, 0)
    assert_divided(parts, rows)
    assert len(parts[1]) == validated
    assert [part.tolist() for part in split.by_chance(rows, share, 0)] == [part.tolist() for part in parts]
    assert rows < 10 or split.by_chance(rows, 0.5, 1)[0].tolist() != split.by_chance(rows, 0.5, 0)[0].tolist()


@pytest.mark.parametrize(
    ("classes", "share", "validated"),
    [
        ({0: 80, 1: 20}, 0.2, {0: 16, 1: 4}),
        ({0: 95, 1: 5}, 0.2, {0: 19, 1: 1}),
        # Two rows are enough to have one in each part, one row is not.
        ({0: 10, 1: 2, 2: 1}, 0.2, {0: 2, 1: 1}),
        ({0: 3, 1: 3}, 0.99, {0: 2, 1: 2}),
        ({0: 3, 1: 3}, 0.01, {0: 1, 1: 1}),
    ],
)
def test_of_each_class_the_same_share(classes: dict[int, int], share: float, validated: dict[int, int]) -> None:
    labels = np.random.default_rng(0).permutation([label for label, count in classes.items() for _ in range(count)])
    parts = split.by_class(labels, share, 3)
    assert_divided(parts, len(labels))
    assert Counter(labels[parts[1]].tolist()) == validated


def test_classes_of_one_row_each_can_not_be_divided() -> None:
    with pytest.raises(TableError, match="should have a class of two rows or more"):
        split.by_class(np.arange(5), 0.2, 0)


@pytest.mark.parametrize(
    "values",
    [
        [float(row // 4) for row in range(40)],
        [f"patient {row % 7}" for row in range(40)],
        # One group is nearly all there is.
        [0.0] * 37 + [1.0, 2.0, 3.0],
        [0.0, 1.0],
        ["a"] * 3 + ["b"] * 37,
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_in_both_parts(values: list[Any], seed: int) -> None:
    parts = split.by_group(column(*values), 0.2, seed)
    assert_divided(parts, len(values))
    train, validation = ({values[row] for row in part} for part in parts)
    assert not train & validation


def test_groups_come_near_the_share() -> None:
    groups = column(*(float(row // 5) for row in range(500)))
    assert [len(split.by_group(groups, 0.2, seed)[1]) for seed in range(3)] == [100] * 3
    one, other = (set(split.by_group(groups, 0.2, seed)[1].tolist()) for seed in (0, 1))
    assert one != other


@pytest.mark.parametrize(
    ("values", "share", "validated"),
    [
        ([5.0, 1.0, 4.0, 2.0, 3.0], 0.4, {0, 2}),
        (["2024-03-01", "2023-12-31", "2024-01-15", "2022-07-01"], 0.25, {0}),
        # What happened in one moment is not divided.
        ([1.0, 1.0, 1.0, 2.0, 2.0, 2.0], 0.2, {3, 4, 5}),
        ([1.0, 2.0, 2.0, 2.0, 2.0, 2.0], 0.2, {1, 2, 3, 4, 5}),
    ],
)
def test_the_latest_are_validated_on(values: list[Any], share: float, validated: set[int]) -> None:
    parts = split.by_time(column(*values), share, 0)
    assert_divided(parts, len(values))
    assert set(parts[1].tolist()) == validated


@pytest.mark.parametrize("divide", [split.by_group, split.by_time])
def test_a_column_that_can_not_divide(divide: Any) -> None:
    with pytest.raises(TableError, match=r"should have two values or more, .* has one"):
        divide(column(3.0, 3.0), 0.2, 0)
