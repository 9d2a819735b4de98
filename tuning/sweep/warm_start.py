"""The best configurations of an earlier study, which a search tries first."""

from collections.abc import Iterable, Mapping
from typing import Any

from tuning.sweep.space import Space, fitting, params_of

AT_MOST = 10
"""So many are tried."""


def fitting_best(space: Space, configs: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parameters of the first configs that fit the space, ten at the most and none twice.

    space: of the new search.
    configs: of the complete trials of the earlier study, the best first; whole ones, since what is searched now may
        have been fixed then.
    """
    return first_fitting(space, (params_of(space, config) for config in configs))


def first_fitting(space: Space, known: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The same, of parameters; those that the space does not have are left out."""
    found: list[dict[str, Any]] = []
    for each in known:
        params = fitting(space, each)
        if params is not None and params not in found:
            found.append(params)
        if len(found) == AT_MOST:
            break
    return found
