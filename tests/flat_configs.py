"""Of each Trainable a flat config that is trained in a moment, and how to train it to its end."""

from typing import Any

import sweeps

from trainables.tune import DQN, PackTrainable, Reinforce, Supervised

SCORE = "evaluation/return_mean"
MATCH: dict[str, Any] = {"environment": "NumberMatch-v0", "budget": 200, **sweeps.TINY["fixed"]}
POLE: dict[str, Any] = {
    "environment": "CartPole-v1",
    "environment_args": {"max_episode_steps": 30},
    "budget": 120,
    "hidden": [8],
    "batch_size": 8,
    "replay_capacity": 70,
    "learning_starts": 20,
    "target_interval": 30,
    "evaluation_episodes": 2,
    "reports": 4,
}
RISK: dict[str, Any] = {"data": "conjunction-risk", "budget": 4, "hidden": [8], "batch_size": 400, "reports": 4}
FLAT: dict[str, tuple[type[PackTrainable], dict[str, Any]]] = {
    "dqn": (DQN, POLE),
    "reinforce": (Reinforce, MATCH),
    "supervised": (Supervised, RISK),
}


def to_the_end(trainable: PackTrainable) -> list[dict[str, Any]]:
    """All results that are left."""
    results = [trainable.train()]
    while not results[-1]["done"]:
        results.append(trainable.train())
    return results
