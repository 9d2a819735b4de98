"""Sound configurations of the presets at budgets of seconds, and what spoils them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Base:
    """A sound configuration.

    preset: the sweep that it comes from. over: what is put over that sweep.
    sound: the settings that make it sound. also_sound: changes that leave it so.
    mutations: changes that may make a fault of it.
    solved: the score from which on nothing is left to gain.
    """

    name: str
    loop: Literal["supervised", "dqn", "reinforce"]
    preset: str
    over: Sequence[str]
    sound: Settings
    also_sound: Sequence[Settings]
    mutations: Sequence[Settings]
    solved: float | None = None


RISK = Base(
    name="conjunction-risk",
    loop="supervised",
    preset="conjunction-risk",
    over=("budget=20",),
    sound={"learning_rate": 0.01, "schedule": {"one-cycle": {"rise": 0.3}}, "batch_size": 64},
    also_sound=({"activation": "tanh"},),
    mutations=(
        {"learning_rate": 1e-5},
        {"learning_rate": 1e-4},
        {"learning_rate": 3e-5, "schedule": "fixed"},
        {"learning_rate": 0.3},
        {"learning_rate": 1.0},
        {"learning_rate": 0.1, "schedule": "fixed"},
        {"schedule": "fixed", "learning_rate": 0.03},
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "learning_rate": 1e-3},
        {"optimizer": {"adam": {"weight_decay": 0.1}}},
        {"optimizer": {"adam": {"weight_decay": 1.0}}},
        {"optimizer": {"sgd": {"momentum": 0.99}}, "learning_rate": 1.0},
        {"max_norm": 1e-3, "optimizer": "sgd"},
        {"max_norm": 1e-4, "optimizer": {"sgd": {"momentum": 0.9}}},
        {"batch_size": 1600},
        {"batch_size": 400, "learning_rate": 1e-3},
        {"hidden": [1]},
        {"hidden": []},
        {"hidden": [2, 2]},
        {"standardise": False, "activation": "tanh"},
        {"standardise": False},
        {"initialisation": {"uniform": {"bound": 3.0}}, "activation": "tanh"},
        {"initialisation": {"uniform": {"bound": 1e-5}}, "optimizer": "sgd"},
        {"dropout": 0.5},
        {"dropout": 0.9},
        {"warmup": 0.9},
        {"validation_share": 0.98, "batch_size": 16, "hidden": [256, 256]},
    ),
)

MATCH = Base(
    name="number-match",
    loop="reinforce",
    preset="number-match",
    over=("budget=30_000",),
    sound={"learning_rate": 0.03, "entropy_weight": 0.1, "entropy_schedule": "cosine", "reward_scale": 0.2},
    also_sound=({"entropy_weight": 0.2},),
    solved=0.0,
    mutations=(
        {"learning_rate": 1e-4},
        {"learning_rate": 1e-3},
        {"learning_rate": 1.0},
        {"learning_rate": 10.0},
        {"entropy_weight": 0.0},
        {"entropy_weight": 0.0, "learning_rate": 0.1},
        {"entropy_weight": 30.0},
        {"entropy_weight": 3.0, "entropy_schedule": "fixed"},
        {"entropy_weight": 1.0, "entropy_schedule": "fixed"},
        {"environment_args": {"n": 10, "one_hot": False}},
        {"environment_args": {"n": 10, "one_hot": False}, "hidden": [128]},
        {"baseline": "none", "reward_scale": 1.0},
        {"baseline": "none", "entropy_weight": 0.0},
        {"reward_scale": 100.0},
        {"reward_scale": 1e-4},
        {"batch_size": 1},
        {"batch_size": 2_000},
        {"optimizer": "sgd"},
        {"optimizer": {"sgd": {"momentum": 0.9}}, "learning_rate": 1e-3},
        {"max_norm": 1e-4, "optimizer": "sgd"},
        {"initialisation": {"uniform": {"bound": 30.0}}},
    ),
)

POLE = Base(
    name="cartpole-reinforce",
    loop="reinforce",
    preset="cartpole-reinforce",
    over=("budget=30_000", "fixed.evaluation_share=null", "fixed.evaluation_episodes=4"),
    sound={"learning_rate": 0.01, "max_norm": 1.0, "baseline": "value", "normalise_advantages": True},
    also_sound=({"learning_rate": 0.006},),
    solved=475.0,
    mutations=(
        {"learning_rate": 1e-5},
        {"learning_rate": 3e-4},
        {"learning_rate": 1.0},
        {"learning_rate": 0.2},
        {"gamma": 0.0},
        {"gamma": 0.45},
        {"entropy_weight": 10.0},
        {"entropy_weight": 1.0},
        {"optimizer": "sgd", "max_norm": 0.01},
        {"batch_size": 200},
        {"batch_size": 1, "baseline": "none", "normalise_advantages": False},
        {"hidden": []},
        {"initialisation": {"uniform": {"bound": 10.0}}},
        {"initialisation": {"uniform": {"bound": 1e-4}}, "optimizer": "sgd"},
        {"value_weight": 1e4},
        {"normalise_advantages": False, "baseline": "none", "learning_rate": 0.1},
    ),
)

DQN = Base(
    name="cartpole-dqn",
    loop="dqn",
    preset="cartpole-dqn",
    over=("budget=8_000", "fixed.evaluation_share=null", "fixed.evaluation_episodes=4"),
    sound={
        "learning_rate": 3e-3,
        "target_interval": 100,
        "gamma": 0.98,
        "reward_scale": 0.3,
        "epsilon": {"linear": {"share": 0.3}},
        "learning_starts": 300,
        "schedule": "cosine",
    },
    also_sound=({"gamma": 0.985},),
    solved=475.0,
    mutations=(
        {"learning_rate": 1e-5},
        {"learning_rate": 1e-4},
        {"learning_rate": 0.1},
        {"learning_rate": 0.5},
        {"gamma": 0.45},
        {"gamma": 0.7},
        {"gamma": 0.9999, "reward_scale": 1.0},
        {"epsilon": {"linear": {"share": 0.3, "end": 1.0}}},
        {"epsilon": {"linear": {"share": 0.3, "end": 0.6}}},
        {"epsilon": {"linear": {"share": 0.001, "end": 0.0}}},
        {"learning_starts": 4_000},
        {"learning_starts": 3_000},
        {"target_interval": 2_400},
        {"target_interval": 1_200},
        {"target_interval": 1},
        {"target_network": False},
        {"target_tau": 0.001},
        {"replay_capacity": 64},
        {"replay": False},
        {"batch_size": 2},
        {"train_frequency": 200},
        {"reward_scale": 100.0, "loss": "squared", "max_norm": None},
        {"reward_scale": 1e-3},
        {"max_norm": 1e-4, "optimizer": "sgd"},
        {"optimizer": "sgd", "learning_rate": 1e-3},
        {"optimizer": "sgd", "loss": "squared", "reduction": "sum", "max_norm": None, "learning_rate": 0.1},
        {"hidden": []},
        {"initialisation": {"uniform": {"bound": 5.0}}},
        {"n_steps": 100},
        {"budget": 800},
    ),
)

BASES = (RISK, MATCH, POLE, DQN)
