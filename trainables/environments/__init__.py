"""Environments: one place for vectorisation, seeding and the ends of episodes."""

from trainables.environments import number_match
from trainables.environments.description import Description, describe, problem
from trainables.environments.grid import Grid, GymnasiumGrid, Moment, play

number_match.register()

VECTORISED: dict[str, type[Grid]] = {number_match.ID: number_match.NumberMatchGrid}
"""Environments with an implementation of the whole grid; equal to the single one, episode by episode."""


def make(description: Description, members: int, episodes: int) -> Grid:
    """A grid of members x episodes of the environment."""
    return VECTORISED.get(description.environment, GymnasiumGrid)(description, members, episodes)


__all__ = ["VECTORISED", "Description", "Grid", "Moment", "describe", "make", "play", "problem"]
