"""Returns by hand, the steps of episodes without gaps, and running deviations against all values at once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables.environments import GridStep
from trainables.loops import episodes
from trainables.loops.episodes import Deviation


class TestReturnsToGo:
    """G_t = r_t + gamma G_t+1."""

    @pytest.mark.parametrize(
        ("gamma", "expected"),
        [(1.0, [6.0, 5.0, 3.0]), (0.5, [2.75, 3.5, 3.0]), (0.0, [1.0, 2.0, 3.0])],
    )
    def test_by_hand(self, gamma: float, expected: list[float]) -> None:
        assert episodes.returns_to_go(np.array([[[1.0, 2.0, 3.0]]]), np.array([gamma])).tolist() == [[expected]]

    def test_each_member_has_its_own_discount_and_zeros_after_the_end_add_nothing(self) -> None:
        rewards = np.array([[[1.0, 1.0, 1.0], [1.0, 0.0, 0.0]], [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]])
        found = episodes.returns_to_go(rewards, np.array([1.0, 0.5]))
        assert found.tolist() == [[[3, 2, 1], [1, 0, 0]], [[1.75, 1.5, 1], [0, 0, 0]]]

    @given(rewards=st.lists(st.floats(-100, 100), min_size=1, max_size=12), gamma=st.floats(0, 1))
    def test_as_defined(self, rewards: list[float], gamma: float) -> None:
        found = episodes.returns_to_go(np.array([[rewards]]), np.array([gamma]))[0, 0]
        for time in range(len(rewards)):
            later = rewards[time:]
            assert found[time] == pytest.approx(
                math.fsum(gamma**k * reward for k, reward in enumerate(later)), abs=1e-9
            )


def step(active: list[list[bool]], seen: list[list[float]]) -> GridStep:
    observations = np.array(seen, dtype=np.float32)[..., None]
    actions = observations[..., 0].astype(np.int64) * 10
    return GridStep(np.array(active), observations, actions, np.zeros(actions.shape), np.zeros(actions.shape, bool))


class TestFlattened:
    """Two members of two episodes each; what is seen is the number of the step, what idles shows 9."""

    MOMENTS = (
        step([[True, True], [True, True]], [[1, 2], [6, 7]]),
        step([[True, False], [True, True]], [[3, 9], [8, 5]]),
        step([[True, False], [False, False]], [[4, 9], [9, 9]]),
    )
    RETURNS = np.array([[[0.1, 0.3, 0.4], [0.2, 9, 9]], [[0.6, 0.8, 9], [0.7, 0.5, 9]]])

    def test_steps_are_counted(self) -> None:
        assert episodes.counted(self.MOMENTS).tolist() == [4, 4]
        assert episodes.counted(self.MOMENTS[1:]).tolist() == [2, 2]

    def test_a_member_s_steps_follow_each_other(self) -> None:
        steps = episodes.flattened(self.MOMENTS, self.RETURNS, 4)
        assert steps.observations[..., 0].tolist() == [[1, 2, 3, 4], [6, 7, 8, 5]]
        assert steps.choices.tolist() == [[10, 20, 30, 40], [60, 70, 80, 50]]
        assert steps.returns == pytest.approx(np.array([[0.1, 0.2, 0.3, 0.4], [0.6, 0.7, 0.8, 0.5]]))
        assert steps.valid.tolist() == [[1] * 4] * 2
        assert [each.dtype for each in steps] == [np.float32, np.int64, np.float32, np.float32]

    def test_behind_the_last_there_is_nothing(self) -> None:
        steps = episodes.flattened(self.MOMENTS[:1], self.RETURNS[..., :1], 3)
        assert steps.observations.shape == (2, 3, 1)
        assert steps.valid.tolist() == [[1, 1, 0]] * 2
        assert all((each[:, 2] == 0).all() for each in steps)

    def test_a_member_that_did_not_play_has_no_step(self) -> None:
        moments = (step([[False, False], [True, True]], [[9, 9], [6, 7]]),)
        steps = episodes.flattened(moments, self.RETURNS[..., :1], 2)
        assert steps.valid.tolist() == [[0, 0], [1, 1]]
        assert steps.choices.tolist() == [[0, 0], [60, 70]]


class TestDeviation:
    """The deviation of all that a member has shown, batch by batch."""

    @given(
        st.lists(
            st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=5).filter(lambda batch: len(batch) > 0),
            min_size=1,
            max_size=5,
        )
    )
    def test_as_that_of_all_values_at_once(self, batches: list[list[float]]) -> None:
        running, alone = Deviation.of(2), Deviation.of(1)
        for batch in batches:
            # The second member has shown nothing but padding.
            values = np.array([[*batch, 5.0], [5.0] * (len(batch) + 1)])
            valid = np.zeros_like(values)
            valid[0, : len(batch)] = 1
            running.add(values, valid)
            alone.add(np.array([batch]), np.ones((1, len(batch))))
        together = np.concatenate(batches)
        spread = together.std()
        expected = spread if spread > 1e-6 * abs(together.mean()) else 1.0
        assert running.scale() == pytest.approx([expected, 1.0], rel=1e-6, abs=1e-6)
        assert running.mean[0] == pytest.approx(together.mean(), abs=1e-9)
        assert running.member(0) == pytest.approx(alone.member(0))

    @pytest.mark.parametrize("value", [0.0, 0.1, -500.0])
    def test_of_equal_values_there_is_none_and_they_stay(self, value: float) -> None:
        deviation = Deviation.of(1)
        for _ in range(3):
            deviation.add(np.full((1, 7), value), np.ones((1, 7)))
        assert deviation.scale().tolist() == [1.0]

    def test_members_apart_and_joined(self) -> None:
        deviation = Deviation.of(2)
        deviation.add(np.array([[1.0, 2.0], [3.0, 7.0]]), np.ones((2, 2)))
        again = Deviation.join([deviation.member(1), deviation.member(0)])
        assert again.scale().tolist() == [2.0, 0.5]
