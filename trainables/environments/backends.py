"""Which implementation of an environment a training uses."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import gymnasium

from trainables.environments import cartpole, mountain_car, number_match, pendulum, sensor_tasking
from trainables.environments.description import Description, EnvironmentMisfit, describe
from trainables.environments.envpool_grid import EnvPoolGrid
from trainables.environments.grid import Grid, GymnasiumGrid
from trainables.environments.vector_grid import VectorGrid
from trainables.environments.wrappers import Named

Backend = Literal["auto", "gymnasium", "vector", "envpool"]


@dataclass(frozen=True)
class Implementation:
    """An implementation of the whole grid of an environment, equal to the single one.

    grid: steps all of it.
    arguments: the names of those that it takes.
    wrapper: the one that it can do by itself, if there is one.
    in_place_of: the argument that does the same, with which it can't.
    """

    grid: type[Grid]
    arguments: frozenset[str] = frozenset()
    wrapper: Named | None = None
    in_place_of: str | None = None

    def does(self, arguments: Collection[str], wrappers: Collection[Named]) -> bool:
        """Whether it is made with these arguments, and wrapped in these wrappers."""
        wrapped = list(wrappers) == [self.wrapper] and self.in_place_of not in arguments
        return set(arguments) <= self.arguments and (not wrappers or wrapped)


VECTORISED: dict[str, Implementation] = {
    number_match.ID: Implementation(
        number_match.NumberMatchGrid, frozenset({"n", "one_hot"}), "OneHotObservation", "one_hot"
    ),
    cartpole.ID: Implementation(cartpole.CartPoleGrid),
    pendulum.ID: Implementation(pendulum.PendulumGrid, frozenset({"g"})),
    mountain_car.ID: Implementation(mountain_car.MountainCarGrid),
    sensor_tasking.ID: Implementation(sensor_tasking.SensorTaskingGrid, frozenset({"objects", "detection"})),
}
"""Environments that have an implementation of their own."""


def make(description: Description, members: int, episodes: int, backend: Backend = "auto") -> Grid:
    """A grid of the environment.

    description: of the environment.
    members, episodes: the size of the grid.
    backend: of the config; auto: the fastest in which every episode follows from its own seed.
    Raises EnvironmentMisfit if the backend does not have the environment.
    """
    return _kind(description, backend)(description, members, episodes)


def is_vectorised(environment: str, arguments: Collection[str], wrappers: Collection[Named], backend: Backend) -> bool:
    """Whether one operation steps all members and episodes.

    environment: its id.
    arguments: the names of those that it is made with.
    wrappers, backend: of the config.
    """
    found = VECTORISED.get(environment)
    return backend == "auto" and found is not None and found.does(arguments, wrappers)


def problem(
    environment: str, arguments: dict[str, Any], wrappers: Sequence[Named] = (), backend: Backend = "auto"
) -> EnvironmentMisfit | None:
    """What is wrong with an environment; None if nothing is.

    environment: its id.
    arguments: those that it is made with.
    wrappers, backend: of the config.
    """
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
    if backend in ("vector", "envpool") and description.flattened is not None:
        raise EnvironmentMisfit(
            f"{backend} takes no observations of {description.flattened}: should be auto or gymnasium", "backend"
        )
    if backend == "envpool":
        return EnvPoolGrid
    if backend == "vector":
        if gymnasium.spec(description.environment).vector_entry_point is None:
            raise EnvironmentMisfit(
                f"{description.environment} comes without a vector environment: should be auto or gymnasium", "backend"
            )
        return VectorGrid
    vectorised = is_vectorised(description.environment, description.arguments, description.wrappers, backend)
    return VECTORISED[description.environment].grid if vectorised else GymnasiumGrid
