"""Whether going on with a search is likely to pay: the chance that more trials beat the best by so much. Pure.

A simple model, which takes further trials for ones like the newest. If they are, the best of n new values is above that
of the m newest with a chance of n / (n + m), whatever the values are distributed as: each of all n + m is as likely to
be the best. By how much it is above follows the tail of the m values, which is taken for an exponential one: it is of
the normal distribution and of most others, far out (Pickands, 1975). The mean excess of the tail's k values over the
next lower one, whose sum is S, leaves for an excess beyond y the chance (1 + y / S)**-k (a Lomax distribution: the
exponential one with Jeffreys' prior on its rate). How well that foretells is in docs/findings.md.

The newest values rather than all, since a sampler that learns proposes better ones as it goes on.
"""

import math
from collections.abc import Sequence

from tuning.rules.objective import Direction, cost

FEWEST_VALUES = 12
"""Of fewer values nothing is said."""

NEWEST, TAIL, SHORTEST = 0.5, 0.25, 5
"""The share of all values that count as the newest; of those the share that is the tail, and its fewest values."""


def newest(values: Sequence[float]) -> Sequence[float]:
    """Those that go into the model, of all values in the order of their trials."""
    return values[-max(FEWEST_VALUES, math.ceil(NEWEST * len(values))) :]


def chance_to_beat(values: Sequence[float], target: float, more: float, direction: Direction) -> float | None:
    """How probable it is that the best of more trials is better than a target; None of too few values to tell.

    values: in the order of their trials, of those that came to one; finite.
    target: that is to be beaten, at least as good as all the values.
    more: how many further trials will come to a value.
    direction: of the values. What is minimised and above 0 throughout, as losses are, is compared by its logarithm, so
        that nothing is expected below 0.
    """
    if len(values) < FEWEST_VALUES:
        return None
    costs, goal = [cost(value, direction) for value in newest(values)], cost(target, direction)
    if direction == "minimize" and min(costs) > 0:
        if goal <= 0:
            return 0.0
        costs, goal = [math.log(each) for each in costs], math.log(goal)
    costs.sort()
    size = max(SHORTEST, math.ceil(TAIL * len(costs)))
    excess = sum(costs[size] - each for each in costs[:size])
    if excess <= 0:
        return 0.0
    ahead = max(0.0, costs[0] - goal)
    return more / (more + len(costs)) * (1 + ahead / excess) ** -size
