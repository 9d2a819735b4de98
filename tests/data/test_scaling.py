"""Columns to mean 0 and deviation 1."""

import numpy as np
import pytest

from trainables.data.scaling import Scaling

ROWS = np.array([[1.0, 1e9, 0.1], [3.0, 1e9 + 2, 0.1], [5.0, 1e9 + 4, 0.1]])


def test_by_hand() -> None:
    scaling = Scaling.fitted(ROWS)
    assert scaling.mean == pytest.approx([3, 1e9 + 2, 0.1])
    # A constant column is left in its own unit: its deviation is 0, or made of rounding errors.
    assert scaling.deviation == pytest.approx([np.sqrt(8 / 3), np.sqrt(8 / 3), 1])
    assert scaling.scaled(ROWS)[:, 1] == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)])
    assert scaling.scaled(ROWS)[:, 2] == pytest.approx([0, 0, 0])


def test_none_leaves_all_as_it_is() -> None:
    assert (Scaling.none(3).scaled(ROWS) == ROWS).all()


def test_it_is_read_as_it_was_kept() -> None:
    kept = Scaling.fitted(ROWS).plain()
    assert Scaling.read(kept, 3).plain() == kept
    assert Scaling.read({}, 2).plain() == Scaling.none(2).plain()
