"""What a training needs to know of an environment, and what is wrong with one that does not fit."""

import difflib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from trainables import images
from trainables.images import Image


@dataclass(frozen=True)
class Description:
    """An environment by id and arguments: the inputs of a network and its actions.

    A Box observation is read as a vector of float32, one of two or three axes as a flat image; a Discrete one, number i
    of n from `start`, as a one-hot vector.
    """

    environment: str
    arguments: dict[str, Any]
    inputs: int
    actions: int
    first_action: int
    one_hot_from: int | None
    max_episode_steps: int | None
    reward_threshold: float | None
    """The return from which on an episode is solved, as Gymnasium has it."""
    image: Image | None = None

    def make(self) -> gymnasium.Env[Any, Any]:
        """One environment."""
        return gymnasium.make(self.environment, disable_env_checker=True, **self.arguments)

    @cached_property
    def vector(self) -> bool:
        """Whether observations are vectors, not numbers to be made one-hot."""
        return self.one_hot_from is None


class EnvironmentMisfit(ValueError):
    """The environment does not exist or is none that these loops can train on; the message says what would be."""


def describe(environment: str, arguments: dict[str, Any]) -> Description:
    """Make the environment once and read its spaces.

    Raises EnvironmentMisfit where it does not exist, can't be made with these arguments, or does not fit.
    """
    try:
        made = gymnasium.make(environment, disable_env_checker=True, **arguments)
    except Exception as error:
        raise EnvironmentMisfit(_why_not_made(environment, error)) from error
    with made:
        observations, actions = made.observation_space, made.action_space
    if not isinstance(actions, spaces.Discrete):
        raise EnvironmentMisfit(
            f"{environment} has actions {actions}; only discrete actions are supported (continuous control is not)"
        )
    if isinstance(observations, spaces.Discrete):
        inputs, start, image = int(observations.n), int(observations.start), None
    elif isinstance(observations, spaces.Box) and len(observations.shape) in (1, 2, 3):
        inputs, start = math.prod(observations.shape), None
        image = images.read(observations.shape, observations.dtype == np.uint8)
    else:
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}; needed is a vector (1-D Box), an image (2-D or 3-D "
            "Box) or a Discrete number"
        )
    limit, solved = (made.spec.max_episode_steps, made.spec.reward_threshold) if made.spec else (None, None)
    return Description(environment, arguments, inputs, int(actions.n), int(actions.start), start, limit, solved, image)


def problem(environment: str, arguments: dict[str, Any]) -> str | None:
    """What is wrong with the environment, in a line; None where nothing is."""
    try:
        describe(environment, arguments)
    except EnvironmentMisfit as misfit:
        return str(misfit)
    return None


def _why_not_made(environment: str, error: Exception) -> str:
    if environment in gymnasium.registry:
        return f"{environment} can't be made: {type(error).__name__}: {error}"
    near = difflib.get_close_matches(environment, gymnasium.registry, n=3, cutoff=0.5)
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see gymnasium.registry for those that exist"
    return f"there is no environment {environment!r}{hint}"
