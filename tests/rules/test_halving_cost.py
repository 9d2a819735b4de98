"""What halving spared, and its audit by hand."""

import pytest

from tuning.rules.halving_cost import Audit, audit, saved
from tuning.rules.objective import Direction


@pytest.mark.parametrize(
    ("steps", "budget", "expected"),
    [
        ([], 100, 0.0),
        ([100], 100, 0.0),
        ([100, 100], 100, 0.0),
        ([100, 0], 100, 0.5),
        ([11, 11, 11, 11, 11, 11, 33, 33, 100], 100, 1 - 232 / 900),
    ],
)
def test_saved(steps: list[int], budget: int, expected: float) -> None:
    assert saved(steps, budget) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("kept", "pruned", "reduction", "direction", "found"),
    [
        ([], [], 3, "maximize", None),
        ([], [1.0], 3, "maximize", None),
        ([1.0], [], 3, "maximize", None),
        # One of one is the top.
        ([1.0], [2.0, 0.0], 3, "maximize", Audit(2, missed=1, best=1, top=1)),
        ([1.0], [2.0, 0.0], 3, "minimize", Audit(2, missed=1, best=1, top=1)),
        # Two of four are the top: 9 and 7.
        ([9.0, 7.0, 3.0, 1.0], [8.0, 6.0, 10.0], 3, "maximize", Audit(3, missed=2, best=1, top=2)),
        ([9.0, 7.0, 3.0, 1.0], [2.0, 4.0, 0.0], 3, "minimize", Audit(3, missed=2, best=1, top=2)),
        # As good as the last of the top is none that was missed.
        ([9.0, 7.0, 3.0], [7.0, 9.0], 2, "maximize", Audit(2, missed=1, best=0, top=2)),
        # Who diverged would not have been among them.
        ([9.0, 7.0, 3.0], [None, None, 10.0], 3, "maximize", Audit(3, missed=1, best=1, top=1)),
        ([9.0], [None], 3, "maximize", Audit(1, missed=0, best=0, top=1)),
    ],
)
def test_audit_by_hand(
    kept: list[float], pruned: list[float | None], reduction: int, direction: Direction, found: Audit | None
) -> None:
    assert audit(kept, pruned, reduction, direction) == found
