"""The vector environment that an environment brings along (Gymnasium's `vector_entry_point`), one for each member."""

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from trainables.environments import answers
from trainables.environments.answers import MisfitAnswer
from trainables.environments.description import Description, EnvironmentMisfit
from trainables.environments.episode_checks import EpisodeChecks
from trainables.environments.grid import Booleans, Choices, Integers

Answer = TypeVar("Answer")


class VectorGrid:
    """A vector environment for each member, with a place for each of its episodes.

    The places of one vector environment share a stream of random numbers, so a member's episodes are begun together, by
    the seed of the first. A vector environment resets ended episodes by itself, in the same step or in the next: in the
    same step, the final observation is hidden among its infos; in the next, an action is ignored. Neither can be seen
    from outside, where a place idles after the end of its episode until its member is reset.
    Raises MemberFailed if one raises an error, or gives something that is not in its space or not finite.
    """

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description, self._shape = description, (members, episodes)
        self._environments = [
            gymnasium.make_vec(
                description.environment,
                num_envs=episodes,
                vectorization_mode="vector_entry_point",
                **description.arguments,
            )
            for _ in range(members)
        ]
        self._same_step = self._mode() is AutoresetMode.SAME_STEP
        self._checks = EpisodeChecks(description, members, episodes)
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)

    def _mode(self) -> AutoresetMode:
        mode = AutoresetMode(self._environments[0].metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        if mode is AutoresetMode.DISABLED:
            raise EnvironmentMisfit(
                f"{self._description.environment}: its vector environment must begin ended episodes again by itself",
                "backend",
            )
        return mode

    def reset(self, seeds: Integers, where: Booleans) -> None:
        for member in np.flatnonzero(where.any(1)).tolist():
            places = self._places(member, where)
            self._checks.begin(places, np.full(len(places), seeds[member, 0]))
            environment, seed = self._environments[member], int(seeds[member, 0])
            seen, _ = self._answer(places, lambda: answers.of_reset(environment.reset(seed=seed)))  # noqa: B023
            self._observe(member, places, seen)

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.zeros(self._shape)
        terminated, truncated = np.zeros(self._shape, dtype=np.bool_), np.zeros(self._shape, dtype=np.bool_)
        for member in np.flatnonzero(where.any(1)).tolist():
            chosen, places = where[member], self._places(member, where)
            self._checks.advance(places)
            given = self._description.actions.given(choices[member])
            seen, earned, ended, cut, infos = self._answer(places, lambda: self._stepped(member, given))  # noqa: B023
            if self._same_step and (ended | cut).any():
                seen = np.array(seen)
                seen[ended | cut] = np.stack(list(infos["final_obs"][ended | cut]))
            self._observe(member, places, seen)
            rewards[member][chosen], terminated[member][chosen] = earned[chosen], ended[chosen]
            truncated[member][chosen] = cut[chosen]
            self._checks.require_finite(places, rewards[member][chosen])
        return rewards, terminated, truncated | self._checks.too_long(where)

    def _stepped(self, member: int, actions: Integers) -> tuple[Any, NDArray[np.float64], Booleans, Booleans, Any]:
        """What a member's environment answers to a step, with the numbers of its episodes in arrays (E,)."""
        seen, earned, ended, cut, infos = answers.of_step(self._environments[member].step(actions))
        episodes = self._shape[1]
        return (
            seen,
            answers.several(earned, episodes, "rewards"),
            answers.several(ended, episodes, "terminated").astype(np.bool_),
            answers.several(cut, episodes, "truncated").astype(np.bool_),
            infos,
        )

    def _answer(self, places: NDArray[np.intp], call: Callable[[], Answer]) -> Answer:
        """What a call of an environment returns; where it fails, its first place does."""
        try:
            return call()
        except MisfitAnswer as misfit:
            raise self._checks.failed(places[0], str(misfit)) from misfit
        except (Exception, SystemExit) as error:
            raise self._checks.raised(int(places[0]), error) from error

    def _places(self, member: int, where: Booleans) -> NDArray[np.intp]:
        return member * self._shape[1] + np.flatnonzero(where[member])

    def _observe(self, member: int, places: NDArray[np.intp], seen: NDArray[np.generic]) -> None:
        chosen = places % self._shape[1]
        self.observations[member, chosen] = self._checks.inputs(places, np.asarray(seen)[chosen])
