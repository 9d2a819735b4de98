"""What halving spared, and what it gave up that it should have kept. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tuning.rules.objective import Direction, cost


def saved(steps: Iterable[int], budget: int) -> float:
    """The share of the steps that trainings were spared, of those they would take at the full budget; 0 of none.

    Leave out trainings that diverged or failed: they ended early by themselves, and halving saved nothing by it.
    """
    spent = list(steps)
    return 1 - sum(spent) / (budget * len(spent)) if spent else 0.0


@dataclass(frozen=True)
class Audit:
    """What became of pruned trials that were trained on to the end.

    trials: how many of them there are.
    missed: how many of them would have been among the best `top`.
    best: how many of them are better than every trial that halving let go on.
    top: how many trials one more rung would have promoted.
    """

    trials: int
    missed: int
    best: int
    top: int


def audit(
    promoted: Iterable[float], pruned: Iterable[float | None], reduction: int, direction: Direction
) -> Audit | None:
    """Whether halving gave up what it should have kept; None where there is nothing to tell it by.

    Of n promoted trials the best ceil(n / reduction) are the top; a pruned trial that is better than the last of them
    was missed.

    promoted: values at the full budget of the trials that halving let come to it.
    pruned: values there of trials that it had given up; None of one that diverged.
    reduction: one of this many trials goes on from a rung.
    direction: of the metric.
    """
    kept, others = sorted(cost(value, direction) for value in promoted), list(pruned)
    if not kept or not others:
        return None
    top = math.ceil(len(kept) / reduction)
    given_up = [cost(value, direction) for value in others if value is not None]
    missed, best = (sum(value < bar for value in given_up) for bar in (kept[top - 1], kept[0]))
    return Audit(len(others), missed, best, top)
