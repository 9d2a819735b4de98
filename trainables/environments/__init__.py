"""Environments: one place for vectorisation, seeding and the ends of episodes."""

from trainables.environments import cartpole, number_match, sensor_tasking
from trainables.environments.description import Description, describe, problem
from trainables.environments.grid import Grid, GymnasiumGrid, Moment, play

number_match.register()
sensor_tasking.register()

VECTORISED: dict[str, type[Grid]] = {
    number_match.ID: number_match.NumberMatchGrid,
    cartpole.ID: cartpole.CartPoleGrid,
    sensor_tasking.ID: sensor_tasking.SensorTaskingGrid,
}
"""Environments with an implementation of the whole grid; equal to the single one, episode by episode."""


def make(description: Description, members: int, episodes: int) -> Grid:
    """A grid of members x episodes of the environment."""
    grid = VECTORISED.get(description.environment, GymnasiumGrid)
    if grid is cartpole.CartPoleGrid and description.arguments:
        # Arguments change its rewards or its picture, which only the single one knows.
        grid = GymnasiumGrid
    return grid(description, members, episodes)


__all__ = ["VECTORISED", "Description", "Grid", "Moment", "describe", "make", "play", "problem"]
