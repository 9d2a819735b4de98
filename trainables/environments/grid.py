"""Environments in a grid, a row for each member: every episode begins with a seed of its own, wherever it is.

Axis letters: M members, E episodes side by side, F features.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import gymnasium
import numpy as np
from numpy.typing import NDArray

from trainables.base import pulse
from trainables.environments import answers
from trainables.environments.answers import MisfitAnswer
from trainables.environments.description import Description
from trainables.environments.episode_checks import EpisodeChecks

Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Choices = NDArray[Any]
"""What policies choose, as trainables/environments/action_spaces.py has it."""
Environment = gymnasium.Env[Any, Any]


class Grid(Protocol):
    """M x E environments of one kind. Nothing resets by itself: the caller begins each episode, with its seed."""

    observations: NDArray[np.float32]
    """(M, E, F), the last ones seen; after the last step of an episode its final one, until the next is begun."""

    rewinds: ClassVar[bool]
    """Whether the same seed begins the same episode in the same place again."""

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        """Makes the environments and begins none of them."""

    def reset(self, seeds: Integers, where: Booleans) -> None:
        """Begins an episode in each chosen place, with its seed; seeds and where: (M, E)."""

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        """Takes one step in each chosen place; choices: (M, E, *axes of the actions), where: (M, E).

        Returns rewards, terminated, truncated, each (M, E); zero and False in all other places.
        """


class GymnasiumGrid:
    """Any Gymnasium environment, stepped one by one in this process.

    Raises MemberFailed if one raises an error, or gives something that is not in its space or not finite.
    """

    rewinds: ClassVar[bool] = True

    def __init__(self, description: Description, members: int, episodes: int) -> None:
        self._description, self._shape = description, (members, episodes)
        self._environments = [description.make() for _ in range(members * episodes)]
        self._checks = EpisodeChecks(description, members, episodes)
        self.observations = np.zeros((members, episodes, description.inputs), dtype=np.float32)
        self._flat = self.observations.reshape(members * episodes, description.inputs)

    def reset(self, seeds: Integers, where: Booleans) -> None:
        places = np.flatnonzero(where)
        if len(places):
            chosen = seeds.ravel()[places]
            self._checks.begin(places, chosen)
            seen = self._call(places, chosen.tolist(), _reset)
            self._flat[places] = self._checks.inputs(places, seen)

    def step(self, choices: Choices, where: Booleans) -> tuple[NDArray[np.float64], Booleans, Booleans]:
        rewards = np.zeros(self._shape)
        terminated, truncated = np.zeros(self._shape, dtype=np.bool_), np.zeros(self._shape, dtype=np.bool_)
        places = np.flatnonzero(where)
        if len(places):
            chosen = self._given(choices.reshape(-1, *choices.shape[2:])[places])
            self._checks.advance(places)
            seen, earned, ended, cut = zip(*self._call(places, chosen, _step), strict=True)
            self._flat[places] = self._checks.inputs(places, seen)
            rewards.ravel()[places], terminated.ravel()[places], truncated.ravel()[places] = earned, ended, cut
            self._checks.require_finite(places, rewards.ravel()[places])
        return rewards, terminated, truncated

    def _given(self, choices: Choices) -> list[Any]:
        """What the environments take for some choices (P, *axes): a number as Python has it, or an array."""
        actions = self._description.actions.given(choices)
        if actions.dtype.kind in "iu" and actions.ndim == 1:
            return list(actions.tolist())
        return [actions[place, ...] for place in range(len(actions))]

    def _call(self, places: NDArray[np.intp], given: list[Any], call: Callable[[Environment, Any], Any]) -> list[Any]:
        """What the environments of these places answer, each to what it is given."""
        told = []
        for place, each in zip(places.tolist(), given, strict=True):
            self._checks.place = place
            try:
                told.append(call(self._environments[place], each))
            except MisfitAnswer as misfit:
                raise self._checks.failed(place, str(misfit)) from misfit
            except (Exception, SystemExit) as error:
                raise self._checks.raised(place, error) from error
        return told


def _reset(environment: Environment, seed: int) -> Any:
    """The first observation."""
    return answers.of_reset(environment.reset(seed=seed))[0]


def _step(environment: Environment, action: Any) -> tuple[Any, float, bool, bool]:
    """The observation, the reward, and whether the episode is terminated or truncated, each of its proper type."""
    seen, earned, terminated, truncated, _ = answers.of_step(environment.step(action))
    return (
        seen,
        answers.reward(earned),
        answers.truth(terminated, "terminated"),
        answers.truth(truncated, "truncated"),
    )


@dataclass(frozen=True)
class GridStep:
    """One step of a grid: what was seen, done and earned where.

    active: (M, E), the places where an episode was under way.
    observations: (M, E, F), before the step.
    choices: (M, E, *axes of the actions).
    rewards: (M, E), zero where no episode was under way.
    terminated: (M, E), where the episode has ended by itself.
    """

    active: Booleans
    observations: NDArray[np.float32]
    choices: Choices
    rewards: NDArray[np.float64]
    terminated: Booleans


def play(
    grid: Grid,
    seeds: Integers,
    where: Booleans,
    act: Callable[[NDArray[np.float32]], Choices],
    longest: int | None = None,
    most: Integers | None = None,
) -> Iterator[GridStep]:
    """Plays complete episodes side by side, one in each chosen place; those that have ended idle until the last ends.

    grid: where they are played.
    seeds: of the episodes, (M, E).
    where: the chosen places, (M, E).
    act: observations (M, E, F) -> choices (M, E, *axes of the actions).
    longest: steps after which an episode is cut; None: only where the grid itself truncates it.
    most: (M,), steps of a member's episodes together after which those under way are cut; None: never.
    """
    grid.reset(seeds, where)
    active, steps, taken = where.copy(), 0, np.zeros(len(seeds), dtype=np.int64)
    while active.any():
        pulse.beat()
        observations = grid.observations.copy()
        choices = act(observations)
        rewards, terminated, truncated = grid.step(choices, active)
        yield GridStep(active, observations, choices, rewards, terminated)
        steps, taken = steps + 1, taken + active.sum(1)
        active = active & ~(terminated | truncated)
        if most is not None:
            active = active & (taken < most)[:, None]
        if steps == longest:
            break


def retrace(grid: Grid, seeds: Integers, taken: Sequence[list[int]]) -> list[list[int]]:
    """Begins an episode of each member again and takes the same actions.

    A grid that can't begin the same episode again begins another, and so does a member whose episode ends on the way.

    grid: of one episode for each member.
    seeds: of the episodes, (M, 1).
    taken: the actions of each member.
    Returns the actions of each member since the beginning of its episode.
    """
    everywhere = np.ones(seeds.shape, dtype=np.bool_)
    grid.reset(seeds, everywhere)
    if not grid.rewinds:
        return [[] for _ in taken]
    over = ~everywhere
    for step in range(max(map(len, taken))):
        going = np.array([[len(each) > step] for each in taken]) & ~over
        _, terminated, truncated = grid.step(
            np.array([[each[step] if len(each) > step else 0] for each in taken]), going
        )
        over |= terminated | truncated
    # An environment that does not follow its seed may end where it did not before.
    if over.any():
        grid.reset(seeds, over)
    return [[] if ended else list(each) for each, (ended,) in zip(taken, over.tolist(), strict=True)]
