"""REINFORCE as anyone would write it, one training and nothing beside it: torch.nn, torch.optim, a single environment.

The algorithm and its settings are those of trainables/loops/reinforce.py with a learnt baseline.
"""

from dataclasses import dataclass, fields
from typing import Any, Self, cast

import gymnasium
import torch
from gymnasium.spaces import Discrete
from torch import Tensor, nn

TRAINING_SEEDS, EVALUATION_SEEDS = 0, 1_000_000


@dataclass(frozen=True)
class Settings:
    """Those of trainables.loops.reinforce.ReinforceConfig that matter here, under the same names."""

    environment: str
    budget: int
    seed: int
    learning_rate: float
    max_norm: float | None
    batch_size: int
    hidden: tuple[int, ...]
    gamma: float
    reward_scale: float
    entropy_weight: float
    value_weight: float
    evaluation_episodes: int

    @classmethod
    def like(cls, config: Any) -> Self:
        """The settings that a ReinforceConfig has."""
        return cls(**{each.name: getattr(config, each.name) for each in fields(cls)})


@dataclass(frozen=True)
class Episode:
    """One complete episode: what was seen (T, F), done and earned (T,)."""

    observations: Tensor
    actions: Tensor
    rewards: list[float]

    def returns(self, gamma: float) -> Tensor:
        """The discounted return from each step on (T,)."""
        found: list[float] = []
        following = 0.0
        for reward in reversed(self.rewards):
            following = reward + gamma * following
            found.append(following)
        return torch.tensor(found[::-1])


def train(settings: Settings) -> float:
    """The whole training; the mean return of greedy episodes after it."""
    environment = gymnasium.make(settings.environment)
    torch.manual_seed(settings.seed)
    observation, _ = environment.reset(seed=TRAINING_SEEDS + settings.seed)
    inputs, actions = len(observation), int(cast(Discrete, environment.action_space).n)
    policy, value = _network(settings, inputs, actions), _network(settings, inputs, 1)
    parameters = [*policy.parameters(), *value.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=settings.learning_rate)
    spent = 0
    while spent < settings.budget:
        episodes = [_episode(environment, policy) for _ in range(settings.batch_size)]
        spent += sum(len(episode.rewards) for episode in episodes)
        loss = _loss(settings, policy, value, episodes)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(parameters, settings.max_norm or float("inf"))
        optimizer.step()
    return _evaluate(settings, environment, policy)


def _network(settings: Settings, inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    width = inputs
    for hidden in settings.hidden:
        layers += [nn.Linear(width, hidden), nn.ReLU()]
        width = hidden
    return nn.Sequential(*layers, nn.Linear(width, outputs))


def _episode(environment: gymnasium.Env, policy: nn.Module) -> Episode:
    seen: list[Tensor] = []
    taken: list[int] = []
    rewards: list[float] = []
    observation, over = torch.from_numpy(environment.reset()[0]), False
    while not over:
        with torch.no_grad():
            action = int(torch.multinomial(torch.softmax(policy(observation), -1), 1))
        seen.append(observation)
        taken.append(action)
        following, reward, terminated, truncated, _ = environment.step(action)
        rewards.append(float(reward))
        observation, over = torch.from_numpy(following), terminated or truncated
    return Episode(torch.stack(seen), torch.tensor(taken), rewards)


def _loss(settings: Settings, policy: nn.Module, value: nn.Module, episodes: list[Episode]) -> Tensor:
    observations = torch.cat([episode.observations for episode in episodes])
    actions = torch.cat([episode.actions for episode in episodes])
    returns = settings.reward_scale * torch.cat([episode.returns(settings.gamma) for episode in episodes])
    chances = torch.distributions.Categorical(logits=policy(observations))
    values = value(observations).squeeze(-1)
    policy_loss = -(chances.log_prob(actions) * (returns - values.detach())).mean()
    value_loss = ((returns - values) ** 2).mean()
    loss: Tensor = policy_loss - settings.entropy_weight * chances.entropy().mean() + settings.value_weight * value_loss
    return loss


def _evaluate(settings: Settings, environment: gymnasium.Env, policy: nn.Module) -> float:
    total = 0.0
    for episode in range(settings.evaluation_episodes):
        observation, over = environment.reset(seed=EVALUATION_SEEDS + episode)[0], False
        while not over:
            with torch.no_grad():
                action = int(policy(torch.from_numpy(observation)).argmax())
            observation, reward, terminated, truncated, _ = environment.step(action)
            total, over = total + float(reward), terminated or truncated
    return total / settings.evaluation_episodes
