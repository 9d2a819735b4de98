"""How many fresh seeds each candidate of a confirmation gets: few where it is clear, more where it is not. Pure.

All candidates begin with a few. Who can be told from the leader then is dropped, and the others get more, until one of
them is told apart from all others, or the best are shown to be equal, or there are no more looks (a race, after Maron
and Moore, 1997, "The Racing Algorithm: Model Selection for Lazy Learners"). Whoever looks several times has several
chances of being wrong, so that each look is asked for as much more confidence (Bonferroni): over all of them two
candidates that are equal are told apart in at most 5 % of all races.
"""

from collections.abc import Mapping, Sequence

from tuning.rules import statistics
from tuning.rules.choice import Choice, choice
from tuning.rules.objective import Direction
from tuning.rules.statistics import Verdict

LOOKS = (5, 10, 20)
"""Seeds of each candidate at every look. With fewer than five nothing can be told apart."""


def judged(
    samples: Mapping[int, Sequence[float | None]],
    direction: Direction,
    seed: int,
    looks: int = 1,
    seen: Sequence[float] = (),
    averages: Mapping[int, float] | None = None,
    default: int | None = None,
    base: float | None = None,
    seconds: Mapping[int, float] | None = None,
) -> tuple[Verdict, Choice]:
    """What scores show, and which configuration to use.

    samples: the scores of each candidate, None of a training that diverged.
    direction: of the metric.
    seed: of the resampling.
    looks: how often scores are looked at in all.
    seen, averages: as `statistics.verdict` takes them, the averages as what it prefers.
    default, base, seconds: as `choice` takes them.
    """
    found = statistics.verdict(samples, direction, seed, seen, averages, looks)
    counted = statistics.counted(samples, direction, seen)
    return found, choice(counted, found, direction, seed, default, base, seconds)


def going_on(found: Verdict, used: Choice) -> set[int]:
    """Who gets more seeds after a look: who may still be the one to use, and nobody where that is settled."""
    settled = used.kind in ("champion", "equals") or not found.tied
    return set() if settled else {found.leader, *found.tied}
