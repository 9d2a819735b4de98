"""Which implementation of an environment a training steps."""

from collections.abc import Collection, Sequence
from typing import Any, Literal

import gymnasium

from trainables.environments import cartpole, number_match, sensor_tasking
from trainables.environments.description import Description, EnvironmentMisfit, describe
from trainables.environments.envpool_grid import EnvPoolGrid
from trainables.environments.grid import Grid, GymnasiumGrid
from trainables.environments.vector_grid import VectorGrid
from trainables.environments.wrappers import Named

Backend = Literal["auto", "gymnasium", "vector", "envpool"]

VECTORISED: dict[str, tuple[type[Grid], frozenset[str]]] = {
    number_match.ID: (number_match.NumberMatchGrid, frozenset({"n", "one_hot"})),
    cartpole.ID: (cartpole.CartPoleGrid, frozenset()),
    sensor_tasking.ID: (sensor_tasking.SensorTaskingGrid, frozenset({"objects", "detection"})),
}
"""Environments with an implementation of the whole grid, equal to the single one, and the arguments that it knows."""


def make(description: Description, members: int, episodes: int, backend: Backend = "auto") -> Grid:
    """A grid of members x episodes of the environment; auto: the fastest in which every episode follows its own seed.

    Raises EnvironmentMisfit where the backend does not have it.
    """
    return _kind(description, backend)(description, members, episodes)


def is_vectorised(environment: str, arguments: Collection[str], wrappers: Collection[Named], backend: Backend) -> bool:
    """Whether all members and episodes are stepped as one; arguments: the names of those that it is made with."""
    _, known = VECTORISED.get(environment, (GymnasiumGrid, frozenset()))
    return backend == "auto" and environment in VECTORISED and not wrappers and set(arguments) <= known


def problem(
    environment: str, arguments: dict[str, Any], wrappers: Sequence[Named] = (), backend: Backend = "auto"
) -> EnvironmentMisfit | None:
    """What is wrong with the environment; None where nothing is."""
    try:
        description = describe(environment, arguments, wrappers)
        if backend in ("vector", "envpool"):
            make(description, 1, 1, backend)
    except EnvironmentMisfit as misfit:
        return misfit
    return None


def _kind(description: Description, backend: Backend) -> type[Grid]:
    if backend in ("vector", "envpool") and description.wrappers:
        raise EnvironmentMisfit(f"{backend} takes no wrappers: should be auto or gymnasium", "backend")
    if backend == "envpool":
        return EnvPoolGrid
    if backend == "vector":
        if gymnasium.spec(description.environment).vector_entry_point is None:
            raise EnvironmentMisfit(
                f"{description.environment} comes without a vector environment: should be auto or gymnasium", "backend"
            )
        return VectorGrid
    vectorised = is_vectorised(description.environment, description.arguments, description.wrappers, backend)
    return VECTORISED[description.environment][0] if vectorised else GymnasiumGrid
