"""Replay memory: what a row holds, what is forgotten, and what can be drawn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import CPU, filled

from trainables.loops.replay import Replay, split


def test_a_row_holds_a_transition_and_can_be_taken_apart() -> None:
    observations, following, actions, rewards, discounts = split(filled(3, 8).rows[1, :3], 2)
    assert observations.tolist() == [[0, 1], [1, 1], [2, 1]]
    assert following.tolist() == [[1, 1], [2, 1], [3, 1]]
    assert actions.tolist() == [0, 1, 2]
    assert actions.dtype == torch.int64
    assert rewards.tolist() == [0, 0.5, 1]
    assert discounts.tolist() == [1, 1, 0]


@pytest.mark.parametrize(("writes", "kept"), [(0, []), (1, [0]), (3, [0, 1, 2]), (4, [3, 1, 2]), (8, [6, 7, 5])])
def test_the_oldest_is_forgotten_first(writes: int, kept: list[int]) -> None:
    rows = filled(writes, capacity=3).member(0)["rows"]
    assert rows[:, 4].tolist() == kept


@given(writes=st.integers(1, 20), capacity=st.integers(1, 10), uniform=st.floats(0, 1, exclude_max=True))
def test_only_rows_that_were_written_are_drawn(writes: int, capacity: int, uniform: float) -> None:
    index = int(filled(writes, capacity).indices(np.array([[uniform]])))
    assert 0 <= index < min(writes, capacity)


def test_every_row_is_drawn_equally_often() -> None:
    indices = filled(4, capacity=10).indices((np.arange(1_000) / 1_000).reshape(2, 500))
    assert indices.shape == (2, 500)
    assert torch.bincount(indices.ravel()).tolist() == [250] * 4


@pytest.mark.parametrize("writes", [2, 5, 12])
def test_loaded_it_goes_on_as_it_would_have(writes: int) -> None:
    memory, other = filled(writes, capacity=5), Replay(2, 5, 2, CPU)
    other.load([memory.member(1), memory.member(0)])
    for each in (memory, other):
        each.add(np.ones((2, 2), np.float32), np.ones((2, 2), np.float32), np.ones(2, int), np.ones(2), np.ones(2))
    torch.testing.assert_close(other.member(0), memory.member(1), rtol=0, atol=0)
    torch.testing.assert_close(other.member(1), memory.member(0), rtol=0, atol=0)


def test_what_a_member_takes_away_is_a_copy() -> None:
    memory = filled(2, capacity=2)
    taken = memory.member(0)["rows"]
    before = taken.clone()
    memory.rows.zero_()
    assert torch.equal(taken, before)
