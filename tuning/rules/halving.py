"""Successive halving over legs: at which budgets trials are compared, and which of them go on. Pure: it never acts.

Jamieson and Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter Optimization", without waiting
for a rung to fill, as in Li et al. (2020), "A System for Massively Parallel Hyperparameter Tuning" (ASHA). In contrast
to ASHA whole legs are judged, each against all results that its rung has seen, and every decision is final.
"""

import math
from collections.abc import Collection, Mapping, Sequence

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
