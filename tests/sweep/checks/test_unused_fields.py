"""Fields that do nothing: named wherever no trial has what makes them count, and nowhere else."""

from typing import Any

import pytest
from sweep_cases import DQN, SUPERVISED, problems

from trainables.loops.registry import LOOPS
from tuning.errors import SweepError
from tuning.sweep import draft
from tuning.sweep.checks import unused_fields
from tuning.sweep.model import Sweep

REINFORCE = {**DQN, "loop": "reinforce"}
OWN = "own_networks:TwoHeads"
RATE = DQN["search"]["learning_rate"]

IDLE: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, str]]] = [
    (SUPERVISED, {"network": OWN, "dropout": 0.1}, {}, {"fixed.dropout": "network is standard"}),
    (SUPERVISED, {"hidden": [], "dropout": 0.1}, {}, {"fixed.dropout": "hidden has a layer"}),
    (
        SUPERVISED,
        {"network": OWN},
        {"dropout": {"low": 0, "high": 0.5}, "hidden": {"choices": [[8], [9]]}},
        {"search.dropout": "network is standard", "search.hidden": "network is standard"},
    ),
    (SUPERVISED, {"hidden": [], "layer_norm": True}, {}, {"fixed.layer_norm": "hidden has a layer"}),
    (
        SUPERVISED,
        {"hidden": [], "activation": "tanh"},
        {},
        {"fixed.activation": "hidden has a layer"},
    ),
    (
        SUPERVISED,
        {"network": OWN, "hidden": [], "dropout": 0.1},
        {},
        {"fixed.hidden": "network is standard", "fixed.dropout": "network is standard and hidden has a layer"},
    ),
    (SUPERVISED, {"class_weights": "balanced"}, {}, {"fixed.class_weights": "loss is cross_entropy"}),
    (
        SUPERVISED,
        {"loss": "cross_entropy", "standardise_targets": True},
        {},
        {"fixed.standardise_targets": "loss is mse or huber"},
    ),
    (DQN, {"network": OWN, "channels": [4]}, {}, {"fixed.channels": "network is standard"}),
    (DQN, {"priority_alpha": 0.5}, {}, {"fixed.priority_alpha": "prioritised_replay is true"}),
    (DQN, {}, {"priority_beta": {"low": 0, "high": 1}}, {"search.priority_beta": "prioritised_replay is true"}),
    (DQN, {"replay": False, "replay_capacity": 500}, {}, {"fixed.replay_capacity": "replay is true"}),
    (DQN, {"target_network": False, "double": True}, {}, {"fixed.double": "target_network is true"}),
    (
        DQN,
        {"target_network": False, "target_tau": 0.1},
        {"target_interval": {"low": 1, "high": 9}},
        {"fixed.target_tau": "target_network is true", "search.target_interval": "target_network is true"},
    ),
    (REINFORCE, {"value_weight": 1.0}, {}, {"fixed.value_weight": "baseline is value"}),
    (
        REINFORCE,
        {"value_weight": 1.0},
        {"baseline": {"choices": ["none", "batch_mean"]}},
        {"fixed.value_weight": "baseline is value"},
    ),
    (REINFORCE, {"entropy_schedule": "cosine"}, {}, {"fixed.entropy_schedule": "entropy_weight is above 0"}),
    (
        REINFORCE,
        {"entropy_weight": 0},
        {"entropy_schedule": {"choices": ["fixed", "cosine"]}},
        {"search.entropy_schedule": "entropy_weight is above 0"},
    ),
    # Trial 0 has the standard network, but no value of the search.
    (
        SUPERVISED,
        {},
        {"network": {"choices": [OWN, "a:B"]}, "dropout": {"low": 0.1, "high": 0.5}},
        {"search.dropout": "network is standard"},
    ),
]

COUNTING: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    (SUPERVISED, {"dropout": 0.1, "activation": "tanh", "layer_norm": True}, {}),
    (SUPERVISED, {"hidden": []}, {}),
    (SUPERVISED, {"dropout": 0.1}, {"hidden": {"choices": [[], [8]]}}),
    (SUPERVISED, {}, {"dropout": {"low": 0, "high": 0.5}, "network": {"choices": ["standard", OWN]}}),
    (SUPERVISED, {"hidden": [8]}, {"network": {"choices": [OWN, "a:B"]}}),  # in trial 0
    (SUPERVISED, {"network": OWN, "dropout": 0.0, "layer_norm": False}, {}),  # off, as it is
    (SUPERVISED, {"network": OWN, "initialisation": "orthogonal"}, {}),
    (DQN, {"channels": [4]}, {}),  # which need images is known only where the environment is
    (DQN, {"hidden": [], "activation": "tanh"}, {}),
    (DQN, {"priority_alpha": 0.5}, {"prioritised_replay": {"choices": [False, True]}}),
    (DQN, {"replay_capacity": 500}, {"replay": {"choices": [False, True]}}),
    (DQN, {"target_network": False, "double": False}, {}),
    (DQN, {"target_tau": 0.1}, {"target_network": {"choices": [False, True]}}),
    (REINFORCE, {"value_weight": 1.0}, {"baseline": {"choices": ["none", "value"]}}),
    (REINFORCE, {"entropy_schedule": "cosine"}, {"entropy_weight": {"low": 0.0, "high": 1.0}}),
    (REINFORCE, {"entropy_schedule": "cosine", "entropy_weight": 0.1}, {}),
]


def made(data: dict[str, Any], fixed: dict[str, Any], search: dict[str, Any]) -> dict[str, Any]:
    return {**data, "fixed": fixed, "search": {"learning_rate": RATE, **search}}


@pytest.mark.parametrize(("data", "fixed", "search", "expected"), IDLE)
def test_what_does_nothing_is_named_and_what_it_would_take(
    data: dict[str, Any], fixed: dict[str, Any], search: dict[str, Any], expected: dict[str, str]
) -> None:
    found = problems(made(data, fixed, search))
    assert found == {path: f"does nothing unless {words}" for path, words in expected.items()}


@pytest.mark.parametrize(("data", "fixed", "search"), COUNTING)
def test_what_counts_in_any_trial_is_accepted(
    data: dict[str, Any], fixed: dict[str, Any], search: dict[str, Any]
) -> None:
    Sweep.model_validate(made(data, fixed, search))


def test_what_a_loop_of_ones_own_makes_of_its_fields_is_not_known() -> None:
    class Loop(LOOPS["dqn"]):  # type: ignore[misc]
        pass

    given = draft.read(made(DQN, {"priority_alpha": 0.5}, {}))
    assert list(unused_fields.problems(given, LOOPS["dqn"])) != []
    assert list(unused_fields.problems(given, Loop)) == []


def test_the_table_names_fields_that_there_are() -> None:
    known = {name for loop in LOOPS.values() for name in loop.Config.model_fields}
    conditions = {name for each in unused_fields.COUNTS.values() for where in each for name in where.right}
    assert unused_fields.COUNTS.keys() | conditions - {unused_fields.IMAGES, unused_fields.CONTINUOUS} <= known


def test_a_field_with_a_mistake_is_named_for_that_alone() -> None:
    with pytest.raises(SweepError, match=r"^fixed.priority_alpha: should be at most 1, is 2$"):
        Sweep.model_validate(made(DQN, {"priority_alpha": 2}, {}))
