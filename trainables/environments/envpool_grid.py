"""EnvPool (extra `envpool`): environments in C++, stepped together."""

import difflib
import math
import warnings
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.environments.description import Description, EnvironmentMisfit
from trainables.environments.episode_checks import EpisodeChecks
from trainables.environments.grid import Booleans, Choices, Integers


class EnvPoolGrid:
    """A pool with an environment for each place of the grid.

    Each environment has a stream of random numbers of its own, seeded by its first episode. The seeds of later episodes
    are not used, and no episode can be begun again.
    Raises MemberFailed if an environment gives something that is not in its space or not finite.
    """

    rewinds: ClassVar[bool] = False

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        """Raises EnvironmentMisfit if EnvPool is not installed, or does not have the environment."""
        self._description, self._shape = description, (members, episodes)
        self._checks = EpisodeChecks(description, members, episodes)
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)
        self._flat = self.observations.reshape(members * episodes, description.inputs)
        self._pool, self._stepped = self._made(np.zeros((members, episodes), dtype=np.int64)), False

    def _made(self, seeds: Integers) -> Any:
        envpool, name = _installed(), self._description.environment
        try:
            with warnings.catch_warnings():
                # EnvPool is warned about the bounds of its own spaces.
                warnings.simplefilter("ignore")
                pool = envpool.make(
                    name,
                    env_type="gymnasium",
                    num_envs=seeds.size,
                    num_threads=1,
                    seed=seeds.ravel().tolist(),
                    **self._description.arguments,
                )
                space = pool.observation_space
        except Exception as error:
            raise EnvironmentMisfit(_why_not_made(envpool, name, error), "backend") from error
        if self._description.vector and math.prod(space.shape) != self._description.inputs:
            raise EnvironmentMisfit(f"{name}: EnvPool's has observations {space}, Gymnasium's others", "backend")
        return pool

    def reset(self, seeds: Integers, where: Booleans) -> None:
        places = np.flatnonzero(where)
        if not len(places):
            return
        if where.all() and not self._stepped:
            self._pool = self._made(seeds)
        self._checks.begin(places, seeds.ravel()[places])
        seen, _ = self._pool.reset(places)
        self._observe(places, seen)

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.zeros(self._shape)
        terminated, truncated = np.zeros(self._shape, dtype=np.bool_), np.zeros(self._shape, dtype=np.bool_)
        places = np.flatnonzero(where)
        if len(places):
            self._stepped = True
            self._checks.advance(places)
            actions = self._description.actions.given(choices.reshape(-1, *choices.shape[2:])[places])
            seen, earned, ended, cut, _ = self._pool.step(actions, places)
            self._observe(places, seen)
            rewards.ravel()[places], terminated.ravel()[places], truncated.ravel()[places] = earned, ended, cut
            self._checks.require_finite(places, rewards.ravel()[places])
        return rewards, terminated, truncated | self._checks.too_long(where)

    def _observe(self, places: NDArray[np.intp], seen: NDArray[np.generic]) -> None:
        # EnvPool's observations have as many numbers as Gymnasium's, but not always the same axes.
        self._flat[places] = self._checks.inputs(places, seen.reshape(len(places), *self._description.shape))


def _installed() -> ModuleType:
    try:
        return import_module("envpool")
    except ImportError as error:
        raise EnvironmentMisfit(
            "EnvPool is not installed: pip install 'lockstep-tuning[envpool]'", "backend"
        ) from error


def _why_not_made(envpool: ModuleType, name: str, error: Exception) -> str:
    known = envpool.list_all_envs()
    if name in known:
        return f"EnvPool can't make {name}: {type(error).__name__}: {error}"
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"EnvPool has no {name}{'; it has ' + ' and '.join(near) if near else ''}"
