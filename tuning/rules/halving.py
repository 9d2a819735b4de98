"""Successive halving over legs: at which budgets trials are compared, and which of them go on. Pure: it never acts.

Jamieson and Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter Optimization", without waiting
for a rung to fill, as in Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning" (ASHA). In contrast
to ASHA whole legs are judged, each against all results that its rung has seen, and every decision is final.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tuning.rules.objective import Direction, cost

AUTO_RUNGS = 3
"""The most rungs that are chosen where none are asked for: the full budget and two below it."""

AUTO_LOWEST = 5
"""The lowest rung that is chosen where none is asked for, in units of the budget."""


def rungs(budget: int, reduction: int, minimum: int | None = None, count: int | None = None) -> tuple[int, ...]:
    """The budgets at which trials are compared: budget // reduction**k, rising to the full budget.

    The full budget alone means that nothing is halved. Raises ValueError with what is wrong.

    budget: the full one.
    reduction: one of this many trials goes on from a rung.
    minimum: the lowest rung that is allowed. Given alone, there are as many rungs as fit above it.
    count: exactly this many rungs. With neither, at most AUTO_RUNGS of at least AUTO_LOWEST.
    """
    _check(budget, reduction, minimum, count)
    auto = minimum is None and count is None
    lowest = AUTO_LOWEST if auto else minimum or 1
    ladder: tuple[int, ...] = (budget,)
    while ladder[0] // reduction >= lowest:
        ladder = (ladder[0] // reduction, *ladder)
    if auto:
        return ladder[-AUTO_RUNGS:]
    if count is None:
        return ladder
    if count > len(ladder):
        raise ValueError(
            f"{count} rungs do not fit: from {budget} down by a reduction of {reduction}, {len(ladder)} are at least"
            f" {lowest}"
        )
    return ladder[-count:]


def _check(budget: int, reduction: int, minimum: int | None, count: int | None) -> None:
    least = (("budget", budget, 1), ("reduction", reduction, 2), ("minimum", minimum, 1), ("rungs", count, 1))
    for name, value, limit in least:
        if value is not None and value < limit:
            raise ValueError(f"{name} should be at least {limit}, is {value}")
    if minimum is not None and minimum > budget:
        raise ValueError(f"minimum, {minimum}, is above the budget, {budget}")


def promoted(
    results: Mapping[int, float | None],
    leg: Collection[int],
    reduction: int,
    direction: Direction,
    always: frozenset[int] = frozenset(),
) -> set[int]:
    """The trials of a leg that go on from the rung where it has just ended; the others are pruned.

    The best ceil(n / reduction) of all n results go on, the lower number first among equals. The share is rounded up so
    that a first leg of one result goes on: nothing speaks against it yet. A trial that has diverged counts in n, as the
    worst, and never goes on.

    A decision is final: a trial that was promoted early stays so when later legs push it out of the top, and one that
    was pruned is not called back. So the legs of a rung may together promote a little more than its final share.

    results: trial number -> value, of all trials that have come to the rung, those of the leg among them; None or a
        value that is not finite of one that has diverged.
    leg: numbers of the trials to judge.
    reduction: one of this many trials goes on.
    direction: of the metric.
    always: trials that go on whatever their place, unless they have diverged, and take no other trial's place: the
        default configuration, with which all others are compared.
    """
    finite = sorted(
        (cost(value, direction), number)
        for number, value in results.items()
        if value is not None and math.isfinite(value)
    )
    places = math.ceil(len(results) / reduction)
    top = {number for _, number in finite[:places]}
    return (top | (always & {number for _, number in finite})) & set(leg)


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


def expected(ladder: Sequence[int], reduction: int, audited: float = 0.0, done: int = 0) -> float:
    """The steps that a trial is still to take on average.

    ladder: its rungs.
    reduction: one of this many trials goes on from each of them.
    audited: the share of pruned trials that are trained to the end all the same.
    done: steps that it has taken already.
    """
    ahead = [rung for rung in ladder if rung > done]
    legs = [after - before for before, after in zip((done, *ahead), ahead, strict=False)]
    pruned = (1 - 1 / reduction) * audited
    rest = sum((ladder[-1] - at) * pruned * float(reduction) ** -rung for rung, at in enumerate(ahead))
    return rest + sum(leg * float(reduction) ** -rung for rung, leg in enumerate(legs))


def bracket_of(place: int, ladders: Sequence[Sequence[int]]) -> int:
    """The bracket that a trial belongs to, by its number among all trials, counted from 0.

    Hyperband, Li et al. (2018), compares trials of different brackets apart, so that configurations that begin slowly
    have a chance where nobody judges them early. It gives each bracket about the same steps to spend: of s_max + 1
    brackets the one with s rungs below the full budget begins with n = ceil((s_max + 1) / (s + 1) * reduction**s)
    trials, where reduction**s is the full budget over the bracket's lowest rung. The brackets take turns, the longest
    first, and then begin again. So neighbours mostly share a bracket, and can share a pack.

    ladders: of each bracket its rungs: those of `rungs` first, then each time without the lowest one.
    """
    sizes = [-(-len(ladders) * (ladder[-1] // ladder[0]) // len(ladder)) for ladder in ladders]
    return bisect_right(list(accumulate(sizes)), place % sum(sizes))
