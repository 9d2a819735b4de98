"""The grid of carts against Gymnasium's own environment, step by step."""

import numpy as np
import pytest

from trainables import environments
from trainables.environments.cartpole import CartPoleGrid
from trainables.environments.grid import GymnasiumGrid

MEMBERS, EPISODES, STEPS = 3, 4, 1_200


@pytest.mark.parametrize("skill", [0.0, 0.9], ids=["falls", "lasts to the limit"])
def test_equals_gymnasium_step_by_step(skill: float) -> None:
    description = environments.describe("CartPole-v1", {})
    ours, theirs = CartPoleGrid(description, MEMBERS, EPISODES), GymnasiumGrid(description, MEMBERS, EPISODES)
    drawn, shape = np.random.default_rng(0), (MEMBERS, EPISODES)
    everywhere = np.ones(shape, dtype=bool)
    begin, fallen, cut = everywhere, 0, 0
    for _ in range(STEPS):
        if begin.any():
            seeds = drawn.integers(0, 2**31, shape)
            ours.reset(seeds, begin)
            theirs.reset(seeds, begin)
        np.testing.assert_allclose(ours.observations, theirs.observations, atol=1e-6)
        steady = (theirs.observations[..., 2] + theirs.observations[..., 3] > 0).astype(np.int64)
        actions = np.where(drawn.random(shape) < skill, steady, drawn.integers(0, 2, shape))
        (reward, ended, limit), expected = (
            ours.step(actions, everywhere),
            theirs.step(actions, everywhere),
        )
        for mine, other in zip((reward, ended, limit), expected, strict=True):
            np.testing.assert_array_equal(mine, other)
        begin, fallen, cut = ended | limit, fallen + ended.sum(), cut + limit.sum()
    assert fallen > 0 if skill == 0 else cut > 0


def test_moves_only_the_carts_that_are_chosen() -> None:
    grid = CartPoleGrid(environments.describe("CartPole-v1", {}), 1, 2)
    grid.reset(np.array([[1, 2]]), np.ones((1, 2), dtype=bool))
    before = grid.observations.copy()
    reward, ended, limit = grid.step(np.array([[1, 1]]), np.array([[True, False]]))
    assert (grid.observations[0, 0] != before[0, 0]).any()
    np.testing.assert_array_equal(grid.observations[0, 1], before[0, 1])
    assert reward.tolist() == [[1.0, 0.0]]
    assert not (ended | limit).any()


def test_arguments_leave_it_to_gymnasium() -> None:
    """Its own rewards under an argument are not the grid's."""
    description = environments.describe("CartPole-v1", {"sutton_barto_reward": True})
    assert isinstance(environments.make(description, 1, 1), GymnasiumGrid)
    assert isinstance(environments.make(environments.describe("CartPole-v1", {}), 1, 1), CartPoleGrid)
