"""What a search tries before it proposes by itself, beyond what its sweep lists: the best of an earlier one."""

from collections.abc import Iterable, Mapping
from typing import Any

from tuning.sweep.space import Space, fitting, params_of

AT_MOST = 10


def fitting_best(space: Space, configs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Parameters of those plain configs that fit this space, in their order, none twice, ten at the most.

    configs: what the complete trials of an earlier study trained with, the best first. Whole configs, since what this
    space turns the earlier study may have had fixed, and the other way round.
    """
    return first_fitting(space, (params_of(space, config) for config in configs))


def first_fitting(space: Space, known: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same of parameters, of which those that this space does not know are left out."""
    found: list[dict[str, Any]] = []
    for each in known:
        params = fitting(space, each)
        if params is not None and params not in found:
            found.append(params)
        if len(found) == AT_MOST:
            break
    return found
