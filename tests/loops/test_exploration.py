"""Exploration: how epsilon falls, and that it is the share of random actions."""

from typing import Any

import pytest
import torch
from dqn_cases import begin, transitions
from tiny_environments import CLOCK
from torch import Tensor

from trainables.networks import networks
from trainables.networks.specs import MLP


class TestExploration:
    """Epsilon falls on a line or by a factor, and is the share of random actions."""

    @pytest.mark.parametrize(
        ("epsilon", "at", "expected"),
        [
            ("linear", 1, 1 - 0.96 / 20),
            ("linear", 10, 0.52),
            ("linear", 20, 0.04),
            ("linear", 100, 0.04),
            ({"linear": {"start": 0.5, "end": 0.1, "share": 1.0}}, 50, 0.3),
            ({"linear": {"start": 0.5, "end": 0.1, "share": 1.0}}, 100, 0.1),
            ({"linear": {"start": 0.1, "end": 0.5, "share": 0.5}}, 25, 0.3),
            ({"linear": {"start": 0.0, "end": 0.0}}, 7, 0.0),
            # Episodes have three steps; one counts when it has ended.
            ("exponential", 2, 1.0),
            ("exponential", 3, 0.995),
            ("exponential", 100, 0.995**33),
            ({"exponential": {"factor": 0.5, "end": 0.2}}, 8, 0.25),
            ({"exponential": {"factor": 0.5, "end": 0.2}}, 9, 0.2),
            ({"exponential": {"every": "step"}}, 100, 0.995**100),
            ({"exponential": {"every": "step", "start": 0.5, "factor": 0.9}}, 100, 0.01),
        ],
    )
    def test_epsilon_by_hand(self, epsilon: Any, at: int, expected: float) -> None:
        loop = begin({"epsilon": epsilon}, environment=CLOCK, environment_args={"length": 3}, budget=100)
        (report,) = loop.train(at)
        assert report.points[0][1]["train/epsilon"] == pytest.approx(expected)

    def played(self, epsilon: float) -> tuple[Tensor, Tensor]:
        """The actions of an untrained member, and what its network would have done."""
        settings = {"epsilon": {"linear": {"start": epsilon, "end": epsilon}}}
        loop = begin(settings, {"seed": 1}, budget=1_000, learning_starts=1_000)
        initial = loop.state()[0]["learner"]["parameters"]
        loop.train(1_000)
        observations, _, actions, _, _ = transitions(loop, 4)
        return actions, networks.function(MLP(4, 2, (8,)))(initial, observations).argmax(1)

    def test_without_it_every_action_is_the_greedy_one(self) -> None:
        actions, greedy = self.played(0.0)
        assert torch.equal(actions, greedy)

    @pytest.mark.parametrize("epsilon", [0.5, 1.0])
    def test_with_it_a_share_of_the_actions_is_random(self, epsilon: float) -> None:
        actions, greedy = self.played(epsilon)
        # A random action of two is the greedy one half of the time.
        assert (actions == greedy).float().mean().item() == pytest.approx(1 - epsilon / 2, abs=0.05)
