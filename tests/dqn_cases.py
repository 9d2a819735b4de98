"""Small trainings by DQN, and what their members remember."""

from typing import Any

import torch
from torch import Tensor

from trainables.loops import replay
from trainables.loops.dqn import DQNConfig, DQNLoop

CPU = torch.device("cpu")


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
        "evaluation_share": None,
        **common,
    }
    return DQNLoop([DQNConfig(**(fields | member)) for member in members or ({},)], CPU)


def transitions(loop: DQNLoop, inputs: int, member: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Observations, next observations, actions, rewards and terminated that a member remembers."""
    return replay.split(loop.state()[member]["replay"]["rows"], inputs)
