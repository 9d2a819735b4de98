"""What DQN remembers of an episode, of one step and of several, and what it learns from where it remembers little."""

from typing import Any

import pytest
import torch
from dqn_cases import begin, transitions
from tiny_environments import CLOCK, CUT_CLOCK, OFFSET
from torch import Tensor

from trainables.loops import dqn


class TestMemory:
    """What the replay memory holds of episodes of three steps that earn 1, 2 and 3."""

    @pytest.mark.parametrize(
        ("environment", "length", "discounts"),
        [(CLOCK, 3, [0.5, 0.5, 0, 0.5, 0.5]), (CUT_CLOCK, 9, [0.5, 0.5, 0.5, 0.5, 0.5])],
    )
    def test_an_episode_that_is_cut_is_not_terminated(
        self, environment: str, length: int, discounts: list[float]
    ) -> None:
        loop = begin(environment=environment, environment_args={"length": length}, budget=100, gamma=0.5)
        loop.train(5)
        observations, following, actions, rewards, found = transitions(loop, 1)
        assert observations[:, 0].tolist() == [0, 1, 2, 0, 1]
        assert following[:, 0].tolist() == [1, 2, 3, 1, 2]  # the final observation, not the next episode's first
        assert rewards.tolist() == [1, 2, 3, 1, 2]
        assert found.tolist() == discounts
        assert set(actions.tolist()) <= {0, 1}

    @pytest.mark.parametrize(
        ("environment", "length", "n_steps", "following", "rewards", "discounts"),
        [
            # Two steps: 1 + 2/2, 2 + 3/2, then the end; 1 + 2/2 again, and 2, which has gone one step so far.
            (CLOCK, 3, 2, [2, 3, 3, 2, 2], [2, 3.5, 3, 2, 2], [0.25, 0, 0, 0.25, 0.5]),
            # Cut, what follows the last step still counts.
            (CUT_CLOCK, 9, 2, [2, 3, 3, 2, 2], [2, 3.5, 3, 2, 2], [0.25, 0.25, 0.5, 0.25, 0.5]),
            # Three: 1 + 2/2 + 3/4.
            (CLOCK, 3, 3, [3, 3, 3, 2, 2], [2.75, 3.5, 3, 2, 2], [0, 0, 0, 0.25, 0.5]),
            (CUT_CLOCK, 9, 3, [3, 3, 3, 2, 2], [2.75, 3.5, 3, 2, 2], [0.125, 0.25, 0.5, 0.25, 0.5]),
            # More steps than an episode has.
            (CLOCK, 3, 100, [3, 3, 3, 2, 2], [2.75, 3.5, 3, 2, 2], [0, 0, 0, 0.25, 0.5]),
            # Nothing ends: 1 + 2/2 + 3/4 + 4/8, 2 + 3/2 + 4/4 + 5/8.
            (CLOCK, 9, 4, [4, 5, 5, 5, 5], [3.25, 5.125, 6.25, 6.5, 5], [1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2]),
        ],
    )
    def test_transitions_of_n_steps_by_hand(
        self,
        environment: str,
        length: int,
        n_steps: int,
        following: list[float],
        rewards: list[float],
        discounts: list[float],
    ) -> None:
        # A neighbour of another n must not be noticed.
        members = ({"n_steps": n_steps, "gamma": 0.5}, {"n_steps": 1, "gamma": 0.9})
        loop = begin(*members, environment=environment, environment_args={"length": length}, budget=100)
        loop.train(5)
        found = transitions(loop, 1)
        assert found[1][:, 0].tolist() == following
        assert found[3].tolist() == rewards
        assert found[4].tolist() == discounts
        assert transitions(loop, 1, member=1)[3].tolist() == (
            [1, 2, 3, 1, 2] if length == 3 or environment == CUT_CLOCK else [1, 2, 3, 4, 5]
        )

    def test_a_memory_too_small_for_n_steps_keeps_sound_transitions(self) -> None:
        settings = {"n_steps": 5, "gamma": 0.5, "replay_capacity": 8}
        loop = begin(settings, environment=CLOCK, environment_args={"length": 50}, budget=100)
        loop.train(20)
        observations, following, _, rewards, discounts = transitions(loop, 1)
        for first, last, reward, discount in zip(
            observations[:, 0].tolist(), following[:, 0].tolist(), rewards.tolist(), discounts.tolist(), strict=True
        ):
            steps = int(last - first)
            assert 1 <= steps <= 5
            assert reward == sum((first + step + 1) * 0.5**step for step in range(steps))
            assert discount == 0.5**steps

    def test_rewards_are_remembered_unscaled(self) -> None:
        loop = begin(environment=CLOCK, environment_args={"length": 3}, budget=100, reward_scale=0.1)
        loop.train(3)
        assert transitions(loop, 1)[3].tolist() == [1, 2, 3]

    def test_actions_are_remembered_from_0_on_whatever_the_environment_calls_them(self) -> None:
        loop = begin(environment=OFFSET, budget=100, epsilon={"linear": {"end": 1.0}})
        loop.train(60)
        _, _, actions, rewards, _ = transitions(loop, 4)
        assert (actions - 1).tolist() == rewards.tolist()
        assert set(actions.tolist()) == {0, 1, 2}

    def test_no_more_than_its_capacity(self) -> None:
        loop = begin(environment=CLOCK, environment_args={"length": 9}, budget=100, replay_capacity=4, batch_size=2)
        loop.train(6)
        assert transitions(loop, 1)[0][:, 0].tolist() == [4, 5, 2, 3]


class TestWithoutReplay:
    """Learning from the newest transitions that have grown up."""

    @pytest.mark.parametrize(
        ("batch_size", "n_steps", "seen"),
        [(1, 1, [[6]]), (3, 1, [[6, 5, 4]]), (1, 3, [[4]]), (2, 3, [[4, 3]])],
    )
    def test_which_they_are(
        self, monkeypatch: pytest.MonkeyPatch, batch_size: int, n_steps: int, seen: list[list[int]]
    ) -> None:
        drawn: list[Any] = []
        update = dqn.Learner.update

        def watched(self: Any, moment: Any, target: Any, rows: Tensor, indices: Tensor, **how: Any) -> None:
            drawn.append((rows[0, indices[0], 0].tolist(), rows[0, indices[0], -1].tolist()))
            update(self, moment, target, rows, indices, **how)

        monkeypatch.setattr(dqn.Learner, "update", watched)
        loop = begin(
            environment=CLOCK,
            environment_args={"length": 50},
            budget=100,
            gamma=0.5,
            replay=False,
            batch_size=batch_size,
            n_steps=n_steps,
            learning_starts=6,
            train_frequency=7,
            gradient_steps=2,
        )
        loop.train(7)
        assert drawn == [(seen[0], [0.5**n_steps] * batch_size)] * 2

    def test_the_memory_is_no_larger_than_needed(self) -> None:
        loop = begin(environment=CLOCK, environment_args={"length": 5}, budget=1_000, replay=False, learning_starts=999)
        loop.train(500)
        assert len(loop.state()[0]["replay"]["rows"]) == 8 + dqn.MOST_STEPS


def test_priorities_without_a_memory_are_refused() -> None:
    with pytest.raises(ValueError, match="prioritised_replay: should be false, since replay is"):
        begin(budget=100, replay=False, prioritised_replay=True)


def test_a_member_that_diverges_leaves_the_priorities_of_others_alone() -> None:
    sound, common = {"seed": 1}, {"prioritised_replay": True, "budget": 120, "optimizer": "sgd"}
    expected, mixed = begin(sound, **common), begin({"seed": 2, "learning_rate": 1e38}, sound, **common)
    (report,), (diverged, beside) = expected.train(120), mixed.train(120)
    assert diverged.diverged_at is not None
    assert beside.points[0][1] == pytest.approx(report.points[0][1], rel=1e-3)
    (alone,), (doomed, kept) = ([state["replay"]["priorities"] for state in each.state()] for each in (expected, mixed))
    torch.testing.assert_close(kept, alone, rtol=1e-3, atol=1e-5)
    assert torch.isfinite(doomed["powers"]).all()


def test_a_memory_smaller_than_a_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="replay_capacity: 7 is less than a batch of 8"):
        begin(budget=100, replay_capacity=7)
