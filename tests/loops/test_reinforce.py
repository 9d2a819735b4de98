"""REINFORCE: hand-worked numbers, and a plain loop to compare with."""

import math
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_environments import CLOCK, CUT_CLOCK
from torch import Tensor, nn

from trainables.base import random_streams
from trainables.base.random_streams import Purpose
from trainables.loops import policies, reinforce
from trainables.loops.distributions import ONE
from trainables.loops.policies import Policy
from trainables.loops.reinforce import ReinforceConfig, ReinforceLoop
from trainables.networks import networks
from trainables.networks.specs import MLP

CPU = torch.device("cpu")


def begin(*members: dict[str, Any], **common: Any) -> ReinforceLoop:
    evaluated = {"evaluation_episodes": 2, "evaluation_share": None}
    fields = {"compile": "never", "hidden": (8,), **evaluated, **common}
    return ReinforceLoop([ReinforceConfig(**(fields | member)) for member in members or ({},)], CPU)


@pytest.mark.parametrize(("length", "to"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (200, 256), (500, 512), (512, 512)])
def test_padded_by_hand(length: int, to: int) -> None:
    assert reinforce.padded(length) == to


@given(st.integers(1, 10**6))
def test_padded_to_a_power_of_two_with_less_than_half_of_it_padding(length: int) -> None:
    to = reinforce.padded(length)
    assert length <= to < 2 * length
    assert to.bit_count() == 1


class TestLoss:
    """A policy of fixed chances 1/4 and 3/4, actions 0 then 1, returns 2 and 6."""

    SPEC = MLP(1, 2, ())
    QUARTER, REST = math.log(0.25), math.log(0.75)
    ENTROPY = -(0.25 * QUARTER + 0.75 * REST)

    def loss(
        self,
        baseline: str = "none",
        normalise: bool = False,
        logits: tuple[float, float] = (0.0, math.log(3)),
        padding: int = 0,
        entropy_weight: float = 0.0,
        **numbers: float,
    ) -> tuple[float, float, dict[str, Tensor]]:
        """The loss, the entropy and the gradient."""
        parameters = {
            "policy.0.weight": torch.zeros(2, 1),
            "policy.0.bias": torch.tensor(logits),
            "value.0.weight": torch.zeros(1, 1),
            "value.0.bias": torch.tensor([3.0]),
        }
        settings = {"reward_scale": 1.0, "value_weight": 0.0} | numbers
        after = [7.0] * padding
        data = (
            torch.tensor(entropy_weight),
            torch.tensor([0.0, 0.0, *after])[:, None],
            torch.tensor([0, 1, *[1] * padding]),
            torch.tensor([2.0, 6.0, *after]),
            torch.tensor([1.0, 1.0, *[0.0] * padding]),
        )
        given = {name: torch.tensor(number) for name, number in settings.items()}
        gradient, (value, shown) = torch.func.grad_and_value(
            reinforce.make_loss(Policy(self.SPEC, ONE), baseline, normalise), has_aux=True
        )(parameters, given, *data)
        return value.item(), shown["entropy"].item(), gradient

    def test_without_a_baseline(self) -> None:
        value, entropy, _ = self.loss()
        assert value == pytest.approx(-(2 * self.QUARTER + 6 * self.REST) / 2)
        assert entropy == pytest.approx(self.ENTROPY)

    def test_less_the_batch_s_mean(self) -> None:
        assert self.loss("batch_mean")[0] == pytest.approx(-(-2 * self.QUARTER + 2 * self.REST) / 2)

    @pytest.mark.parametrize("baseline", ["none", "batch_mean"])
    def test_normalised_advantages_are_minus_one_and_one(self, baseline: str) -> None:
        assert self.loss(baseline, normalise=True)[0] == pytest.approx(-(-self.QUARTER + self.REST) / 2)

    def test_less_a_learnt_value(self) -> None:
        # Advantages 2 - 3 and 6 - 3; squared errors 1 and 9.
        value, _, gradient = self.loss("value", value_weight=0.5)
        assert value == pytest.approx(-(-self.QUARTER + 3 * self.REST) / 2 + 0.5 * 5)
        # Of 0.5 * mean((G - v)^2) alone: the advantages' v is taken as given.
        assert gradient["value.0.bias"].item() == pytest.approx(-0.5 * 2 * (-1 + 3) / 2)

    def test_the_policy_s_gradient(self) -> None:
        # d log pi(a) / d logit_k = [k = a] - pi(k); weighted with 2 and 6, negated, halved.
        _, _, gradient = self.loss()
        expected = -(2 * (1 - 0.25) + 6 * (0 - 0.25)) / 2
        torch.testing.assert_close(gradient["policy.0.bias"], torch.tensor([expected, -expected]))

    def test_entropy_is_paid_for(self) -> None:
        assert self.loss(entropy_weight=0.1)[0] == pytest.approx(self.loss()[0] - 0.1 * self.ENTROPY)

    @pytest.mark.parametrize("baseline", ["none", "batch_mean", "value"])
    @pytest.mark.parametrize("normalise", [False, True])
    def test_steps_after_the_end_do_not_count(self, baseline: str, normalise: bool) -> None:
        weights = {"entropy_weight": 0.1, "value_weight": 0.5}
        short, long = self.loss(baseline, normalise, **weights), self.loss(baseline, normalise, padding=2, **weights)
        assert long[:2] == pytest.approx(short[:2])
        torch.testing.assert_close(long[2], short[2])

    def test_reward_scale_scales_what_is_learnt_from(self) -> None:
        assert self.loss(reward_scale=10.0)[0] == pytest.approx(10 * self.loss()[0])
        assert self.loss(normalise=True, reward_scale=10.0)[0] == pytest.approx(self.loss(normalise=True)[0])

    @pytest.mark.parametrize("logits", [(1e4, -1e4), (-1e4, 1e4), (1e30, 0.0), (500.0, 0.0)])
    @pytest.mark.parametrize("baseline", ["none", "value"])
    def test_extreme_logits_give_no_nan(self, logits: tuple[float, float], baseline: str) -> None:
        value, entropy, gradient = self.loss(baseline, logits=logits, entropy_weight=0.1, value_weight=0.5)
        assert math.isfinite(value)
        assert entropy == pytest.approx(0.0, abs=1e-6)
        assert all(torch.isfinite(tensor).all() for tensor in gradient.values())

    def test_log_probabilities_are_not_those_of_a_rounded_zero(self) -> None:
        # Action 0 has a chance of exp(-200), which float32 holds as 0.
        assert self.loss(logits=(0.0, 200.0))[0] == pytest.approx(-(2 * -200 + 6 * 0) / 2)


@pytest.mark.parametrize(
    ("logits", "uniform", "action"),
    [
        ((0.0, math.log(3)), 0.0, 0),
        ((0.0, math.log(3)), 0.249, 0),
        ((0.0, math.log(3)), 0.251, 1),
        ((0.0, math.log(3)), 1.0, 1),  # what a float64 just below 1 becomes in float32
        ((1e4, -1e4), 0.999, 0),
        ((-1e4, 1e4), 0.001, 1),
    ],
)
def test_actions_are_drawn_by_their_chances(logits: tuple[float, float], uniform: float, action: int) -> None:
    parameters = {"policy.0.weight": torch.zeros(1, 2, 1), "policy.0.bias": torch.tensor([logits])}
    sample = policies.packed_sample(Policy(MLP(1, 2, ()), ONE))
    assert sample(parameters, torch.zeros(1, 1, 1), torch.tensor([[uniform]])).item() == action


class TestEqualToAPlainLoop:
    """The same algorithm as anyone would write it: an episode after the other, one network, torch's optimizer."""

    BATCH, UPDATES, SPEC, VALUE = 3, 3, MLP(4, 2, (8,)), MLP(4, 1, (8,))

    @pytest.mark.parametrize("baseline", ["none", "batch_mean", "value"])
    @pytest.mark.parametrize("normalise", [False, True])
    @pytest.mark.parametrize(("seed", "gamma", "max_norm"), [(1, 0.9, 0.5), (2, 1.0, 20.0)])
    def test_after_three_updates(
        self, baseline: str, normalise: bool, seed: int, gamma: float, max_norm: float
    ) -> None:
        expected, spent_before_the_last = self.plain(seed, baseline, normalise, gamma, max_norm)
        loop = begin(
            environment="CartPole-v1",
            seed=seed,
            gamma=gamma,
            max_norm=max_norm,
            budget=10_000,
            batch_size=self.BATCH,
            learning_rate=0.01,
            entropy_weight=0.01,
            baseline=baseline,
            normalise_advantages=normalise,
        )
        loop.train(spent_before_the_last + 1)
        (state,) = loop.state()
        assert state["updates"] == self.UPDATES
        torch.testing.assert_close(state["learner"]["parameters"], expected, rtol=1e-3, atol=1e-5)

    def plain(
        self, seed: int, baseline: str, normalise: bool, gamma: float, max_norm: float
    ) -> tuple[dict[str, Tensor], int]:
        """The weights after the updates, and the steps that had been taken before the last."""
        weights = random_streams.integer(seed, Purpose.WEIGHTS)
        networks_by_name = {"policy": self.SPEC.build(), "value": self.VALUE.build()}
        networks_by_name["policy"].load_state_dict(networks.initial(self.SPEC, weights))
        networks_by_name["value"].load_state_dict(networks.initial(self.VALUE, weights + 1))
        if baseline != "value":
            del networks_by_name["value"]
        modules = nn.ModuleDict(networks_by_name)
        optimizer = torch.optim.Adam(modules.parameters(), lr=0.01)
        spent: list[int] = []
        longest: list[int] = []
        for update in range(self.UPDATES):
            episodes = [
                self.episode(modules["policy"], seed, update, place, sum(longest)) for place in range(self.BATCH)
            ]
            spent.append(sum(len(rewards) for _, _, rewards in episodes))
            longest.append(max(len(rewards) for _, _, rewards in episodes))

            states = torch.tensor(np.array([each for seen, _, _ in episodes for each in seen]))
            actions = torch.tensor([action for _, taken, _ in episodes for action in taken])
            returns = torch.tensor(
                [
                    sum(gamma**k * reward for k, reward in enumerate(rewards[time:]))
                    for _, _, rewards in episodes
                    for time in range(len(rewards))
                ]
            )
            advantages, value_loss = returns, torch.tensor(0.0)
            if baseline == "batch_mean":
                advantages = returns - returns.mean()
            if baseline == "value":
                values = modules["value"](states).squeeze(1)
                advantages, value_loss = returns - values.detach(), ((returns - values) ** 2).mean()
            if normalise:
                advantages = (advantages - advantages.mean()) / (advantages.std(correction=0) + 1e-8)
            chances = torch.distributions.Categorical(logits=modules["policy"](states))
            loss = -(chances.log_prob(actions) * advantages).mean()
            loss = loss - 0.01 * chances.entropy().mean() + 0.5 * value_loss
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(modules.parameters(), max_norm)
            optimizer.step()
        return dict(modules.state_dict()), sum(spent[:-1])

    def episode(
        self, policy: nn.Module, seed: int, update: int, place: int, drawn: int
    ) -> tuple[list[Any], list[int], list[float]]:
        """What was seen, done and earned; drawn: how many times actions were drawn in earlier batches."""
        drawing = random_streams.Uniforms([seed], Purpose.ACTIONS, self.BATCH)
        seeds = random_streams.Uniforms([seed], Purpose.EPISODES, self.BATCH).at(np.array([update]))
        environment = gymnasium.make("CartPole-v1")
        observation, _ = environment.reset(
            seed=int(random_streams.episode_seeds(seeds, random_streams.TRAINING)[0, place])
        )
        seen, taken, rewards, ended = [], [], [], False
        while not ended:
            with torch.no_grad():
                chance = torch.softmax(policy(torch.as_tensor(observation)), -1)[0].item()
            action = int(drawing.at(np.array([drawn + len(taken)]))[0, place] > chance)
            seen.append(observation)
            taken.append(action)
            observation, reward, terminated, truncated, _ = environment.step(action)
            rewards.append(float(reward))
            ended = terminated or truncated
        return seen, taken, rewards


@pytest.mark.parametrize(
    ("until", "batch_size", "spent"),
    [(1, 4, 12), (12, 4, 12), (13, 4, 24), (30, 4, 36), (36, 4, 36), (36, 5, 45), (36, 1, 36)],
)
def test_a_budget_is_overshot_by_less_than_a_batch_of_episodes(until: int, batch_size: int, spent: int) -> None:
    # Every episode of this clock has three steps.
    loop = begin(environment=CLOCK, environment_args={"length": 3}, budget=36, batch_size=batch_size)
    (report,) = loop.train(until)
    assert report.steps == spent
    assert report.points[0][0] == until
    loop.train(until)
    assert loop.state()[0]["updates"] == spent // (3 * batch_size)


@pytest.mark.parametrize(("environment", "length"), [(CLOCK, 3), (CUT_CLOCK, 9)])
@pytest.mark.parametrize(("reward_scale", "normalise"), [(0.1, False), (1.0, False), (1.0, True)])
def test_figures_of_known_episodes(environment: str, length: int, reward_scale: float, normalise: bool) -> None:
    # Three steps that earn 1, 2 and 3, whether the episode ends by itself or is cut.
    (report,) = begin(
        environment=environment,
        environment_args={"length": length},
        budget=36,
        batch_size=4,
        reward_scale=reward_scale,
        normalise_rewards=normalise,
        learning_rate=1e-30,
    ).train(36)
    ((_, metrics),) = report.points
    assert metrics["train/return_mean"] == 6
    assert metrics["train/episode_steps"] == 3
    assert (
        metrics["evaluation/return_mean"] == metrics["evaluation/return_min"] == metrics["evaluation/return_max"] == 6
    )
    assert metrics["evaluation/return_std"] == 0
    assert 0 < metrics["train/entropy"] <= math.log(2) + 1e-6
    assert report.best == 6


@pytest.mark.parametrize(
    ("settings", "factors"),
    [
        ({"schedule": {"exponential": {"final": 0.01}}}, [1.0, 0.01 ** (1 / 3), 0.01 ** (2 / 3)]),
        ({"warmup": 0.5}, [2 / 3, 1.0, 1.0]),
        ({"schedule": "cosine", "warmup": 1 / 3}, [1.0, 1.0, 0.5]),
    ],
)
def test_the_schedule_runs_over_the_environment_steps_of_the_budget(
    settings: dict[str, Any], factors: list[float]
) -> None:
    # Three updates after four episodes of three steps each, at 0, 12 and 24 of 36 steps.
    loop = begin(
        settings, environment=CLOCK, environment_args={"length": 3}, budget=36, batch_size=4, learning_rate=0.1
    )
    rates = [loop.train(until)[0].points[0][1]["train/learning_rate"] for until in (12, 24, 36)]
    assert rates == pytest.approx([0.1 * factor for factor in factors], rel=1e-4)


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("fixed", [1.0, 1.0, 1.0]),
        ({"exponential": {"final": 0.01}}, [1.0, 0.01 ** (1 / 3), 0.01 ** (2 / 3)]),
        ({"cosine": {"floor": 0.2}}, [1.0, 0.8, 0.4]),
        ({"step": {"factor": 0.5, "every": 0.3}}, [1.0, 0.5, 0.25]),
    ],
)
def test_the_entropy_weight_follows_its_schedule(schedule: Any, factors: list[float]) -> None:
    # Two members alike but for the weight of 2, which learn too slowly to part: their losses differ by the entropy's.
    loop = begin(
        {"entropy_weight": 2.0, "entropy_schedule": schedule},
        {"entropy_weight": 0.0, "entropy_schedule": schedule},
        environment=CLOCK,
        environment_args={"length": 3},
        budget=36,
        batch_size=4,
        learning_rate=1e-30,
    )
    for until, factor in zip((12, 24, 36), factors, strict=True):
        paid, free = (report.points[0][1] for report in loop.train(until))
        assert free["train/entropy"] == paid["train/entropy"] > 0.1
        assert free["train/loss"] - paid["train/loss"] == pytest.approx(2 * factor * paid["train/entropy"], rel=1e-4)


def test_normalised_rewards_are_learnt_from_in_units_of_their_deviation() -> None:
    # Returns of 6, 5 and 3 in every episode: their mean is 14 / 3, their squared deviation 14 / 9.
    plain, normalised = (
        begin(
            environment=CLOCK,
            environment_args={"length": 3},
            budget=24,
            batch_size=4,
            gamma=1.0,
            baseline="none",
            normalise_rewards=normalise,
            learning_rate=1e-30,
        )
        .train(24)[0]
        .points[0][1]
        for normalise in (False, True)
    )
    assert normalised["train/loss"] == pytest.approx(plain["train/loss"] / math.sqrt(14 / 9), rel=1e-5)
    assert normalised["train/return_mean"] == plain["train/return_mean"] == 6


def test_the_deviation_of_rewards_is_gone_on_with() -> None:
    common = {"environment": "CartPole-v1", "budget": 400, "batch_size": 4, "normalise_rewards": True}
    loop = begin({"seed": 1}, {"seed": 2}, **common)
    loop.train(200)
    middle = loop.state()
    expected = loop.train(400)
    resumed = begin({"seed": 1}, {"seed": 2}, **common)
    resumed.load(middle)
    assert resumed.train(400) == expected

    # A checkpoint of before there was one has seen no rewards: another training, but a sound one.
    afresh = begin({"seed": 1}, {"seed": 2}, **common)
    afresh.load([{name: part for name, part in state.items() if name != "deviation"} for state in middle])
    reports = afresh.train(400)
    assert [report.diverged_at for report in reports] == [None, None]
    assert reports != expected


def test_a_large_batch_is_learnt_from_a_few_members_at_a_time_with_the_same_result() -> None:
    # 9,000 episodes of one step: no two of these members fit together.
    common = {"environment": "NumberMatch-v0", "budget": 9_000, "batch_size": 9_000, "learning_rate": 0.01}
    assert common["batch_size"] > reinforce.STEPS_AT_ONCE
    together = begin({"seed": 1}, {"seed": 2}, {"seed": 3}, **common)
    together.train(9_000)
    for seed, state in zip((1, 2, 3), together.state(), strict=True):
        alone = begin({"seed": seed}, **common)
        alone.train(9_000)
        torch.testing.assert_close(alone.state()[0]["learner"], state["learner"], rtol=1e-4, atol=1e-5)


def test_evaluation_covers_each_number_in_turn() -> None:
    (report,) = (
        loop := begin(
            environment="NumberMatch-v0",
            environment_args={"n": 7, "one_hot": True},
            budget=300,
            batch_size=10,
            evaluation_episodes=7,
            learning_rate=0.05,
        )
    ).train(300)
    policy = MLP(7, 7, (8,)).build()
    policy.load_state_dict(loop.best()[0]["state_dict"])
    named = policy(torch.eye(7)).argmax(1)
    metrics = report.points[-1][1]
    assert metrics["evaluation/solved_share"] == pytest.approx((named == torch.arange(7)).double().mean().item())
    assert metrics["evaluation/return_mean"] == pytest.approx(-(named - torch.arange(7)).abs().double().mean().item())
    assert 0 < metrics["evaluation/solved_share"] < 1


def test_a_member_that_has_spent_its_share_waits_and_is_not_trained_further() -> None:
    loop = begin({"seed": 1}, {"seed": 4}, environment="CartPole-v1", budget=500, batch_size=4)
    loop.train(200)
    first, second = loop.state()
    assert first["updates"] != second["updates"]
    assert first["learner"]["updates"] == first["updates"]
    assert second["learner"]["updates"] == second["updates"]


def test_with_a_learnt_value_the_policy_alone_is_deployed() -> None:
    loop = begin(environment="CartPole-v1", budget=100, baseline="value")
    assert {name.partition(".")[0] for name in loop.state()[0]["learner"]["parameters"]} == {"policy", "value"}
    assert set(loop.best()[0]["state_dict"]) == {"0.weight", "0.bias", "2.weight", "2.bias"}
