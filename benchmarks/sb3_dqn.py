"""DQN of Stable-Baselines3 (extra `bench`) with the settings of a DQNConfig; one training.

What remains different between the two: before learning starts theirs acts at random alone, ours as epsilon says; and
theirs moves the target network before the updates of the same step, ours after them.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

import gymnasium
import torch
from stable_baselines3 import DQN
from torch import nn

from trainables.base import random_streams

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


@dataclass(frozen=True)
class Settings:
    """Those of trainables.loops.dqn.DQNConfig that both have, under the same names."""

    environment: str
    budget: int
    seed: int
    learning_rate: float
    max_norm: float | None
    batch_size: int
    hidden: tuple[int, ...]
    activation: str
    gamma: float
    replay_capacity: int
    learning_starts: int
    train_frequency: int
    gradient_steps: int
    target_interval: int
    target_tau: float
    evaluation_episodes: int
    evaluation_seed: int
    epsilon_start: float
    epsilon_end: float
    exploration: float

    @classmethod
    def like(cls, config: Any) -> Self:
        """The settings that a DQNConfig has. Raises ValueError where it has one that the reference lacks."""
        lacking = {
            "loss": "huber",
            "reduction": "mean",
            "double": False,
            "n_steps": 1,
            "replay": True,
            "prioritised_replay": False,
            "target_network": True,
            "reward_scale": 1.0,
            "warmup": 0.0,
            "layer_norm": False,
        }
        other = [name for name, value in lacking.items() if getattr(config, name) != value]
        kinds = {"optimizer": "adam", "schedule": "fixed", "epsilon": "linear", "initialisation": "torch"}
        other += [name for name, kind in kinds.items() if getattr(config, name).kind != kind]
        if other:
            raise ValueError(f"the reference has no such {', '.join(other)}")
        own = {
            "epsilon_start": config.epsilon.start,
            "epsilon_end": config.epsilon.end,
            "exploration": config.epsilon.share,
        }
        return cls(**{each.name: getattr(config, each.name) for each in fields(cls) if each.name not in own}, **own)


def train(settings: Settings) -> float:
    """The whole training; the mean return of greedy episodes after it, on the seeds that ours is scored on."""
    agent = DQN(
        "MlpPolicy",
        settings.environment,
        seed=settings.seed,
        learning_rate=settings.learning_rate,
        buffer_size=settings.replay_capacity,
        learning_starts=settings.learning_starts,
        batch_size=settings.batch_size,
        tau=settings.target_tau,
        gamma=settings.gamma,
        train_freq=settings.train_frequency,
        gradient_steps=settings.gradient_steps,
        target_update_interval=settings.target_interval,
        exploration_initial_eps=settings.epsilon_start,
        exploration_final_eps=settings.epsilon_end,
        exploration_fraction=settings.exploration,
        max_grad_norm=settings.max_norm or float("inf"),
        policy_kwargs={"net_arch": list(settings.hidden), "activation_fn": ACTIVATIONS[settings.activation]},
        device="cpu",
    )
    agent.learn(settings.budget)
    return _evaluate(settings, agent.q_net.q_net)


def _evaluate(settings: Settings, network: nn.Module) -> float:
    environment, total = gymnasium.make(settings.environment), 0.0
    for seed in random_streams.evaluation_seeds(settings.evaluation_seed, settings.evaluation_episodes).tolist():
        observation, over = environment.reset(seed=seed)[0], False
        while not over:
            with torch.no_grad():
                action = int(network(torch.as_tensor(observation, dtype=torch.float32)).argmax())
            observation, reward, terminated, truncated, _ = environment.step(action)
            total, over = total + float(reward), terminated or truncated
    return total / settings.evaluation_episodes
