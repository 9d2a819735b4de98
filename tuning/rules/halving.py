"""Successive halving over legs: at which budgets trials are compared, and which of them go on. Pure: it never acts.

Jamieson and Talwalkar (2016), without waiting for a rung to fill, as in Li et al. (2020, ASHA); but whole legs are
judged, each against all that its rung has seen, and each decision is for good.
"""

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tuning.rules.objective import Direction, cost

AUTO_RUNGS = 3
"""Left to itself, halving compares at no more budgets than these: the full one, and two on the way."""

AUTO_LOWEST = 5
"""Left to itself, halving judges no trial by less than this, in units of the budget."""


def rungs(budget: int, reduction: int, minimum: int | None = None, count: int | None = None) -> tuple[int, ...]:
    """The budgets at which trials are compared, strictly rising to the full one: budget // reduction**k.

    With `minimum`: as many as are at least that. With `count`: exactly so many. With neither: at most `AUTO_RUNGS`, of
    at least `AUTO_LOWEST`. The full budget alone means that nothing is halved. Raises ValueError with what is wrong.
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

    results: trial number -> value, of all that have come to the rung, those of the leg among them. The best
    ceil(n / reduction) of all n go on, the lower number first among equals. The share is rounded up because a first leg
    of one result must go on: nothing speaks against it yet, and a floor would prune whatever comes first.

    Without a value, or with one that is not finite, a trial has diverged: it counts in n, as the worst, and never goes
    on. Trials in `always` (the default configuration, by which all others are read) go on whatever their place,
    unless they have diverged, and take no other's place by it.

    A decision is for good: a trial that was promoted early stays so when later legs push it out of the top, and one
    that was pruned is not called back. So the legs of a rung may together promote a little more than its final share.
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
    """The share of steps that was not spent, of what these trainings would have spent at the full budget; 0 of none.

    Leave out those that diverged or failed: they ended early by themselves, and halving earns nothing by it.
    """
    spent = list(steps)
    return 1 - sum(spent) / (budget * len(spent)) if spent else 0.0


@dataclass(frozen=True)
class Audit:
    """What became of pruned trials that were trained on to the end.

    trials: how many of them there are; missed: how many would have been among the best `top`; best: how many of these
    are better than any trial that halving let go on.
    """

    trials: int
    missed: int
    best: int
    top: int


def audit(
    promoted: Iterable[float], pruned: Iterable[float | None], reduction: int, direction: Direction
) -> Audit | None:
    """Whether halving gave up what it should have kept; None where there is nothing to tell it by.

    promoted: values at the full budget of the trials that halving let come to it; of n of them the best
    ceil(n / reduction) are the top, which is what one more rung would have kept. pruned: values there of those that it
    had given up; without one a trial has diverged. One is missed that is better than the last of the top.
    """
    kept, others = sorted(cost(value, direction) for value in promoted), list(pruned)
    if not kept or not others:
        return None
    top = math.ceil(len(kept) / reduction)
    given_up = [cost(value, direction) for value in others if value is not None]
    missed, best = (sum(value < bar for value in given_up) for bar in (kept[top - 1], kept[0]))
    return Audit(len(others), missed, best, top)


def expected(ladder: Sequence[int], reduction: int, audited: float = 0.0, done: int = 0) -> float:
    """The steps that a trial of this ladder takes on average, when one of `reduction` goes on from every rung.

    audited: the share of the others that go on to the end all the same. done: steps that it has taken, on its way from
    the last rung below; counted are those that it takes after them.
    """
    ahead = [rung for rung in ladder if rung > done]
    legs = [after - before for before, after in zip((done, *ahead), ahead, strict=False)]
    pruned = (1 - 1 / reduction) * audited
    rest = sum((ladder[-1] - at) * pruned * float(reduction) ** -rung for rung, at in enumerate(ahead))
    return rest + sum(leg * float(reduction) ** -rung for rung, leg in enumerate(legs))


def brackets(
    budget: int, reduction: int, minimum: int | None = None, count: int | None = None
) -> tuple[tuple[int, ...], ...]:
    """The ladders of Hyperband: first that of `rungs`, then each without its lowest rung, last the full budget alone.

    Trials of different brackets are compared apart, so that configurations which begin slowly have a chance where
    nobody judges them early.
    """
    ladder = rungs(budget, reduction, minimum, count)
    return tuple(ladder[start:] for start in range(len(ladder)))


def bracket_of(place: int, ladders: Sequence[Sequence[int]]) -> int:
    """The bracket that the trial at this place, counted from 0, belongs to.

    Hyperband (Li et al., 2018) gives each bracket about the same steps to spend. A bracket with s rungs below the full
    budget, of s_max + 1 brackets, begins with n = ceil((s_max + 1) / (s + 1) * reduction**s) trials, where reduction**s
    is the full budget over the bracket's lowest rung. It runs the brackets in turn, the longest first, and then begins
    again; so neighbours mostly share a bracket and can share a pack.
    """
    sizes = [-(-len(ladders) * (ladder[-1] // ladder[0]) // len(ladder)) for ladder in ladders]
    return bisect_right(list(accumulate(sizes)), place % sum(sizes))
