"""Whose network a name stands for when several studies search for the same. Pure: claims in, a decision out.

A later study takes the name over only where what it knows for certain is more: where the worse end of its confirmed
95 % interval is better than that of the holder. That intervals lie apart is not asked for: two good champions of a task
that can be solved would never do, and what the holder is known to reach at the least is not lost. What was confirmed
is not given up for what was not; of two that were not, the better value of the search counts.
"""

from dataclasses import dataclass

from tuning.rules.objective import Direction, better


@dataclass(frozen=True)
class Claim:
    """What is known of a network.

    study: by which it was found.
    measure: what it is scored by and in; claims of different ones can't be compared.
    worse_end: of its confirmed interval; None where it was not confirmed.
    value: that it had in the search.
    """

    study: str
    measure: str
    worse_end: float | None
    value: float | None


def succeeds(new: Claim, holder: Claim | None, direction: Direction) -> bool:
    """Whether a network takes the name over.

    new: what is known of it. A study that has found out more replaces its own claim in any case.
    holder: what is known of the one that the name stands for; None where that is nothing, as where a person has given
    it the name.
    direction: which scores are better.
    """
    if holder is None:
        return False
    if new.study == holder.study:
        return True
    if new.measure != holder.measure:
        return False
    if new.worse_end is not None:
        return holder.worse_end is None or better(new.worse_end, holder.worse_end, direction)
    return holder.worse_end is None and new.value is not None and better(new.value, holder.value, direction)


def best(claims: dict[str, Claim], direction: Direction) -> str | None:
    """Whose claim no other one succeeds, the first of equals; None of none. claims: of who may have a name."""
    held: str | None = None
    for name, claim in claims.items():
        if held is None or succeeds(claim, claims[held], direction):
            held = name
    return held
