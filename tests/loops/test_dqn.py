"""DQN: hand-worked numbers, and a plain loop to compare with."""

from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from dqn_cases import CPU, begin
from loop_cases import CASES
from tiny_environments import CLOCK
from torch import Tensor, nn
from torch.nn.functional import huber_loss, mse_loss

from trainables.base import random_streams
from trainables.base.random_streams import Purpose
from trainables.loops import q_learning
from trainables.loops.dqn import DQNConfig, DQNLoop
from trainables.networks import networks
from trainables.networks.specs import MLP
from tuning.sweep.loading import load


class TestLoss:
    """Q(s) = (s, 2s) online and (3s, -s) in the target network; s = 1, action 1, reward 1, then s = 2; discount 1/2."""

    ONLINE: ClassVar = {"0.weight": torch.tensor([[1.0], [2.0]]), "0.bias": torch.zeros(2)}
    TARGET: ClassVar = {"0.weight": torch.tensor([[3.0], [-1.0]]), "0.bias": torch.zeros(2)}

    def loss(
        self, kind: str, discount: float = 0.5, following: float = 2.0, scale: float = 1.0, **how: Any
    ) -> tuple[float, float, Tensor]:
        """The loss, the mean value and the gradient by the weights."""
        rows = torch.tensor([[9.0] * 5, [1.0, following, 1.0, 1.0, discount], [0.0, 0.0, 0.0, 4.0, 0.0]])
        loss = q_learning.make_loss(MLP(1, 2, ()), kind, **how)
        target = self.TARGET if how.get("target_network", True) else {}
        gradient, (value, shown) = torch.func.grad_and_value(loss, has_aux=True)(
            self.ONLINE, {"reward_scale": torch.tensor(scale)}, target, rows, torch.tensor([1])
        )
        return value.item(), shown["value_mean"].item(), gradient["0.weight"]

    @pytest.mark.parametrize(
        ("kind", "settings", "expected"),
        [
            # 1 + 1/2 * max(6, -2) - 2 = 2
            ("squared", {}, 4.0),
            ("huber", {}, 1.5),
            # 1 - 2 = -1
            ("squared", {"discount": 0.0}, 1.0),
            ("huber", {"discount": 0.0}, 0.5),
            # 1 + 1/2 * max(-6, 2) - 2 = 0
            ("squared", {"following": -2.0}, 0.0),
            ("squared", {"discount": 1.0}, 25.0),
            # The scale is the reward's alone: 2 + 1/2 * 6 - 2 = 3
            ("squared", {"scale": 2.0}, 9.0),
            ("squared", {"scale": 2.0, "discount": 0.0}, 0.0),
            # Double: online, action 1 is best at s = 2, whose target value is -2: 1 - 1 - 2 = -2
            ("squared", {"double": True}, 4.0),
            ("huber", {"double": True}, 1.5),
            # ... and action 0 at s = -2, whose target value is -6: 1 - 3 - 2 = -4
            ("squared", {"double": True, "following": -2.0}, 16.0),
            # Without a target network: 1 + 1/2 * max(2, 4) - 2 = 1; double is then no other thing.
            ("squared", {"target_network": False}, 1.0),
            ("squared", {"target_network": False, "double": True}, 1.0),
            ("squared", {"target_network": False, "following": -2.0}, 4.0),
        ],
    )
    def test_by_hand(self, kind: str, settings: dict[str, Any], expected: float) -> None:
        value, mean, _ = self.loss(kind, **settings)
        assert value == pytest.approx(expected)
        assert mean == pytest.approx(2.0)

    @pytest.mark.parametrize(
        ("kind", "settings", "slope"),
        [
            ("squared", {}, -4.0),
            ("huber", {}, -1.0),
            ("squared", {"double": True}, 4.0),
            ("squared", {"target_network": False}, -2.0),
        ],
    )
    def test_the_gradient_is_of_the_value_alone_and_of_the_action_taken(
        self, kind: str, settings: dict[str, Any], slope: float
    ) -> None:
        assert self.loss(kind, **settings)[2].tolist() == [[0.0], [slope]]

    @pytest.mark.parametrize(("reduction", "expected"), [("mean", (4 + 16) / 2), ("sum", 4 + 16)])
    def test_of_a_batch(self, reduction: str, expected: float) -> None:
        rows = torch.tensor([[1.0, 2.0, 1.0, 1.0, 0.5], [0.0, 0.0, 0.0, 4.0, 0.0]])
        value, _ = q_learning.make_loss(MLP(1, 2, ()), "squared", reduction)(
            self.ONLINE, {"reward_scale": torch.tensor(1.0)}, self.TARGET, rows, torch.tensor([0, 1])
        )
        assert value.item() == expected

    @pytest.mark.parametrize(
        ("kind", "reduction", "expected"),
        [("squared", "mean", (4 + 16 / 4) / 2), ("squared", "sum", 4 + 16 / 4), ("huber", "sum", 1.5 + 3.5 / 4)],
    )
    def test_of_a_batch_with_weights(self, kind: str, reduction: str, expected: float) -> None:
        rows = torch.tensor([[1.0, 2.0, 1.0, 1.0, 0.5], [0.0, 0.0, 0.0, 4.0, 0.0]])
        value, shown = q_learning.make_loss(MLP(1, 2, ()), kind, reduction)(
            self.ONLINE,
            {"reward_scale": torch.tensor(1.0)},
            self.TARGET,
            rows,
            torch.tensor([0, 1]),
            torch.tensor([1.0, 0.25]),
        )
        assert value.item() == expected
        assert shown["errors"].tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("starts", "frequency", "rounds", "until", "updates"),
    [
        (20, 4, 2, 100, 40),  # after steps 24, 28 ... 100
        (0, 4, 2, 100, 50),
        (0, 1, 1, 100, 100),
        (22, 4, 1, 24, 1),
        (24, 4, 1, 24, 0),
        (24, 4, 1, 28, 1),
        (0, 7, 3, 100, 42),
        (100, 4, 2, 100, 0),
        (1_000, 4, 2, 100, 0),
    ],
)
def test_updates_come_after_the_start_at_their_frequency(
    starts: int, frequency: int, rounds: int, until: int, updates: int
) -> None:
    loop = begin(
        environment=CLOCK,
        environment_args={"length": 5},
        budget=100,
        learning_starts=starts,
        train_frequency=frequency,
        gradient_steps=rounds,
    )
    loop.train(until)
    assert loop.state()[0]["learner"]["updates"] == updates


def test_the_schedule_runs_over_all_updates_of_the_budget() -> None:
    loop = begin(
        environment=CLOCK,
        environment_args={"length": 5},
        budget=100,
        learning_rate=0.1,
        schedule={"exponential": {"final": 0.01}},
    )
    rates = [loop.train(until)[0].points[0][1]["train/learning_rate"] for until in (24, 60, 100)]
    assert rates == pytest.approx([0.1 * 0.01 ** (update / 40) for update in (1, 19, 39)], rel=1e-4)


def test_the_target_network_is_copied_at_each_member_s_interval_and_stays_between() -> None:
    intervals = (10, 16, 1_000)
    loop = begin(*({"target_interval": each} for each in intervals), budget=60, learning_starts=4)
    initial = loop.state()
    expected = [state["target"] for state in initial]
    torch.testing.assert_close(expected, [state["learner"]["parameters"] for state in initial], rtol=0, atol=0)
    for step in range(1, 61):
        loop.train(step)
        states = loop.state()
        for member, interval in enumerate(intervals):
            if step % interval == 0:
                expected[member] = states[member]["learner"]["parameters"]
            torch.testing.assert_close(states[member]["target"], expected[member], rtol=0, atol=0)
    assert not torch.equal(expected[0]["0.weight"], expected[2]["0.weight"])


def test_a_soft_target_goes_its_share_of_the_way_at_each_member_s_interval() -> None:
    members = ((1, 0.005), (4, 0.3), (10, 1.0))
    loop = begin(
        *({"target_interval": interval, "target_tau": tau} for interval, tau in members), budget=60, learning_starts=4
    )
    expected = [state["target"] for state in loop.state()]
    for step in range(1, 61):
        loop.train(step)
        states = loop.state()
        for member, (interval, tau) in enumerate(members):
            if step % interval == 0:
                online = states[member]["learner"]["parameters"]
                expected[member] = {
                    name: (1 - tau) * tensor + tau * online[name] for name, tensor in expected[member].items()
                }
            torch.testing.assert_close(states[member]["target"], expected[member])


@pytest.mark.parametrize(
    "settings",
    [
        {"double": True},
        {"n_steps": 3},
        {"replay": False, "n_steps": 2, "batch_size": 1},
        {"target_network": False, "reduction": "sum", "loss": "squared"},
        {"target_tau": 0.1, "target_interval": 1},
        {"epsilon": {"exponential": {"factor": 0.9}}},
    ],
    ids=str,
)
def test_each_setting_keeps_the_contract(settings: dict[str, Any]) -> None:
    """A member of a pack equals the same member alone, and resumed equals uninterrupted bit for bit."""
    members = [{"seed": 1, **settings}, {"seed": 2, **settings, "learning_rate": 3e-3}]
    packed, alone, resumed = begin(*members, budget=120), begin(members[1], budget=120), begin(*members, budget=120)
    packed.train(61)
    resumed.load(packed.state())
    expected = packed.train(120)
    assert resumed.train(120) == expected
    torch.testing.assert_close(resumed.state(), packed.state(), rtol=0, atol=0)
    alone.train(120)
    torch.testing.assert_close(
        alone.state()[0]["learner"]["parameters"],
        packed.state()[1]["learner"]["parameters"],
        rtol=1e-4,
        atol=1e-5,
    )


class TestEqualToAPlainLoop:
    """The same algorithm as anyone would write it: one network, a list of transitions, torch's optimizer."""

    SPEC, BUDGET, CAPACITY, BATCH = MLP(4, 2, (8,)), 150, 60, 8

    @pytest.mark.parametrize("loss", ["huber", "squared"])
    @pytest.mark.parametrize(("seed", "gamma", "max_norm", "target_interval"), [(1, 0.9, 0.5, 30), (2, 1.0, 20.0, 7)])
    @pytest.mark.parametrize("priorities", [None, (0.6, 0.4), (1.0, 0.0)])
    def test_after_all_updates(
        self,
        loss: str,
        seed: int,
        gamma: float,
        max_norm: float,
        target_interval: int,
        priorities: tuple[float, float] | None,
    ) -> None:
        alpha, beta = priorities or (0.6, 0.4)
        loop = begin(
            seed=seed,
            gamma=gamma,
            max_norm=max_norm,
            target_interval=target_interval,
            reward_scale=0.5,
            budget=self.BUDGET,
            batch_size=self.BATCH,
            replay_capacity=self.CAPACITY,
            learning_rate=0.01,
            loss=loss,
            epsilon={"linear": {"end": 0.1, "share": 0.5}},
            prioritised_replay=priorities is not None,
            priority_alpha=alpha,
            priority_beta=beta,
        )
        loop.train(self.BUDGET)
        parameters, remembered = self.plain(
            seed, gamma, max_norm, target_interval, huber_loss if loss == "huber" else mse_loss, priorities
        )
        torch.testing.assert_close(loop.state()[0]["learner"]["parameters"], parameters, rtol=1e-3, atol=1e-5)
        torch.testing.assert_close(loop.state()[0]["replay"]["rows"], remembered)

    def plain(
        self,
        seed: int,
        gamma: float,
        max_norm: float,
        target_interval: int,
        measure: Any,
        priorities: tuple[float, float] | None,
    ) -> tuple[dict[str, Tensor], Tensor]:
        """The weights in the end, and the rows that are remembered."""
        online, target = self.SPEC.build(), self.SPEC.build()
        online.load_state_dict(networks.initial(self.SPEC, random_streams.integer(seed, Purpose.WEIGHTS)))
        target.load_state_dict(online.state_dict())
        optimizer = torch.optim.Adam(online.parameters(), lr=0.01)
        exploring = random_streams.Uniforms([seed], Purpose.ACTIONS, 2)
        sampling = random_streams.Uniforms([seed], Purpose.SAMPLING, 2 * self.BATCH)
        episodes = random_streams.Uniforms([seed], Purpose.EPISODES, 1)
        environment, episode, rounds = gymnasium.make("CartPole-v1"), 0, 0
        memory: list[list[float]] = []
        likely: list[float] = []  # of each row |error| + 1e-6
        largest = 1.0

        def first() -> Any:
            seeds = random_streams.episode_seeds(episodes.at(np.array([episode])), random_streams.TRAINING)
            return environment.reset(seed=int(seeds[0, 0]))[0]

        observation = first()
        for step in range(self.BUDGET):
            drawn, which = exploring.at(np.array([step]))[0]
            with torch.no_grad():
                action = int(online(torch.as_tensor(observation)).argmax())
            if drawn < 0.1 + 0.9 * max(0.0, 1 - step / (0.5 * self.BUDGET)):
                action = int(which * 2)
            following, reward, terminated, truncated, _ = environment.step(action)
            row = [*observation, *following, action, float(reward), gamma * (not terminated)]
            if len(memory) < self.CAPACITY:
                memory.append(row)
                likely.append(largest)
            else:
                memory[step % self.CAPACITY] = row
                likely[step % self.CAPACITY] = largest
            observation = following
            if terminated or truncated:
                episode += 1
                observation = first()

            spent = step + 1
            if spent > 20 and spent % 4 == 0:
                rounds += 1
                for uniforms in sampling.at(np.array([rounds]))[0].reshape(2, self.BATCH):
                    batch, weights = (uniforms * len(memory)).astype(int), torch.ones(self.BATCH)
                    if priorities is not None:
                        alpha, beta = priorities
                        chances = np.array(likely) ** alpha / np.sum(np.array(likely) ** alpha)
                        batch = np.searchsorted(np.cumsum(chances), (np.arange(self.BATCH) + uniforms) / self.BATCH)
                        beta += (1 - beta) * spent / self.BUDGET
                        made_up = (len(memory) * chances[batch]) ** -beta
                        weights = torch.tensor(made_up / made_up.max(), dtype=torch.float32)
                    rows = torch.tensor([memory[index] for index in batch], dtype=torch.float32)
                    values = online(rows[:, :4])[torch.arange(self.BATCH), rows[:, 8].long()]
                    with torch.no_grad():
                        bootstrap = target(rows[:, 4:8]).max(1).values
                    goal = 0.5 * rows[:, 9] + rows[:, 10] * bootstrap
                    optimizer.zero_grad()
                    (weights * measure(values, goal, reduction="none")).mean().backward()
                    for index, error in zip(batch, (goal - values).tolist(), strict=True):
                        likely[index] = abs(error) + 1e-6
                        largest = max(largest, likely[index])
                    nn.utils.clip_grad_norm_(online.parameters(), max_norm)
                    optimizer.step()
            if spent % target_interval == 0:
                target.load_state_dict(online.state_dict())
        return dict(online.state_dict()), torch.tensor(memory, dtype=torch.float32)


def test_the_settings_that_were_brought_broken_diverge_from_every_seed() -> None:
    config = load("cartpole-dqn-broken").config()
    assert isinstance(config, DQNConfig)
    members = [config.model_copy(update={"seed": seed, "compile": "never"}) for seed in range(10)]
    for report in DQNLoop(members, CPU).train(500):
        assert report.diverged_at is not None
        assert report.reason is not None


def test_the_contract_s_interruption_is_in_the_middle_of_episodes() -> None:
    case = CASES["dqn"]
    loop = DQNLoop([DQNConfig(**(case.common | member), compile="never") for member in case.members], CPU)
    loop.train(case.middle)
    assert min(len(state["actions"]) for state in loop.state()) > 0


@pytest.mark.parametrize("environment", ["FrozenLake-v1", "Acrobot-v1", "NumberMatch-v0"])
def test_resumed_in_the_middle_of_an_episode_of_chance_equals_uninterrupted(environment: str) -> None:
    members = [{"seed": 1}, {"seed": 2}]
    uninterrupted, resumed = (begin(*members, environment=environment, budget=90) for _ in range(2))
    uninterrupted.train(45)
    resumed.load(uninterrupted.state())
    assert uninterrupted.train(90) == resumed.train(90)
    torch.testing.assert_close(uninterrupted.state(), resumed.state(), rtol=0, atol=0)
