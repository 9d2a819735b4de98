"""Environments: the one place for vectorisation, seeding and the ends of episodes."""

from trainables.environments import number_match, sensor_tasking
from trainables.environments.action_spaces import Actions
from trainables.environments.backends import VECTORISED, Backend, is_vectorised, make, problem
from trainables.environments.description import Description, EnvironmentMisfit, describe, reward_threshold
from trainables.environments.grid import Grid, GridStep, GymnasiumGrid, play, retrace

number_match.register()
sensor_tasking.register()

__all__ = [
    "VECTORISED",
    "Actions",
    "Backend",
    "Description",
    "EnvironmentMisfit",
    "Grid",
    "GridStep",
    "GymnasiumGrid",
    "describe",
    "is_vectorised",
    "make",
    "play",
    "problem",
    "retrace",
    "reward_threshold",
]
