"""The grids of pendulums and of mountain cars against Gymnasium's own environments, step by step."""

from typing import Any

import numpy as np
import pytest

from trainables import environments
from trainables.environments.grid import GymnasiumGrid
from trainables.environments.mountain_car import MountainCarGrid
from trainables.environments.pendulum import PendulumGrid

MEMBERS, EPISODES = 2, 3
PENDULUM, CAR = "Pendulum-v1", "MountainCarContinuous-v0"


def forward(observations: Any) -> Any:
    """With the car's own speed, or against it: the one reaches the goal, the other never."""
    return np.sign(observations[..., 1:2])


@pytest.mark.parametrize(
    ("environment", "arguments", "kind", "skill", "ended_by"),
    [
        (PENDULUM, {}, PendulumGrid, 0.0, "limit"),
        (PENDULUM, {"g": 3.0}, PendulumGrid, 1.0, "limit"),
        (CAR, {}, MountainCarGrid, 0.9, "goal"),
        (CAR, {}, MountainCarGrid, -1.0, "limit"),
    ],
)
def test_equals_gymnasium_step_by_step(
    environment: str, arguments: dict[str, Any], kind: type[Any], skill: float, ended_by: str
) -> None:
    description = environments.describe(environment, arguments)
    ours, theirs = kind(description, MEMBERS, EPISODES), GymnasiumGrid(description, MEMBERS, EPISODES)
    assert isinstance(environments.make(description, 1, 1), kind)
    drawn, shape = np.random.default_rng(0), (MEMBERS, EPISODES)
    everywhere = np.ones(shape, dtype=bool)
    begin, at_goal, at_limit = everywhere, 0, 0
    for _ in range(1_010):
        if begin.any():
            seeds = drawn.integers(0, 2**31, shape)
            ours.reset(seeds, begin)
            theirs.reset(seeds, begin)
        np.testing.assert_allclose(ours.observations, theirs.observations, rtol=1e-4, atol=1e-5)
        noise = drawn.normal(0, 1, (*shape, 1)).astype(np.float32)
        choices = skill * forward(theirs.observations) + (1 - abs(skill)) * noise
        (reward, ended, limit), expected = ours.step(choices, everywhere), theirs.step(choices, everywhere)
        np.testing.assert_allclose(reward, expected[0], rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal((ended, limit), expected[1:])
        begin, at_goal, at_limit = ended | limit, at_goal + ended.sum(), at_limit + limit.sum()
    assert (at_goal > 0, at_limit > 0) == (ended_by == "goal", ended_by == "limit")


@pytest.mark.parametrize("environment", [PENDULUM, CAR])
def test_moves_only_what_is_chosen(environment: str) -> None:
    grid = environments.make(environments.describe(environment, {}), 1, 2)
    grid.reset(np.array([[1, 2]]), np.ones((1, 2), dtype=bool))
    before = grid.observations.copy()
    reward, ended, limit = grid.step(np.ones((1, 2, 1)), np.array([[True, False]]))
    assert (grid.observations[0, 0] != before[0, 0]).any()
    np.testing.assert_array_equal(grid.observations[0, 1], before[0, 1])
    assert reward[0, 0] < 0
    assert reward[0, 1] == 0
    assert not (ended | limit).any()
