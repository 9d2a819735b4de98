"""Of each loop a small training, and how to score what it deploys: what the contract suite needs to know of a loop."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
import torch
from pydantic import Field
from tiny_environments import SWITCHES
from torch import Tensor, nn

from trainables.base import random_streams
from trainables.data import datasets
from trainables.loops.dqn import DQNConfig, DQNLoop
from trainables.loops.reinforce import ReinforceLoop

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def learners_weights(state: dict[str, Any]) -> dict[str, Tensor]:
    """The weights in a member's state, as the platform's learner keeps them."""
    weights: dict[str, Tensor] = state["learner"]["parameters"]
    return weights


@dataclass(frozen=True)
class Case:
    """One small training.

    common: the structural fields.
    deployed: the score of what `best()` holds, by means that share nothing with the loop.
    easy: fields of a task that is learnt from every seed.
    learnt: whether the metrics of a member's last point show that it was.
    members: the tunable fields of three members that differ in all that they can.
    middle, later: where to interrupt.
    weights: those in a member's state.
    compiled: fields that spare the compiler shapes.
    overshoots: whether the budget may be exceeded.
    others: metrics that the loop has with other fields.
    """

    common: dict[str, Any]
    deployed: Callable[[Any, dict[str, Any]], float]
    easy: dict[str, Any]
    learnt: Callable[[dict[str, float]], bool]
    members: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] = (
        {"seed": 3},
        {"seed": 5, "learning_rate": 3e-4},
        {"seed": 8, "learning_rate": 1e-4},
    )
    middle: int = 20
    later: int = 30
    weights: Callable[[dict[str, Any]], dict[str, Tensor]] = learners_weights
    compiled: dict[str, Any] = field(default_factory=dict)
    overshoots: bool = False
    others: frozenset[str] = frozenset()


def network(best: dict[str, Any]) -> nn.Sequential:
    """What `best()` holds of a member as a plain module, built from its description alone."""
    plain = best["network"]
    widths = [plain["inputs"], *plain["hidden"]]
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), ACTIVATIONS[plain["activation"]]()]
    built = nn.Sequential(*layers, nn.Linear(widths[-1], plain["outputs"]))
    built.load_state_dict(best["state_dict"])
    return built


def likeliest(outputs: Tensor) -> Any:
    """One of several actions."""
    return int(outputs.argmax())


def likeliest_parts(outputs: Tensor) -> Any:
    """What two switches of two and three positions are set to, the second of which is counted from 1."""
    return np.array([int(outputs[:2].argmax()), int(outputs[2:].argmax()) + 1])


def likeliest_pair(outputs: Tensor) -> Any:
    """The same, told by one number."""
    first, second = divmod(int(outputs.argmax()), 3)
    return np.array([first, second + 1])


def squashed(outputs: Tensor) -> Any:
    """Two numbers, from -1 to 1 and from 0 to 10."""
    return np.tanh(outputs.double().numpy())[None] * [1.0, 5.0] + [0.0, 5.0]


def returns(config: Any, best: dict[str, Any], action_of: Callable[[Tensor], Any] = likeliest) -> list[float]:
    """Of greedy episodes, played one after the other."""
    environment, policy, found = gymnasium.make(config.environment, **config.environment_args), network(best), []
    for seed in random_streams.evaluation_seeds(config.evaluation_seed, config.evaluation_episodes).tolist():
        (observation, _), earned, ended = environment.reset(seed=seed), 0.0, False
        while not ended:
            with torch.no_grad():
                action = action_of(policy(torch.as_tensor(observation)))
            observation, reward, terminated, truncated, _ = environment.step(action)
            earned, ended = earned + float(reward), terminated or truncated
        found.append(earned)
    return found


def mean_return(config: Any, best: dict[str, Any], action_of: Callable[[Tensor], Any] = likeliest) -> float:
    """The mean return of greedy episodes."""
    return float(np.mean(returns(config, best, action_of)))


def predicted(best: dict[str, Any], features: Any) -> Tensor:
    """What `best()` holds of a member makes of features in their own units: targets in theirs, or logits."""
    mean, deviation = (np.array(best["inputs"][name]) for name in ("mean", "deviation"))
    scaled = torch.tensor((features - mean) / deviation, dtype=torch.float32)
    with torch.no_grad():
        outputs: Tensor = network(best)(scaled)
    if "mean" not in best["outputs"]:
        return outputs
    mean, deviation = (torch.tensor(best["outputs"][name]) for name in ("mean", "deviation"))
    return outputs * deviation + mean


def validation_loss(config: Any, best: dict[str, Any]) -> float:
    """The mean squared error on the validation part, with inputs and outputs scaled as `best()` says."""
    data = datasets.load(config.source)
    errors = predicted(best, data.validation_features).numpy() - data.validation_targets
    return float((errors**2).mean())


def height(config: Any, best: dict[str, Any]) -> float:
    """How far above its floor a point of Rosenbrock's valley lies."""
    x, y = best["state_dict"]["point"].tolist()
    return float((1 - x) ** 2 + config.steepness * (y - x**2) ** 2)


NUMBER_MATCH = {
    "environment": "NumberMatch-v0",
    "environment_args": {"n": 3, "one_hot": True},
    "evaluation_episodes": 30,
    "evaluation_share": None,
}
"""Naming the number that is shown returns 0, and any other less."""

CASES = {
    "dqn": Case(
        common={
            "environment": "CartPole-v1",
            "budget": 100,
            "hidden": (16,),
            "activation": "tanh",
            "batch_size": 8,
            "replay_capacity": 60,
            "learning_starts": 20,
            "train_frequency": 2,
            "evaluation_episodes": 3,
            "evaluation_share": None,
        },
        members=(
            {"seed": 3, "target_interval": 25, "n_steps": 3, "epsilon": {"linear": {"end": 0.1}}},
            {"seed": 5, "learning_rate": 3e-3, "schedule": {"cosine": {"floor": 0.1}}, "warmup": 0.1, "gamma": 0.9},
            {
                "seed": 8,
                "max_norm": 0.5,
                "reward_scale": 0.1,
                "schedule": "step",
                "optimizer": {"adam": {"beta1": 0.5}},
            },
        ),
        middle=51,
        later=75,
        deployed=mean_return,
        easy={**NUMBER_MATCH, "budget": 400, "batch_size": 32, "learning_rate": 0.02, "replay_capacity": 10_000},
        # With the reward alone as target, the best action's value is 0 and the others' -1 and below.
        learnt=lambda metrics: metrics["evaluation/return_mean"] == 0 and metrics["train/loss"] < 0.1,
        compiled={"evaluation_episodes": 1, "hidden": ()},
    ),
    "reinforce": Case(
        common={
            "environment": "CartPole-v1",
            "budget": 400,
            "hidden": (16,),
            "batch_size": 4,
            "baseline": "value",
            "normalise_rewards": True,
            "evaluation_episodes": 3,
            "evaluation_share": None,
        },
        members=(
            {"seed": 3, "entropy_weight": 0.01, "entropy_schedule": {"exponential": {"final": 0.1}}},
            {"seed": 5, "learning_rate": 3e-3, "schedule": {"cosine": {"floor": 0.1}}, "warmup": 0.1, "gamma": 0.9},
            {
                "seed": 8,
                "max_norm": 0.5,
                "reward_scale": 0.1,
                "schedule": "step",
                "optimizer": {"adam": {"beta1": 0.5}},
            },
        ),
        middle=201,
        later=300,
        deployed=mean_return,
        easy={
            **NUMBER_MATCH,
            "budget": 2_500,
            "batch_size": 16,
            "learning_rate": 0.03,
            "baseline": "batch_mean",
            "normalise_rewards": False,
        },
        learnt=lambda metrics: metrics["evaluation/return_mean"] == 0 and metrics["train/return_mean"] > -0.5,
        compiled={"environment": "NumberMatch-v0", "evaluation_episodes": 4, "baseline": "none"},
        overshoots=True,
    ),
    "supervised": Case(
        common={"budget": 5, "hidden": (16,), "batch_size": 150},
        members=(
            {"seed": 3, "dropout": 0.2},
            {"seed": 5, "learning_rate": 3e-3, "schedule": {"cosine": {"floor": 0.1}}, "warmup": 0.1, "dropout": 0.5},
            {
                "seed": 8,
                "max_norm": 0.05,
                "schedule": {"plateau": {"patience": 0, "threshold": 0.5, "factor": 0.5}},
                "optimizer": {"adam": {"beta1": 0.5, "weight_decay": 0.01}},
            },
        ),
        middle=2,
        later=3,
        deployed=validation_loss,
        easy={"budget": 8, "hidden": (64, 64), "batch_size": 32, "learning_rate": 3e-3},
        learnt=lambda metrics: metrics["validation/best_loss"] < 1e-3,
        others=frozenset(
            {"validation/best_mae", "validation/best_r2"}
            | {f"validation/{best}{of}" for best in ("", "best_") for of in ("accuracy", "balanced_accuracy", "f1")}
        ),
    ),
    "rosenbrock:Rosenbrock": Case(
        common={"budget": 40},
        deployed=height,
        easy={"budget": 2_000, "learning_rate": 3e-4, "momentum": 0.9},
        learnt=lambda metrics: metrics["validation/loss"] < 0.01,
        weights=lambda state: {"point": state["point"]},
    ),
}
"""By the loop's name as a sweep has it, whoever wrote the loop; one of the platform fails without a case."""


class PrioritisedConfig(DQNConfig):
    prioritised_replay: bool = Field(True, description="which a setting could only be for all cases of the loop")


class PrioritisedDQN(DQNLoop):
    """DQN whose memory has state of its own."""

    Config = PrioritisedConfig


_priorities: tuple[dict[str, Any], ...] = ({}, {"priority_alpha": 0.9, "priority_beta": 0.0}, {"priority_alpha": 0.3})
CASES["loop_cases:PrioritisedDQN"] = replace(
    CASES["dqn"], members=tuple(a | b for a, b in zip(CASES["dqn"].members, _priorities, strict=True))
)


class PartsDQN(DQNLoop):
    """DQN that chooses among the combinations of several parts."""


class PartsReinforce(ReinforceLoop):
    """REINFORCE with a head for each part of an action."""


class GaussianReinforce(ReinforceLoop):
    """REINFORCE whose actions are numbers, drawn with a deviation that a network tells."""


def _but_the_deviation(state: dict[str, Any]) -> dict[str, Tensor]:
    """The weights that are drawn by chance."""
    return {name: each for name, each in learners_weights(state).items() if name != "log_deviation"}


_SINGLY = {"environment": SWITCHES, "gamma": 0.0, "batch_size": 4}
"""Each step is a task of its own, in which the best return is 2 of switches that are set, 0 of numbers."""

_deviations: tuple[dict[str, Any], ...] = ({"initial_deviation": 0.2}, {"initial_deviation": 1.0}, {})
CASES |= {
    "loop_cases:PartsDQN": replace(
        CASES["dqn"],
        common=CASES["dqn"].common | {"environment": SWITCHES, "budget": 60},
        middle=31,
        later=45,
        deployed=partial(mean_return, action_of=likeliest_pair),
        easy=CASES["dqn"].easy | {"environment": SWITCHES, "environment_args": {}, "gamma": 0.0},
        learnt=lambda metrics: metrics["evaluation/return_mean"] == 8,
    ),
    "loop_cases:PartsReinforce": replace(
        CASES["reinforce"],
        common=CASES["reinforce"].common | {"environment": SWITCHES, "budget": 160},
        middle=81,
        later=120,
        deployed=partial(mean_return, action_of=likeliest_parts),
        easy=CASES["reinforce"].easy | _SINGLY | {"environment_args": {}},
        learnt=lambda metrics: metrics["evaluation/return_mean"] == 8,
        compiled={"environment": SWITCHES, "evaluation_episodes": 4, "baseline": "none"},
    ),
    "loop_cases:GaussianReinforce": replace(
        CASES["reinforce"],
        common=CASES["reinforce"].common
        | {"environment": SWITCHES, "environment_args": {"space": "box"}, "deviation": "by_state", "budget": 160},
        middle=81,
        later=120,
        members=tuple(a | b for a, b in zip(CASES["reinforce"].members, _deviations, strict=True)),
        deployed=partial(mean_return, action_of=squashed),
        easy=CASES["reinforce"].easy | _SINGLY | {"environment_args": {"space": "box"}, "learning_rate": 0.01},
        # Whoever does not look at what is shown returns -3.6 at best.
        learnt=lambda metrics: metrics["evaluation/return_mean"] > -2.5,
        weights=_but_the_deviation,
        others=frozenset({"train/entropy_share", "train/common_action"}),
        compiled={"environment": SWITCHES, "evaluation_episodes": 4, "baseline": "none"},
    ),
}
