"""What a training needs to know about an environment, and what is wrong with one that does not fit."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import TimeLimit
from numpy.typing import NDArray

from trainables.base import images
from trainables.base.images import Image
from trainables.environments.observations import Space, readable
from trainables.environments.wrappers import Named, WrapperMisfit, wrapped

MAX_EPISODE_STEPS = 10_000
"""Steps after which an episode is truncated if neither the environment nor its argument `max_episode_steps` says it."""

MOST_INPUTS = 10_000_000
"""Numbers that an observation may have: a first layer of eight units takes 320 MB then."""


@dataclass(frozen=True)
class Description:
    """An environment as a network sees it.

    A Box observation becomes a vector of float32; one of two or three axes is an image, flattened. A Discrete one
    becomes a one-hot vector. All others are flattened as trainables/environments/observations.py has it.

    environment: its id.
    arguments: those that it is made with.
    shape: of an observation as the environment gives it; () of a Discrete one.
    inputs: the numbers of an observation as the network takes it.
    actions: how many there are.
    first_action: the number of the first.
    one_hot_from: the first number of a Discrete space; None of a Box.
    max_episode_steps: steps after which an episode is truncated.
    reward_threshold: the return from which on an episode is solved, if Gymnasium has one.
    image: how to read an observation as an image; None if it is none.
    wrappers: around the environment, the innermost first.
    flattened: the space of observations that are made of several, or neither vector nor image; None of all others.
    """

    environment: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    inputs: int
    actions: int
    first_action: int
    one_hot_from: int | None
    max_episode_steps: int
    reward_threshold: float | None
    image: Image | None = None
    wrappers: tuple[Named, ...] = ()
    flattened: Space | None = None

    def make(self) -> gymnasium.Env[Any, Any]:
        """One environment."""
        return wrapped(_bare(self.environment, self.arguments), self.wrappers)

    def encoded(self, seen: NDArray[np.generic]) -> NDArray[np.float32]:
        """Observations of a vector, an image or a Discrete number, (P, *shape), as inputs of a network, (P, inputs)."""
        if self.one_hot_from is None:
            return seen.reshape(len(seen), -1).astype(np.float32, copy=False)
        encoded = np.zeros((len(seen), self.inputs), dtype=np.float32)
        encoded[np.arange(len(seen)), seen.astype(np.int64) - self.one_hot_from] = 1.0
        return encoded

    @cached_property
    def vector(self) -> bool:
        """Whether observations are vectors, and not numbers to be made one-hot."""
        return self.one_hot_from is None


class EnvironmentMisfit(ValueError):
    """The environment does not exist, or the loops can't train on it; the message says what would be right."""

    def __init__(self, message: str, key: str = "environment") -> None:
        """key: the field of the config that is to blame."""
        super().__init__(message, key)
        self.message, self.key = message, key

    def __str__(self) -> str:
        return self.message


def describe(environment: str, arguments: dict[str, Any], wrappers: Sequence[Named] = ()) -> Description:
    """Makes an environment once and reads its spaces.

    environment: its id.
    arguments: those that it is made with.
    wrappers: around it, the innermost first.
    Raises EnvironmentMisfit if it does not exist, can't be made with these arguments, or does not fit.
    """
    try:
        bare = _bare(environment, arguments)
    except Exception as error:
        raise EnvironmentMisfit(_why_not_made(environment, error)) from error
    try:
        made = wrapped(bare, wrappers)
    except WrapperMisfit as misfit:
        bare.close()
        raise EnvironmentMisfit(str(misfit), "wrappers") from misfit
    with made:
        observations, actions = made.observation_space, made.action_space
    if not isinstance(actions, spaces.Discrete):
        raise EnvironmentMisfit(
            f"{environment} has actions {actions}; only discrete actions are supported: continuous control is out of "
            "scope here"
        )
    if not readable(observations):
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}; should be Box, Discrete, MultiBinary or MultiDiscrete, or "
            "Dict or Tuple of them; a wrapper of your own may make one of it"
        )
    shape, start, image, flattened = observations.shape or (), None, None, None
    inputs = spaces.flatdim(observations)
    if isinstance(observations, spaces.Discrete):
        start = int(observations.start)
    elif isinstance(observations, spaces.Box) and len(shape) in (1, 2, 3):
        image = images.of_shape(shape, observations.dtype == np.uint8)
    else:
        flattened = observations
    if not 0 < inputs <= MOST_INPUTS:
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}, which are {inputs:,} numbers; should be 1 to "
            f"{MOST_INPUTS:,} of them"
        )
    limit, solved = (bare.spec.max_episode_steps, bare.spec.reward_threshold) if bare.spec else (None, None)
    return Description(
        environment,
        arguments,
        shape,
        inputs,
        int(actions.n),
        int(actions.start),
        start,
        limit or MAX_EPISODE_STEPS,
        solved,
        image,
        tuple(wrappers),
        flattened,
    )


def _bare(environment: str, arguments: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """The environment, with a limit to its episodes: one that never ends would hang its training."""
    made = gymnasium.make(environment, disable_env_checker=True, **arguments)
    if made.spec is not None and made.spec.max_episode_steps is not None:
        return made
    return TimeLimit(made, MAX_EPISODE_STEPS)


def _why_not_made(environment: str, error: Exception) -> str:
    module, _, name = environment.rpartition(":")
    # What is missing may be the module that registers it, or a module that the environment itself needs.
    if name in gymnasium.registry and not (module and isinstance(error, ImportError)):
        return f"{environment} can't be made: {type(error).__name__}: {' '.join(str(error).split())}"
    near = difflib.get_close_matches(environment, gymnasium.registry, n=3, cutoff=0.5)
    if module and not isinstance(error, ImportError):
        # What a module registers is known only once it is imported, for which its name must stand before the colon.
        near = [f"{module}:{each}" for each in difflib.get_close_matches(name, gymnasium.registry, n=3, cutoff=0.5)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see gymnasium.registry for those that exist"
    return f"there is no environment {environment!r}{hint}"
