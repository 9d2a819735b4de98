"""Hyperband: which bracket each trial belongs to. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate


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
