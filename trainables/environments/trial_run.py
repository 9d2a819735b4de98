"""An environment tried before anything is trained: reset and stepped with random actions, as training will do it.

It is stepped through the same grid as in training, so that what is accepted here trains.

Axis letters: F features.
"""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.base import own_code
from trainables.base.member_failure import MemberFailed
from trainables.environments import backends, observations
from trainables.environments.backends import Backend
from trainables.environments.description import Description, EnvironmentMisfit, describe
from trainables.environments.grid import Choices, Grid
from trainables.environments.wrappers import Named

STEPS, AGAIN_STEPS, RESETS = 1_000, 100, 1_000
"""Steps of random actions, how many of them are taken again, and resets by which the cases are counted."""

STEPPING_S, AGAIN_S, RESETTING_S = 2.0, 1.0, 0.5
"""Seconds after which each of these is cut short."""

FEWEST_REWARDS = 20
"""With fewer of them nothing is said of their being all the same."""

MOST_NUMBERS = 10_000
"""Of observations of more numbers the first ones are not kept."""

SLACK = 1e-4
"""How far beyond its bounds, as a share of them, an observation may lie by rounding."""

Mark = Callable[[str, float], None]
"""(what the environment is asked for now, the seconds that it has for it)"""


@dataclass(frozen=True)
class Wanted:
    """What is tried; plain data.

    environment, arguments, wrappers, backend: as in the config.
    starts: the seeds of the episodes that evaluations begin.
    making_s: seconds in which it has to be made, to begin its first episode, and to take its first step.
    answer_s: seconds in which it has to answer after that.
    firsts: whether what episodes begin with is wanted, too.
    """

    environment: str
    arguments: dict[str, Any]
    wrappers: Sequence[Named] = ()
    backend: Backend = "auto"
    starts: Sequence[int] = ()
    making_s: float = 30.0
    answer_s: float = 10.0
    firsts: bool = False


@dataclass(frozen=True)
class Found:
    """What a trial run has come to; plain data.

    misfit: why nothing can be trained on the environment, if so, and the field of the config that is to blame.
    warnings: what is likely not to be as the person wants it.
    covered, cases: how many different first observations the starts have, and how many there seem to be in all; None
    where they are too many to tell.
    firsts: the first observations that were seen, as rows of numbers, if they are wanted and few enough to tell.
    """

    misfit: tuple[str, str] | None = None
    warnings: list[str] = field(default_factory=list)
    covered: int = 0
    cases: int | None = None
    firsts: list[list[float]] = field(default_factory=list)


def tried(wanted: Wanted, mark: Mark = lambda asked, limit_s: None) -> Found:
    """Tries an environment, within seconds if it answers.

    mark: is told what the environment is asked for, before it is.
    """
    name = wanted.environment
    try:
        mark(f"{name} has not been made", wanted.making_s)
        description = describe(name, wanted.arguments, wanted.wrappers)
        course = _played(_Asked(description, "auto", wanted, mark), _seconds(STEPPING_S))
        again = _played(_Asked(description, "auto", wanted, mark), _seconds(AGAIN_S), course.actions[:AGAIN_STEPS])
        if wanted.backend != "auto":
            _played(_Asked(description, wanted.backend, wanted, mark), _seconds(AGAIN_S), course.actions[:AGAIN_STEPS])
        covered, cases, firsts = _cases(_Asked(description, "auto", wanted, mark), wanted)
    except EnvironmentMisfit as misfit:
        return Found((misfit.key, misfit.message))
    except MemberFailed as failure:
        return Found(("environment", failure.reason.removeprefix("environment: ")))
    except Exception as error:
        if own_code.place(error) is None:
            raise
        return Found(("environment", f"{name} raised {own_code.told(error)}"))
    told = [_bounds(description, course), _seeding(course, again), _sameness(course)]
    return Found(None, [f"{name} {each}" for each in told if each is not None], covered, cases, firsts)


class _Asked:
    """A grid of one place; before it is asked for anything, that is marked."""

    def __init__(self, description: Description, backend: Backend, wanted: Wanted, mark: Mark) -> None:
        self._name, self._mark, self.actions = wanted.environment, mark, description.actions
        self._limit_s, self._answer_s = wanted.making_s, wanted.answer_s
        mark(f"{self._name} has not been made", wanted.making_s)
        self._grid: Grid = backends.make(description, 1, 1, backend)

    def reset(self, seed: int) -> NDArray[np.float32]:
        """The first observation (F,) of an episode."""
        self._mark(f"{self._name} has not returned from reset(seed={seed})", self._limit_s)
        self._grid.reset(np.array([[seed]]), np.ones((1, 1), dtype=np.bool_))
        return self._seen()

    def step(self, action: Choices, number: int, seed: int) -> tuple[NDArray[np.float32], float, bool]:
        """The next observation (F,), the reward, and whether the episode is over.

        number, seed: which step it is, of the episode of which seed.
        """
        asked = f"{self._name} has not returned from step {number:,} of the episode of seed {seed}"
        self._mark(asked, self._limit_s)
        rewards, terminated, truncated = self._grid.step(np.array([[action]]), np.ones((1, 1), dtype=np.bool_))
        # The first answers may have to import and to load.
        self._limit_s = self._answer_s
        return self._seen(), float(rewards[0, 0]), bool(terminated[0, 0] or truncated[0, 0])

    def _seen(self) -> NDArray[np.float32]:
        return np.array(self._grid.observations[0, 0])


@dataclass
class _Course:
    """What has happened: digests of the observations, and rewards, in order."""

    actions: list[Choices] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    """Of the episodes that have ended."""
    lowest: Any = np.inf
    highest: Any = -np.inf
    """(F,), of all observations."""

    def show(self, seen: NDArray[np.float32]) -> None:
        """Takes an observation (F,) in; of images a thousand would fill the memory."""
        self.seen.append(_digest(seen))
        self.lowest, self.highest = np.minimum(self.lowest, seen), np.maximum(self.highest, seen)


def _played(asked: _Asked, going: Iterator[bool], actions: Sequence[Choices] | None = None) -> _Course:
    """Episodes one after the other, by these actions, else by random ones."""
    drawn = np.random.default_rng(0)
    planned = asked.actions.drawn(drawn, STEPS) if actions is None else actions
    course, seed, length = _Course(), 0, 0
    course.show(asked.reset(seed))
    for action in planned:
        if not next(going):
            break
        seen, reward, over = asked.step(action, length + 1, seed)
        length += 1
        course.actions.append(action)
        course.show(seen)
        course.rewards.append(reward)
        if over:
            course.lengths.append(length)
            seed, length = seed + 1, 0
            course.show(asked.reset(seed))
    return course


def _digest(seen: NDArray[np.float32]) -> bytes:
    """The same for observations that are equal; of zero there is one sign."""
    return hashlib.blake2b((seen + np.float32(0.0)).tobytes(), digest_size=16).digest()


def _seconds(limit_s: float) -> Iterator[bool]:
    """Whether there is still time, as often as asked; always the first time."""
    until = time.monotonic() + limit_s
    yield True
    while True:
        yield time.monotonic() < until


def _bounds(description: Description, course: _Course) -> str | None:
    """Observations beyond the bounds of their space."""
    low, high = observations.bounds(description.space)
    slack = SLACK * np.maximum(1.0, np.where(np.isfinite(high - low), high - low, 1.0))
    above, below = course.highest[course.highest > high + slack], course.lowest[course.lowest < low - slack]
    farthest = max(*above.tolist(), *below.tolist(), 0.0, 0.0, key=abs)
    if not len(above) and not len(below):
        return None
    return f"gives observations outside {description.space}, such as {farthest:.4g}; they are learnt from as they are"


def _seeding(course: _Course, again: _Course) -> str | None:
    """Whether the same seeds and actions have led to something else."""
    told = "does not follow its seed: the same seed and actions have led to"
    follow = "resumed trainings differ from uninterrupted ones, and members are scored on different episodes; "
    right = "should draw from self.np_random alone, after super().reset(seed=seed)"
    # A course that was cut short is shorter.
    if any(one != other for one, other in zip(course.seen, again.seen, strict=False)):
        return f"{told} other observations; {follow}{right}"
    if any(one != other for one, other in zip(course.rewards, again.rewards, strict=False)):
        return f"{told} other rewards; {follow}{right}"
    if any(one != other for one, other in zip(course.lengths, again.lengths, strict=False)):
        return f"{told} episodes of other lengths; {follow}{right}"
    return None


def _sameness(course: _Course) -> str | None:
    """Rewards that never differ, in episodes that do not either."""
    rewards = course.rewards
    if len(rewards) < FEWEST_REWARDS or len(set(rewards)) > 1 or len(set(course.lengths)) > 1:
        return None
    return (
        f"has given the reward {rewards[0]:g} in all of {len(rewards):,} random steps: nothing can be learnt until "
        "chance finds something better"
    )


def _cases(asked: _Asked, wanted: Wanted) -> tuple[int, int | None, list[list[float]]]:
    """How many first observations the starts have, how many there are in all, and these, if they are few enough."""
    going, seeds = _seconds(RESETTING_S), np.random.default_rng(0).integers(2**30, size=RESETS)
    covered = {_digest(asked.reset(seed)) for seed in wanted.starts if next(going)}
    going, drawn, found, rows = _seconds(RESETTING_S), 0, set[bytes](), list[list[float]]()
    for seed in seeds.tolist() if wanted.starts or wanted.firsts else ():
        if not next(going):
            break
        drawn, first = drawn + 1, asked.reset(seed)
        if (digest := _digest(first)) not in found and wanted.firsts and first.size <= MOST_NUMBERS:
            rows.append(first.tolist())
        found.add(digest)
    cases = _estimated(drawn, len(found), len(found | covered))
    return len(covered), cases, [] if cases is None else rows


def _estimated(drawn: int, different: int, at_least: int) -> int | None:
    """Of how many cases, all alike, so many are different among so many drawn; None where that can't be told.

    The expectation is N (1 - exp(-drawn / N)) for N cases.
    """
    if drawn < 20 or different > 0.8 * drawn:
        return None
    low, high = float(different), float(drawn) * 10
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if middle * -math.expm1(-drawn / middle) < different else (low, middle)
    return max(at_least, round(low))
