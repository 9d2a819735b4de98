"""DQN as anyone would write it, one training and nothing beside it: torch.nn, torch.optim, a single environment.

The algorithm and its settings are those of trainables/loops/dqn.py. It needs nothing of this project, so that a
process which runs it starts as fast as it can.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self, cast

import gymnasium
import torch
from gymnasium.spaces import Discrete
from torch import Tensor, nn

TRAINING_SEEDS, EVALUATION_SEEDS = 0, 1_000_000


@dataclass(frozen=True)
class Settings:
    """Those of trainables.loops.dqn.DQNConfig that matter here, under the same names.

    floor: of the cosine schedule, as a factor of the learning rate; at 1 the rate stays. exploration: the share of the
    budget over which epsilon falls on a line.
    """

    environment: str
    budget: int
    seed: int
    learning_rate: float
    max_norm: float | None
    batch_size: int
    hidden: tuple[int, ...]
    reports: int
    gamma: float
    n_steps: int
    reward_scale: float
    evaluation_episodes: int
    replay_capacity: int
    learning_starts: int
    train_frequency: int
    gradient_steps: int
    target_interval: int
    epsilon_start: float
    epsilon_end: float
    exploration: float
    floor: float = 1.0

    @classmethod
    def like(cls, config: Any) -> Self:
        """The settings that a DQNConfig has."""
        own = {
            "floor": getattr(config.schedule, "floor", 1.0),
            "epsilon_start": config.epsilon.start,
            "epsilon_end": config.epsilon.end,
            "exploration": config.epsilon.share,
        }
        return cls(**{each.name: getattr(config, each.name) for each in fields(cls) if each.name not in own}, **own)


class Agent:
    """A network, its target, its optimizer and its memory."""

    def __init__(self, settings: Settings, inputs: int, actions: int) -> None:
        torch.manual_seed(settings.seed)
        layers: list[nn.Module] = []
        width = inputs
        for hidden in settings.hidden:
            layers += [nn.Linear(width, hidden), nn.ReLU()]
            width = hidden
        self.network = nn.Sequential(*layers, nn.Linear(width, actions))
        self.target = copy.deepcopy(self.network)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.settings = settings
        self.capacity, self.written = min(settings.replay_capacity, settings.budget), 0
        self.observations = torch.zeros(self.capacity, inputs)
        self.next_observations = torch.zeros(self.capacity, inputs)
        self.actions = torch.zeros(self.capacity, dtype=torch.int64)
        self.rewards = torch.zeros(self.capacity)
        self.discounts = torch.zeros(self.capacity)

    def greedy(self, observation: Tensor) -> int:
        """The best action."""
        with torch.no_grad():
            return int(self.network(observation).argmax())

    def remember(
        self,
        observation: Tensor,
        action: int,
        reward: float,
        next_observation: Tensor,
        terminated: bool,
        age: int = 0,
    ) -> None:
        """Write one transition over the oldest; the `age` ones before it in its episode go on over it."""
        discount = self.settings.gamma * (not terminated)
        for back in range(1, min(self.settings.n_steps - 1, age) + 1):
            earlier = (self.written - back) % self.capacity
            self.rewards[earlier] += self.discounts[earlier] * reward
            self.next_observations[earlier] = next_observation
            self.discounts[earlier] *= discount
        place = self.written % self.capacity
        self.observations[place] = observation
        self.actions[place] = action
        self.rewards[place] = reward
        self.next_observations[place] = next_observation
        self.discounts[place] = discount
        self.written += 1

    def update(self) -> tuple[Tensor, Tensor, Tensor]:
        """One gradient step on a batch drawn from the memory. Returns loss, gradient norm and mean value."""
        settings = self.settings
        batch = torch.randint(min(self.written, self.capacity), (settings.batch_size,))
        values = self.network(self.observations[batch]).gather(1, self.actions[batch, None]).squeeze(1)
        with torch.no_grad():
            bootstrap = self.target(self.next_observations[batch]).amax(1)
            targets = settings.reward_scale * self.rewards[batch] + self.discounts[batch] * bootstrap
        loss = nn.functional.huber_loss(values, targets)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), settings.max_norm or float("inf"))
        self.optimizer.step()
        return loss.detach(), norm, values.detach().mean()

    def copy_to_target(self) -> None:
        """Let the target network be what the network is now."""
        self.target.load_state_dict(self.network.state_dict())


def train(settings: Settings, report: Callable[[dict[str, float]], None]) -> None:
    """The whole training; `report` is called as often as the settings say, after greedy episodes."""
    training, evaluation = gymnasium.make(settings.environment), gymnasium.make(settings.environment)
    actions = int(cast(Discrete, training.action_space).n)
    agent = Agent(settings, len(training.reset()[0]), actions)
    rounds = (settings.budget - settings.learning_starts) // settings.train_frequency
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(
        agent.optimizer, max(1, rounds * settings.gradient_steps), settings.floor * settings.learning_rate
    )
    shown: list[tuple[float, float, float]] = []
    observation = torch.from_numpy(training.reset(seed=TRAINING_SEEDS + settings.seed)[0])
    age = 0
    for step in range(1, settings.budget + 1):
        epsilon = _epsilon(settings, step)
        action = int(torch.randint(actions, ())) if torch.rand(()) < epsilon else agent.greedy(observation)
        seen, reward, terminated, truncated, _ = training.step(action)
        next_observation = torch.from_numpy(seen)
        agent.remember(observation, action, float(reward), next_observation, terminated, age)
        age = 0 if terminated or truncated else age + 1
        observation = torch.from_numpy(training.reset()[0]) if terminated or truncated else next_observation
        if step > settings.learning_starts and step % settings.train_frequency == 0:
            for _ in range(settings.gradient_steps):
                loss, norm, value = agent.update()
                rate.step()
                shown.append((loss.item(), norm.item(), value.item()))
        if step % settings.target_interval == 0:
            agent.copy_to_target()
        if step * settings.reports % settings.budget < settings.reports:
            report({**_evaluate(agent, evaluation), **_means(shown, agent), "train/epsilon": epsilon})
            shown = []


def _epsilon(settings: Settings, step: int) -> float:
    left = max(0.0, 1 - step / (settings.exploration * settings.budget))
    return settings.epsilon_end + (settings.epsilon_start - settings.epsilon_end) * left


def _evaluate(agent: Agent, environment: gymnasium.Env) -> dict[str, float]:
    returns = []
    for episode in range(agent.settings.evaluation_episodes):
        observation, total, over = environment.reset(seed=EVALUATION_SEEDS + episode)[0], 0.0, False
        while not over:
            observation, reward, terminated, truncated, _ = environment.step(
                agent.greedy(torch.from_numpy(observation))
            )
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    all_returns = torch.tensor(returns)
    return {
        "evaluation/return_mean": all_returns.mean().item(),
        "evaluation/return_std": all_returns.std(correction=0).item(),
        "evaluation/return_min": all_returns.min().item(),
        "evaluation/return_max": all_returns.max().item(),
    }


def _means(shown: list[tuple[float, float, float]], agent: Agent) -> dict[str, float]:
    if not shown:
        return {}
    loss, norm, value = torch.tensor(shown).T
    return {
        "train/loss": loss.mean().item(),
        "train/gradient_norm": norm.mean().item(),
        "train/clipped_share": (norm > (agent.settings.max_norm or float("inf"))).float().mean().item(),
        "train/value_mean": value.mean().item(),
        "train/learning_rate": agent.optimizer.param_groups[0]["lr"],
    }
