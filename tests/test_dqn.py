"""DQN: hand-worked numbers, a plain loop to compare with, and a trivial environment that must be learnt."""

from collections.abc import Iterator
from typing import Any, ClassVar

import gymnasium
import numpy as np
import pytest
import torch
from loop_cases import CASES
from tiny_environments import CLOCK, CUT_CLOCK, OFFSET
from torch import Tensor, nn
from torch.nn.functional import huber_loss, mse_loss

from trainables import dqn, networks, replay, streams
from trainables.dqn import DQNConfig, DQNLoop
from trainables.networks import MLP
from trainables.streams import Purpose
from tuning import sweep

CPU = torch.device("cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def begin(*members: dict[str, Any], **common: Any) -> DQNLoop:
    fields = {
        "compile": "never",
        "environment": "CartPole-v1",
        "hidden": (8,),
        "batch_size": 8,
        "learning_starts": 20,
        "train_frequency": 4,
        "gradient_steps": 2,
        "evaluation_episodes": 1,
        **common,
    }
    return DQNLoop([DQNConfig(**(fields | member)) for member in members or ({},)], CPU)


def transitions(loop: DQNLoop, inputs: int, member: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Observations, next observations, actions, rewards and terminated that a member remembers."""
    return replay.split(loop.state()[member]["replay"]["rows"], inputs)


class TestLoss:
    """Q(s) = (s, 2s) online and (3s, -s) in the target network; s = 1, action 1, reward 1, then s = 2; discount 1/2."""

    ONLINE: ClassVar = {"0.weight": torch.tensor([[1.0], [2.0]]), "0.bias": torch.zeros(2)}
    TARGET: ClassVar = {"0.weight": torch.tensor([[3.0], [-1.0]]), "0.bias": torch.zeros(2)}

    def loss(
        self, kind: str, discount: float = 0.5, following: float = 2.0, scale: float = 1.0, **how: Any
    ) -> tuple[float, float, Tensor]:
        """The loss, the mean value and the gradient by the weights."""
        rows = torch.tensor([[9.0] * 5, [1.0, following, 1.0, 1.0, discount], [0.0, 0.0, 0.0, 4.0, 0.0]])
        loss = dqn.make_loss(MLP(1, 2, ()), kind, **how)
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
        value, _ = dqn.make_loss(MLP(1, 2, ()), "squared", reduction)(
            self.ONLINE, {"reward_scale": torch.tensor(1.0)}, self.TARGET, rows, torch.tensor([0, 1])
        )
        assert value.item() == expected

    @pytest.mark.parametrize(
        ("kind", "reduction", "expected"),
        [("squared", "mean", (4 + 16 / 4) / 2), ("squared", "sum", 4 + 16 / 4), ("huber", "sum", 1.5 + 3.5 / 4)],
    )
    def test_of_a_batch_with_weights(self, kind: str, reduction: str, expected: float) -> None:
        rows = torch.tensor([[1.0, 2.0, 1.0, 1.0, 0.5], [0.0, 0.0, 0.0, 4.0, 0.0]])
        value, shown = dqn.make_loss(MLP(1, 2, ()), kind, reduction)(
            self.ONLINE,
            {"reward_scale": torch.tensor(1.0)},
            self.TARGET,
            rows,
            torch.tensor([0, 1]),
            torch.tensor([1.0, 0.25]),
        )
        assert value.item() == expected
        assert shown["errors"].tolist() == [2.0, 4.0]


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


@pytest.mark.parametrize(
    "settings",
    [
        {"double": True},
        {"n_steps": 3},
        {"replay": False, "n_steps": 2, "batch_size": 1},
        {"target_network": False, "reduction": "sum", "loss": "squared"},
        {"target_tau": 0.1, "target_interval": 1},
        {"epsilon": {"exponential": {"factor": 0.9}}},
        {"prioritised_replay": True, "n_steps": 3, "replay_capacity": 50, "reduction": "sum"},
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
        online.load_state_dict(networks.initial(self.SPEC, streams.integer(seed, Purpose.WEIGHTS)))
        target.load_state_dict(online.state_dict())
        optimizer = torch.optim.Adam(online.parameters(), lr=0.01)
        exploring = streams.Uniforms([seed], Purpose.ACTIONS, 2)
        sampling = streams.Uniforms([seed], Purpose.SAMPLING, 2 * self.BATCH)
        episodes = streams.Uniforms([seed], Purpose.EPISODES, 1)
        environment, episode, rounds = gymnasium.make("CartPole-v1"), 0, 0
        memory: list[list[float]] = []
        likely: list[float] = []  # of each row |error| + 1e-6
        largest = 1.0

        def first() -> Any:
            seeds = streams.episode_seeds(episodes.at(np.array([episode])), streams.TRAINING)
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
    config = sweep.load("cartpole-dqn-broken").config()
    assert isinstance(config, DQNConfig)
    members = [config.model_copy(update={"seed": seed, "compile": "never"}) for seed in range(10)]
    for report in DQNLoop(members, CPU).train(1_000):
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


@pytest.mark.parametrize("settings", [{}, {"prioritised_replay": True}], ids=str)
def test_number_matching_is_learnt_from_every_seed(settings: dict[str, Any]) -> None:
    reports = begin(
        *({"seed": seed} for seed in range(3)),
        environment="NumberMatch-v0",
        environment_args={"n": 3, "one_hot": True},
        budget=1_500,
        batch_size=32,
        learning_rate=0.01,
        evaluation_episodes=50,
        **settings,
    ).train(1_500)
    assert [report.points[-1][1]["evaluation/return_mean"] for report in reports] == [0, 0, 0]
    # With the reward alone as target, the best action's value is 0 and the others' -1 and below.
    assert all(report.points[-1][1]["train/loss"] < 0.2 for report in reports)
