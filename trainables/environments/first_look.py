"""What a few episodes of random actions show of an environment, before anything is trained on it."""

from dataclasses import dataclass

import numpy as np
from gymnasium import spaces

from trainables.environments.description import Description

EPISODES, MOST_STEPS = 20, 10_000


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


def first_look(description: Description, episodes: int = EPISODES, most_steps: int = MOST_STEPS) -> FirstLook:
    """Plays with actions drawn alike from all that there are; the same each time.

    description: of the environment.
    episodes: how many, at most.
    most_steps: in all; what is under way then is cut, and counts as far as it has come.
    """
    returns, discounted, steps, ended, largest, left = [], [], [], [], 0.0, most_steps
    with description.make() as environment:
        narrowest, widest = _extents(environment.observation_space)
        environment.action_space.seed(0)
        for episode in range(episodes):
            environment.reset(seed=episode)
            earned, done = list[float](), False
            while not done and left:
                _, reward, terminated, truncated, _ = environment.step(environment.action_space.sample())
                earned.append(float(np.asarray(reward, dtype=np.float64).reshape(())))
                done, left = bool(terminated or truncated), left - 1
            returns.append(sum(earned))
            discounted.append(abs(float(np.dot(earned, 0.99 ** np.arange(len(earned))))))
            steps.append(len(earned))
            ended.append(bool(terminated))
            largest = max([largest, *map(abs, earned)])
            if not left:
                break
    return FirstLook(tuple(returns), tuple(steps), largest, max(discounted), float(np.mean(ended)), narrowest, widest)


def _extents(space: spaces.Space[object]) -> tuple[float | None, float | None]:
    """The narrowest and the widest interval of a Box's numbers; None where one is open, or the space is no Box."""
    if not isinstance(space, spaces.Box) or not space.is_bounded("both"):
        return None, None
    extents = space.high.astype(np.float64) - space.low.astype(np.float64)
    # Bounds as large as the type itself say nothing.
    return (float(extents.min()), float(extents.max())) if extents.max() < 1e30 else (None, None)
