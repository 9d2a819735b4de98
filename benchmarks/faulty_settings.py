"""Sound configurations of the presets at budgets of seconds, and what spoils them."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Settings = Mapping[str, Any]

Spoiler = Callable[[random.Random], Settings]
"""Draws settings that may make a fault."""


@dataclass(frozen=True)
class Base:
    """A sound configuration.

    preset: the sweep that it comes from. over: what is put over that sweep.
    sound: the settings that make it sound. also_sound: changes that leave it so.
    mutations: changes that may make a fault of it.
    spoilers: what further ones are drawn by.
    solved: the score from which on nothing is left to gain.
    """

    name: str
    loop: Literal["supervised", "dqn", "reinforce"]
    preset: str
    over: Sequence[str]
    sound: Settings
    also_sound: Sequence[Settings]
    mutations: Sequence[Settings]
    spoilers: Sequence[Spoiler]
    solved: float | None = None


def drawn(base: Base, count: int, seed: int) -> list[Settings]:
    """So many changes, two thirds of them by one spoiler and the others by two; no two are alike."""
    chance, found = random.Random(f"{seed} {base.name}"), dict[str, Settings]()
    while len(found) < count:
        changes: dict[str, Any] = {}
        for spoiler in chance.sample(list(base.spoilers), 1 if chance.random() < 2 / 3 else 2):
            changes |= spoiler(chance)
        found[repr(sorted(changes.items()))] = changes
    return list(found.values())


def _near(exponent: float, digits: int = 2) -> float:
    return float(f"{10**exponent:.{digits}g}")


def _power(name: str, low: float, high: float, **others: Any) -> Spoiler:
    """A setting of 10 to a power between two bounds, together with others as they are."""
    return lambda chance: {name: _near(chance.uniform(low, high)), **others}


def _one_of(name: str, *values: Any, **others: Any) -> Spoiler:
    """One of these values of a setting, together with others as they are."""
    return lambda chance: {name: chance.choice(values), **others}


def _within(name: str, low: float, high: float, **others: Any) -> Spoiler:
    """A setting between two bounds, together with others as they are."""
    return lambda chance: {name: round(chance.uniform(low, high), 3), **others}


def _first_weights(low: float, high: float, **others: Any) -> Spoiler:
    """First weights within 10 to a power between two bounds."""
    return lambda chance: {"initialisation": {"uniform": {"bound": _near(chance.uniform(low, high))}}, **others}


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
    spoilers=(
        _power("learning_rate", -6, -4),
        _power("learning_rate", -0.3, 1),
        _power("learning_rate", -5, -2.5, optimizer="sgd"),
        _power("max_norm", -5, -3, optimizer="sgd"),
        _one_of("batch_size", 800, 1_200, 1_600),
        _one_of("hidden", [], [1], [2], [3, 3], [64, 2]),
        _within("dropout", 0.4, 0.95),
        _first_weights(0.3, 2, activation="tanh"),
        _first_weights(-7, -4, optimizer="sgd"),
        lambda chance: {"optimizer": {"adam": {"weight_decay": _near(chance.uniform(-1, 1))}}},
        lambda chance: {"standardise": False, "activation": chance.choice(["tanh", "relu"])},
        _within("validation_share", 0.9, 0.98),
        _within("warmup", 0.8, 0.97),
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
    spoilers=(
        _power("learning_rate", -6, -3.3),
        _power("learning_rate", 0, 1.5),
        _power("learning_rate", -4, -2.5, optimizer="sgd"),
        _power("entropy_weight", 0.5, 2, entropy_schedule="fixed"),
        _one_of("entropy_weight", 0.0, baseline="none"),
        _power("reward_scale", 1.5, 3),
        _power("reward_scale", -5, -3),
        _one_of("batch_size", 1, 2, 1_000, 3_000),
        _one_of("hidden", [], [64], [128], environment_args={"n": 10, "one_hot": False}),
        _first_weights(0.7, 2),
        _power("max_norm", -5, -3, optimizer="sgd"),
        _within("warmup", 0.8, 0.97),
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
    spoilers=(
        _power("learning_rate", -6, -3.3),
        _power("learning_rate", -0.7, 0.5),
        _within("gamma", 0.0, 0.6),
        _power("entropy_weight", 0, 1.5),
        _power("max_norm", -4, -2, optimizer="sgd"),
        _one_of("batch_size", 100, 200, 400),
        _one_of("batch_size", 1, 2, baseline="none", normalise_advantages=False),
        _first_weights(0.5, 1.5),
        _first_weights(-6, -4, optimizer="sgd"),
        _one_of("hidden", [1], [2, 2]),
        _power("reward_scale", 2, 3, normalise_advantages=False, baseline="none"),
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
    spoilers=(
        _power("learning_rate", -6, -4),
        _power("learning_rate", -1, 0),
        _within("gamma", 0.2, 0.8),
        lambda chance: {"epsilon": {"linear": {"share": 0.3, "end": round(chance.uniform(0.5, 1.0), 2)}}},
        _one_of("epsilon", {"linear": {"share": 0.001, "end": 0.0}}, {"linear": {"share": 0.01, "end": 0.0}}),
        _one_of("learning_starts", 3_500, 5_000, 6_500),
        _one_of("target_interval", 2_000, 3_000, 4_000),
        _one_of("target_network", False, loss="squared", max_norm=None),
        _power("target_tau", -3.5, -2.5),
        _one_of("replay_capacity", 64, 128, 200),
        _one_of("replay", False),
        _one_of("batch_size", 1, 2, 3),
        _one_of("train_frequency", 100, 200, 400),
        _power("reward_scale", 1.5, 2.5, loss="squared", max_norm=None),
        _power("reward_scale", -4, -2.5),
        _power("max_norm", -5, -3, optimizer="sgd"),
        _power("learning_rate", -4, -2.5, optimizer="sgd"),
        _power("learning_rate", -2, -1, optimizer="sgd", loss="squared", reduction="sum", max_norm=None),
        _first_weights(0.5, 1.5),
        _one_of("hidden", [], [1], [2, 2]),
        _one_of("n_steps", 50, 100),
    ),
)

BASES = (RISK, MATCH, POLE, DQN)
