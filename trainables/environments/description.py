"""What a training needs to know of an environment, and what is wrong with one that does not fit."""

import difflib
import math
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
from trainables.environments.wrappers import Named, WrapperMisfit, wrapped

LONGEST = 10_000
"""Steps after which an episode is cut where neither the environment nor `max_episode_steps` in its arguments says."""


@dataclass(frozen=True)
class Description:
    """An environment by id, arguments and wrappers: the inputs of a network and its actions.

    A Box observation is read as a vector of float32, one of two or three axes as a flat image; a Discrete one, number i
    of n from `start`, as a one-hot vector.
    """

    environment: str
    arguments: dict[str, Any]
    shape: tuple[int, ...]
    """Of an observation as the environment gives it; of a Discrete one ()."""
    inputs: int
    actions: int
    first_action: int
    one_hot_from: int | None
    max_episode_steps: int
    reward_threshold: float | None
    """The return from which on an episode is solved, as Gymnasium has it."""
    image: Image | None = None
    wrappers: tuple[Named, ...] = ()

    def make(self) -> gymnasium.Env[Any, Any]:
        """One environment."""
        return wrapped(_bare(self.environment, self.arguments), self.wrappers)

    def encoded(self, seen: NDArray[np.generic]) -> NDArray[np.float32]:
        """Observations that the space has, (P, *shape), as inputs of a network, (P, inputs)."""
        if self.one_hot_from is None:
            return seen.reshape(len(seen), -1).astype(np.float32, copy=False)
        encoded = np.zeros((len(seen), self.inputs), dtype=np.float32)
        encoded[np.arange(len(seen)), seen.astype(np.int64) - self.one_hot_from] = 1.0
        return encoded

    @cached_property
    def vector(self) -> bool:
        """Whether observations are vectors, not numbers to be made one-hot."""
        return self.one_hot_from is None


class EnvironmentMisfit(ValueError):
    """The environment does not exist or is none that these loops can train on; the message says what would be."""

    def __init__(self, message: str, key: str = "environment") -> None:
        """key: the field of the config that is to blame."""
        super().__init__(message, key)
        self.message, self.key = message, key

    def __str__(self) -> str:
        return self.message


def describe(environment: str, arguments: dict[str, Any], wrappers: Sequence[Named] = ()) -> Description:
    """Make the environment once, within its wrappers, and read its spaces.

    Raises EnvironmentMisfit where it does not exist, can't be made with these arguments, or does not fit.
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
    if isinstance(observations, spaces.Discrete):
        shape: tuple[int, ...] = ()
        inputs, start, image = int(observations.n), int(observations.start), None
    elif isinstance(observations, spaces.Box) and len(observations.shape) in (1, 2, 3):
        shape, inputs, start = observations.shape, math.prod(observations.shape), None
        image = images.read(shape, observations.dtype == np.uint8)
    else:
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}; needed is a vector (1-D Box), an image (2-D or 3-D "
            "Box) or a Discrete number; wrappers: [FlattenObservation] may make one of it"
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
        limit or LONGEST,
        solved,
        image,
        tuple(wrappers),
    )


def _bare(environment: str, arguments: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    """The environment, with a limit to its episodes, else one that never ends would hang its training."""
    made = gymnasium.make(environment, disable_env_checker=True, **arguments)
    if made.spec is not None and made.spec.max_episode_steps is not None:
        return made
    return TimeLimit(made, LONGEST)


def _why_not_made(environment: str, error: Exception) -> str:
    module, _, name = environment.rpartition(":")
    # What is not there may be the module that was to register it, or else one that it needs itself.
    if name in gymnasium.registry and not (module and isinstance(error, ImportError)):
        return f"{environment} can't be made: {type(error).__name__}: {' '.join(str(error).split())}"
    near = difflib.get_close_matches(environment, gymnasium.registry, n=3, cutoff=0.5)
    if module and not isinstance(error, ImportError):
        # What the module registers is there only once it is imported, which takes its name before the colon.
        near = [f"{module}:{each}" for each in difflib.get_close_matches(name, gymnasium.registry, n=3, cutoff=0.5)]
    hint = f"; did you mean {' or '.join(near)}?" if near else "; see gymnasium.registry for those that exist"
    return f"there is no environment {environment!r}{hint}"
