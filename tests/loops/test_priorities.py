"""Priorities: how likely a transition is drawn, and what its loss weighs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from replay_cases import filled

from trainables.loops.priorities import BLOCK, LEAST_PRIORITY, Priorities


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
