"""What a training needs to know about an environment, and what is wrong with one that does not fit."""

import contextlib
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.wrappers import TimeLimit
from numpy.typing import NDArray

from trainables.base import images, own_classes, own_code
from trainables.base.images import Image
from trainables.environments import action_spaces
from trainables.environments.action_spaces import Actions
from trainables.environments.answers import Answering
from trainables.environments.observations import Space, readable
from trainables.environments.wrappers import Named, WrapperMisfit, wrapped

MAX_EPISODE_STEPS = 10_000
"""Steps after which an episode is truncated at the latest where nobody says when."""

MOST_NAMED = 5
"""How many environments are named that a module registers."""

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
    actions: what can be done.
    one_hot_from: the first number of a Discrete space; None of a Box.
    max_episode_steps: steps after which an episode is truncated, before any wrapper.
    reward_threshold: the return from which on an episode is solved, if Gymnasium has one.
    image: how to read an observation as an image; None if it is none.
    wrappers: around the environment, the innermost first.
    space: of the observations.
    limited: whether the environment itself, or its arguments, say after how many steps an episode is truncated.
    wrapped_limit: steps after which the wrappers truncate an episode, if one of them does.
    """

    environment: str
    arguments: dict[str, Any]
    space: Space
    shape: tuple[int, ...]
    inputs: int
    actions: Actions
    one_hot_from: int | None
    max_episode_steps: int
    reward_threshold: float | None
    image: Image | None = None
    wrappers: tuple[Named, ...] = ()
    limited: bool = True
    wrapped_limit: int | None = None

    def make(self) -> gymnasium.Env[Any, Any]:
        """One environment."""
        limit = {"max_episode_steps": self.max_episode_steps}
        return wrapped(_bare(self.environment, self.arguments | limit), self.wrappers)

    @property
    def endless(self) -> bool:
        """Whether nobody says after how many steps an episode is truncated."""
        return not self.limited and self.wrapped_limit is None

    @property
    def longest(self) -> int:
        """The most steps that an episode can have."""
        return min(self.max_episode_steps, self.wrapped_limit or self.max_episode_steps)

    def encoded(self, seen: NDArray[np.generic]) -> NDArray[np.float32]:
        """Observations of a vector, an image or a Discrete number, (P, *shape), as inputs of a network, (P, inputs)."""
        if self.one_hot_from is None:
            return seen.reshape(len(seen), -1).astype(np.float32, copy=False)
        encoded = np.zeros((len(seen), self.inputs), dtype=np.float32)
        encoded[np.arange(len(seen)), seen.astype(np.int64) - self.one_hot_from] = 1.0
        return encoded

    @cached_property
    def flattened(self) -> Space | None:
        """The space of observations that are made of several, or neither vector nor image; None of all others."""
        plain = isinstance(self.space, spaces.Discrete) or _is_vector_or_image(self.space)
        return None if plain else self.space

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
        made = _bare(environment, arguments)
        own_limit = made.spec.max_episode_steps if made.spec else None
        bare = made if own_limit else TimeLimit(made, MAX_EPISODE_STEPS)
    except own_classes.Unimportable as error:
        raise EnvironmentMisfit(str(error)) from error
    except (Exception, SystemExit) as error:
        raise EnvironmentMisfit(_why_not_made(environment, error)) from error
    try:
        made = wrapped(bare, wrappers)
    except WrapperMisfit as misfit:
        bare.close()
        raise EnvironmentMisfit(str(misfit), "wrappers") from misfit
    observations, done = (_space(environment, made, name) for name in ("observation_space", "action_space"))
    with contextlib.suppress(Exception):
        made.close()
    if (found := action_spaces.read(done)) is None:
        raise EnvironmentMisfit(
            f"{environment} has actions {done}; needed are Discrete, MultiDiscrete, MultiBinary or Box ones; a wrapper "
            "of your own, wrappers: [package.module:Wrapper], may make one of them"
        )
    if not readable(observations):
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}; should be Box, Discrete, MultiBinary or MultiDiscrete, or "
            "Dict or Tuple of them; a wrapper of your own may make one of it"
        )
    shape, inputs = observations.shape or (), spaces.flatdim(observations)
    start = int(observations.start) if isinstance(observations, spaces.Discrete) else None
    seen_as = images.of_shape(shape, observations.dtype == np.uint8) if _is_vector_or_image(observations) else None
    if not 0 < inputs <= MOST_INPUTS:
        raise EnvironmentMisfit(
            f"{environment} has observations {observations}, which are {inputs:,} numbers; should be 1 to "
            f"{MOST_INPUTS:,} of them"
        )
    solved = bare.spec.reward_threshold if bare.spec else None
    return Description(
        environment,
        arguments,
        observations,
        shape,
        inputs,
        found,
        start,
        own_limit or MAX_EPISODE_STEPS,
        solved,
        seen_as,
        tuple(wrappers),
        limited=bool(own_limit),
        wrapped_limit=_smallest_limit(made, bare),
    )


def reward_threshold(environment: str) -> float | None:
    """The return from which on an environment is solved; None where nobody says, or where it is not to be found here.

    The environment is not made.
    """
    module, colon, _ = environment.rpartition(":")
    try:
        if colon:
            own_classes.imported(module)
        return gymnasium.spec(environment).reward_threshold
    except (gymnasium.error.Error, own_classes.Unimportable):
        return None


def _is_vector_or_image(space: Space) -> bool:
    return isinstance(space, spaces.Box) and len(space.shape) in (1, 2, 3)


def _space(environment: str, made: gymnasium.Env[Any, Any], name: str) -> Space:
    try:
        space = getattr(made, name)
    except Exception as error:
        if isinstance(error, AttributeError) and own_code.place(error) is None:
            raise EnvironmentMisfit(f"{environment} has no {name}; should be one of gymnasium.spaces") from None
        raise EnvironmentMisfit(f"{environment} raised {own_code.told(error)} when asked for its {name}") from error
    if not isinstance(space, spaces.Space):
        raise EnvironmentMisfit(f"{environment} has the {name} {space!r}; should be one of gymnasium.spaces")
    return space


def _bare(environment: str, arguments: dict[str, Any]) -> gymnasium.Env[Any, Any]:
    module, colon, _ = environment.rpartition(":")
    if colon:
        own_classes.imported(module)
    return _answering(gymnasium.make(environment, disable_env_checker=True, **arguments))


def _smallest_limit(made: gymnasium.Env[Any, Any], bare: gymnasium.Env[Any, Any]) -> int | None:
    """The smallest limit that the wrappers around a bare environment set to its episodes, if any of them does."""
    limits = []
    while made is not bare and isinstance(made, gymnasium.Wrapper):
        if isinstance(made, TimeLimit) and made.spec is not None and made.spec.max_episode_steps is not None:
            limits.append(made.spec.max_episode_steps)
        made = made.env
    return min(limits, default=None)


def _answering(made: gymnasium.Env[Any, Any]) -> gymnasium.Env[Any, Any]:
    """The same, with a check of what the environment returns right around it, below all wrappers."""
    if not isinstance(made, gymnasium.Wrapper):
        return Answering(made)
    innermost = made
    while isinstance(innermost.env, gymnasium.Wrapper):
        innermost = innermost.env
    innermost.env = Answering(innermost.env)
    return made


def _why_not_made(environment: str, error: BaseException) -> str:
    module, _, name = environment.rpartition(":")
    if name in gymnasium.registry:
        missing = "required positional argument" in str(error) or "required keyword-only argument" in str(error)
        hint = "; `environment_args` gives it arguments" if isinstance(error, TypeError) and missing else ""
        return f"{environment} can't be made: {own_code.told(error)}{hint}"
    return f"there is no environment {environment!r}{_near(module, name)}"


def _near(module: str, name: str) -> str:
    """Which environments may have been meant: of those that the module registers, or of all."""
    own = [
        each for each, spec in gymnasium.registry.items() if module and _package_of(spec) == module.partition(".")[0]
    ]
    known = own or list(gymnasium.registry)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near or not own:
        told = [f"{module}:{each}" if own else each for each in near]
        return f"; did you mean {' or '.join(told)}?" if near else "; see gymnasium.registry for those that exist"
    return f"; {module} registers {', '.join(own[:MOST_NAMED])}{', ...' * (len(own) > MOST_NAMED)}"


def _package_of(spec: EnvSpec) -> str:
    """The outermost package of the module that an environment is made by."""
    made_by = spec.entry_point
    module = made_by if isinstance(made_by, str) else getattr(made_by, "__module__", "")
    return module.partition(":")[0].partition(".")[0]
