"""Replay memory: what a row holds, what is forgotten, what can be drawn, and how likely."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainables.loops.replay import BLOCK, LEAST_PRIORITY, Priorities, Replay, split

CPU = torch.device("cpu")


def filled(writes: int, capacity: int, members: int = 2, alphas: list[float] | None = None) -> Replay:
    """Member m's write t: observation (t, m), next (t + 1, m), action t, reward t / 2, discount 0 at every third."""
    memory = Replay(members, capacity, 2, CPU, None if alphas is None else torch.tensor(alphas))
    places = np.arange(members)
    for time in range(writes):
        memory.add(
            np.stack((np.full(members, time), places), axis=1).astype(np.float32),
            np.stack((np.full(members, time + 1), places), axis=1).astype(np.float32),
            np.full(members, time),
            np.full(members, time / 2),
            np.full(members, float(time % 3 != 2)),
        )
    return memory


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


def prioritised(errors: list[list[float]], alphas: list[float], capacity: int | None = None) -> Priorities:
    """Of each member the transitions that had these errors."""
    known = torch.tensor(errors)
    made = Priorities(torch.tensor(alphas), capacity or known.shape[1])
    made.update(torch.arange(known.shape[1]).expand(known.shape), known)
    return made


class TestPriorities:
    """How likely each transition is drawn, and with which weight."""

    @pytest.mark.parametrize(
        ("errors", "alpha", "drawn"),
        [
            # Of eight equal parts of 1 + 3 + 0 + 4, one from the middle of each.
            ([1.0, -3.0, 0.0, 4.0], 1.0, [0, 1, 1, 1, 3, 3, 3, 3]),
            # 1 + 3 + 4 of the roots
            ([1.0, 9.0, 16.0, 0.0], 0.5, [0, 1, 1, 1, 2, 2, 2, 2]),
            ([1.0, 9.0, 16.0, 0.0], 0.0, [0, 0, 1, 1, 2, 2, 3, 3]),
            ([0.0, 0.0, 0.0, 0.0], 1.0, [0, 0, 1, 1, 2, 2, 3, 3]),
        ],
    )
    def test_by_hand(self, errors: list[float], alpha: float, drawn: list[int]) -> None:
        indices, _ = prioritised([errors], [alpha]).draw(np.full((1, 8), 0.5), 4, torch.zeros(1))
        assert indices.tolist() == [drawn]

    @pytest.mark.parametrize(
        ("beta", "weights"),
        [
            # Chances 1/8, 3/8 and 4/8 of four: (4/8)^-1, (12/8)^-1 and (16/8)^-1 over the largest, which is 2.
            (1.0, [1, 1 / 3, 1 / 4]),
            (0.5, [1, 1 / 3**0.5, 1 / 2]),
            (0.0, [1, 1, 1]),
        ],
    )
    def test_weights_by_hand(self, beta: float, weights: list[float]) -> None:
        made = prioritised([[1.0, 3.0, 0.0, 4.0]], [1.0])
        indices, found = made.draw(np.array([[0.5, 0.4, 0.5]]), 4, torch.tensor([beta]))
        assert indices.tolist() == [[1, 1, 3]]
        assert found.tolist() == [pytest.approx([1, 1, (3 / 4) ** beta], rel=1e-5)]
        indices, found = made.draw(np.array([[0.0, 0.4, 0.5]]), 4, torch.tensor([beta]))
        assert indices.tolist() == [[0, 1, 3]]
        assert found.tolist() == [pytest.approx(weights, rel=1e-5)]

    @given(count=st.integers(1, 5 * BLOCK), alpha=st.floats(0, 1), beta=st.floats(0, 1), seed=st.integers(0, 1_000))
    def test_each_is_drawn_as_often_as_its_share_says_and_weighted_by_it(
        self, count: int, alpha: float, beta: float, seed: int
    ) -> None:
        rng, batch = np.random.default_rng(seed), 64
        errors = (rng.standard_normal(count) ** 5).astype(np.float32)  # some thousands of times as large as others
        made = prioritised([errors.tolist()], [alpha], capacity=count + 3)
        indices, weights = made.draw(rng.random((1, batch)), count, torch.tensor([beta]))
        powers = (np.abs(errors) + LEAST_PRIORITY) ** alpha
        chances = powers / powers.sum()
        often = np.bincount(indices[0], minlength=count)
        # A share of the sum begins and ends in the midst of parts, each of which has one draw.
        assert (np.abs(often - batch * chances) < 2).all()
        expected = (count * chances[indices[0]]) ** -beta
        assert weights[0].tolist() == pytest.approx((expected / expected.max()).tolist(), rel=1e-3)

    def test_members_have_chances_and_weights_of_their_own(self) -> None:
        errors, uniforms = [[1.0, 9.0, 16.0, 0.0], [4.0, 0.0, 0.0, 0.0]], np.full((2, 8), 0.5)
        together = prioritised(errors, [0.5, 1.0]).draw(uniforms, 4, torch.tensor([1.0, 0.5]))
        for member, (alpha, beta) in enumerate(((0.5, 1.0), (1.0, 0.5))):
            alone = prioritised(errors[member : member + 1], [alpha]).draw(uniforms[:1], 4, torch.tensor([beta]))
            assert [each[member].tolist() for each in together] == [each[0].tolist() for each in alone]

    def test_a_new_transition_is_as_likely_as_the_likeliest_ever_was(self) -> None:
        made = prioritised([[0.5, 0.25], [2.0, 3.0]], [1.0, 1.0], capacity=4)
        made.add(2)
        made.update(torch.tensor([[0], [1]]), torch.tensor([[0.125], [1.0]]))
        made.add(3)
        expected = [[0.125, 0.25, 1, 1], [2, 1, 3, 3]]  # before any error it is 1
        assert made.powers.tolist() == [pytest.approx(each, abs=1e-5) for each in expected]

    @pytest.mark.parametrize("error", [float("nan"), float("inf"), float("-inf")])
    def test_an_error_that_is_not_finite_changes_nothing(self, error: float) -> None:
        made = prioritised([[1.0, 3.0]], [1.0])
        before = made.powers.clone(), made.largest.clone()
        made.update(torch.tensor([[1]]), torch.tensor([[error]]))
        torch.testing.assert_close((made.powers, made.largest), before, rtol=0, atol=0)

    def test_the_newest_takes_the_place_of_the_oldest(self) -> None:
        memory = filled(5, capacity=3, alphas=[1.0, 1.0])
        assert memory.priorities is not None
        memory.priorities.update(torch.tensor([[0, 1, 2]] * 2), torch.tensor([[0.1, 0.2, 0.3], [5.0, 6.0, 7.0]]))
        for _ in range(2):
            memory.add(
                np.ones((2, 2), np.float32), np.ones((2, 2), np.float32), np.ones(2, int), np.ones(2), np.ones(2)
            )
        expected = [[1, 0.2, 1], [7, 6, 7]]
        assert memory.priorities.powers.tolist() == [pytest.approx(each, abs=1e-5) for each in expected]

    @pytest.mark.parametrize("writes", [2, 5, 12])
    def test_loaded_they_go_on_as_they_would_have(self, writes: int) -> None:
        memory, other = (filled(count, capacity=5, alphas=[0.5, 0.5]) for count in (writes, 0))
        assert memory.priorities is not None
        assert other.priorities is not None
        memory.priorities.update(torch.tensor([[0, 1]] * 2), torch.tensor([[0.1, 0.2], [5.0, 6.0]]))
        other.load([memory.member(1), memory.member(0)])
        uniforms = np.random.default_rng(0).random((1, 16)).repeat(2, axis=0)
        drawn, again = (
            each.priorities.draw(uniforms, each.filled, torch.ones(2)) for each in (memory, other) if each.priorities
        )
        torch.testing.assert_close([each.flip(0) for each in again], list(drawn), rtol=0, atol=0)
        memory.priorities.add(0)
        other.priorities.add(0)
        torch.testing.assert_close(other.priorities.powers.flip(0), memory.priorities.powers, rtol=0, atol=0)
