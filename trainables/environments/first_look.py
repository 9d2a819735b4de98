"""What a few episodes of random actions show of an environment, before anything is trained on it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from trainables.environments.answers import MisfitAnswer
from trainables.environments.description import Description, EnvironmentMisfit

Now = Callable[[], float]

EPISODES, MOST_STEPS, MOST_SECONDS = 20, 10_000, 10.0


def busy_seconds() -> float:
    """Seconds that this process has computed, and a third of those that have passed.

    So what is seen depends hardly on what else the machine does, and an environment that waits is not waited for long.
    """
    return time.process_time() + time.monotonic() / 3


@dataclass(frozen=True)
class FirstLook:
    """What random actions meet.

    returns: of each episode, undiscounted.
    steps: of each episode.
    largest_reward: of any step, without its sign.
    largest_return: of any episode, discounted by 0.99 a step, without its sign.
    found_an_end: the share of episodes that the environment itself has ended, not its limit of steps.
    narrowest, widest: of the intervals that the numbers of an observation lie in; None where one of them is open.
    """

    returns: tuple[float, ...]
    steps: tuple[int, ...]
    largest_reward: float
    largest_return: float
    found_an_end: float
    narrowest: float | None
    widest: float | None


def first_look(
    description: Description, episodes: int = EPISODES, most_steps: int = MOST_STEPS, now: Now = busy_seconds
) -> FirstLook:
    """Plays with actions drawn alike from all that there are; the same each time, unless steps take milliseconds.

    description: of the environment.
    episodes: how many, at most.
    most_steps: in all. What is under way then, or after MOST_SECONDS, is cut, and counts as far as it has come.
    now: the time in seconds.
    Raises EnvironmentMisfit where the environment raises an error.
    """
    played, left, until = list[_Episode](), most_steps, now() + MOST_SECONDS
    with description.make() as environment:
        narrowest, widest = _extents(environment.observation_space)
        environment.action_space.seed(0)
        while len(played) < episodes and left > 0 and (not played or now() < until):
            played.append(_Episode())
            try:
                for _ in played[-1].steps_of(environment, seed=len(played) - 1, most=left):
                    left -= 1
                    if now() >= until:
                        break
            except Exception as error:
                where = f"in step {len(played[-1].rewards) + 1:,} of an episode of random actions"
                raised = "" if isinstance(error, MisfitAnswer) else f"raised {type(error).__name__}: "
                said = " ".join(f"{raised}{error}".split())
                raise EnvironmentMisfit(f"{description.environment} {said} ({where})") from error
    return FirstLook(
        tuple(sum(each.rewards) for each in played),
        tuple(len(each.rewards) for each in played),
        max(abs(reward) for each in played for reward in each.rewards),
        max(each.discounted for each in played),
        sum(each.ended for each in played) / len(played),
        narrowest,
        widest,
    )


@dataclass
class _Episode:
    """An episode under way. ended: whether the environment itself has ended it."""

    rewards: list[float] = field(default_factory=list)
    ended: bool = False

    def steps_of(self, environment: gymnasium.Env[Any, Any], seed: int, most: int) -> Iterator[None]:
        """Takes it step by step to its end, or so many steps far."""
        environment.reset(seed=seed)
        done = False
        while not done and len(self.rewards) < most:
            _, reward, terminated, truncated, _ = environment.step(environment.action_space.sample())
            earned = float(np.asarray(reward, dtype=np.float64).reshape(()))
            if not np.isfinite(earned):
                raise ValueError(f"a reward of {earned}")
            self.rewards.append(earned)
            self.ended, done = bool(terminated), bool(terminated or truncated)
            yield

    @property
    def discounted(self) -> float:
        """Its return, discounted by 0.99 a step, without its sign."""
        return abs(float(np.dot(self.rewards, 0.99 ** np.arange(len(self.rewards)))))


def _extents(space: spaces.Space[object]) -> tuple[float | None, float | None]:
    """The narrowest and the widest interval of a Box's numbers; None where one is open, or the space is no Box."""
    if not isinstance(space, spaces.Box) or not space.is_bounded("both"):
        return None, None
    extents = space.high.astype(np.float64) - space.low.astype(np.float64)
    # Bounds as large as the type itself say nothing.
    return (float(extents.min()), float(extents.max())) if extents.max() < 1e30 else (None, None)
