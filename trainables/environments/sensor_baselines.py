"""What a policy for SensorTasking-v0 should beat: chance, taking turns, looking where uncertainty is greatest.

Axis letters: M members, E episodes side by side, N objects.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from trainables import environments
from trainables.environments.hashed_numbers import integers
from trainables.environments.sensor_tasking import FEATURES, ID, LEAST_KM, MOST_KM

Act = Callable[[NDArray[np.float32]], NDArray[np.int64]]
"""Observations (M, E, N * FEATURES) -> actions (M, E); called once a step, from the beginning of the episodes."""


def random(seeds: NDArray[np.int64], objects: int) -> Act:
    """Any action at random, idling included."""
    step = 0

    def act(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        nonlocal step
        step += 1
        # Other places of the stream than those that the environment takes its own numbers from.
        drawn: NDArray[np.int64] = (integers(seeds, -1, step) % np.uint64(objects + 1)).astype(np.int64)
        return drawn

    return act


def round_robin(seeds: NDArray[np.int64], objects: int) -> Act:
    """One object after the other, each until it is detected or its window closes."""
    turns = np.zeros(seeds.shape, dtype=np.int64)

    def act(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        nonlocal turns
        features = observations.reshape(*observations.shape[:2], objects, FEATURES)
        is_open, fresh = features[..., 1] > 0, features[..., 0] <= np.float32(LEAST_KM / MOST_KM)
        order = (turns[..., None] + np.arange(objects)) % objects
        waits = np.take_along_axis(is_open & ~fresh, order, -1)
        turns = np.take_along_axis(order, waits.argmax(-1)[..., None], -1)[..., 0]
        return np.where(waits.any(-1), turns, objects)

    return act


def greedy(seeds: NDArray[np.int64], objects: int) -> Act:
    """The object with the greatest uncertainty among those whose window is open; idles if none is."""

    def act(observations: NDArray[np.float32]) -> NDArray[np.int64]:
        features = observations.reshape(*observations.shape[:2], objects, FEATURES)
        uncertainty, is_open = features[..., 0], features[..., 1] > 0
        return np.where(is_open.any(-1), np.where(is_open, uncertainty, -1.0).argmax(-1), objects)

    return act


BASELINES: dict[str, Callable[[NDArray[np.int64], int], Act]] = {
    "random": random,
    "round-robin": round_robin,
    "greedy": greedy,
}
"""By name: (seeds of the episodes (M, E), number of objects) -> how to act."""


def returns(
    baseline: Callable[[NDArray[np.int64], int], Act], seeds: Sequence[int], objects: int = 6
) -> NDArray[np.float64]:
    """The undiscounted returns (E,), in km minutes, of a baseline.

    baseline: one of BASELINES.
    seeds: of the episodes.
    objects: how many there are.
    """
    grid = environments.make(environments.describe(ID, {"objects": objects}), 1, len(seeds))
    episodes = np.asarray([seeds], dtype=np.int64)
    steps = environments.play(grid, episodes, np.ones_like(episodes, dtype=np.bool_), baseline(episodes, objects))
    totals = np.zeros(len(seeds))
    for step in steps:
        totals += step.rewards[0]
    return totals
