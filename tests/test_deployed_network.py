"""A network that is deployed: it answers as the trained one, and so does the program that torch makes of it."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tiny_environments import OFFSET

from trainables.base.images import Image
from trainables.deployed_network import DeployedNetwork
from trainables.environments import Actions, action_spaces
from trainables.environments.action_spaces import Continuous, Discrete, Parts, Product
from trainables.networks import networks, specs
from trainables.networks.specs import MLP, Convolutional, Own, Spec
from trainables.trained_network import TrainedNetwork

VECTOR, INFINITE = MLP(3, 6, (4,)), float("inf")
POLICIES: list[tuple[Spec, Actions]] = [
    (VECTOR, Discrete(6, start=2)),
    (VECTOR, Product(Parts((2, 3), (0, 1), (2,), "int64"))),
    (VECTOR, Parts((2, 4), (0, 1), (2,), "int8")),
    (VECTOR, Continuous((-1.0,) * 6, (5.0,) * 6, (2, 3), "float64", "squash")),
    (VECTOR, Continuous((-INFINITE,) * 6, (0.1,) * 6, (6,), "float32", "clip")),
    (VECTOR, Continuous((-100.0,) * 6, (5.0,) * 6, (6,), "int16", "clip")),
    (Convolutional(Image(6, 5, 3, True, 1 / 255), 6, (4,), (5,)), Discrete(6)),
    (Own("own_networks:TwoHeads", 3, 6), Discrete(6)),
]
KINDS = ["discrete", "product", "parts", "squashed", "half open", "whole numbers", "image", "own network"]


def best(spec: Spec, **more: Any) -> dict[str, Any]:
    """What a best.pt holds of this network, drawn by chance."""
    return {"network": specs.as_plain(spec), "state_dict": networks.initial(spec, 0), **more}


def exported(network: DeployedNetwork, path: Path) -> Any:
    """The program of a network, written and read again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = ({0: torch.export.Dim.AUTO},)
        made = torch.export.export(network, (torch.from_numpy(network.example()),), dynamic_shapes=shapes)
        torch.export.save(made, path)
        return torch.export.load(path).module()


def seen(spec: Spec, count: int) -> NDArray[np.float32]:
    """Observations by chance, many of them out of the bounds of what follows from them."""
    return np.random.default_rng(0).normal(0, 9, (count, spec.inputs)).astype(np.float32)


@pytest.mark.parametrize(("spec", "actions"), POLICIES, ids=KINDS)
def test_a_policy_gives_actions_as_the_environment_takes_them(spec: Spec, actions: Actions) -> None:
    network = TrainedNetwork(best(spec, actions=action_spaces.as_plain(actions)))
    expected, found = network.act(seen(spec, 5)), DeployedNetwork(network).answers(seen(spec, 5))
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "actions"), POLICIES, ids=KINDS)
def test_its_program_takes_batches_of_any_size(tmp_path: Path, spec: Spec, actions: Actions) -> None:
    network = TrainedNetwork(best(spec, actions=action_spaces.as_plain(actions)))
    program = exported(DeployedNetwork(network), tmp_path / "network.pt2")
    for count in (1, 5):
        found = program(torch.from_numpy(seen(spec, count))).numpy()
        np.testing.assert_allclose(found, network.act(seen(spec, count)), rtol=1e-5)


@pytest.mark.parametrize(
    ("environment", "inputs", "example"),
    [
        ("CartPole-v1", 4, np.zeros((2, 4), np.float32)),
        (OFFSET, 4, np.array([3, 4])),
        ("Blackjack-v1", 45, np.zeros((2, 45), np.float32)),
        ("nowhere:Absent-v0", 3, np.zeros((2, 3), np.float32)),
    ],
    ids=["vectors", "numbers", "several parts", "not here"],
)
def test_the_example_is_what_the_environment_gives(environment: str, inputs: int, example: NDArray[Any]) -> None:
    network = TrainedNetwork(best(MLP(inputs, 2, (4,)), config={"environment": environment}))
    found = DeployedNetwork(network).example()
    assert found.dtype == example.dtype
    np.testing.assert_array_equal(found, example)
    np.testing.assert_array_equal(DeployedNetwork(network).answers(found), network.act(found))


def test_targets_come_in_their_units() -> None:
    inputs = {"names": ["x", "y", "z"], "mean": [1e6, 0.0, 1.0], "deviation": [1.0, 2.0, 3.0]}
    outputs = {"names": ["out"], "mean": [1e5], "deviation": [3.0]}
    network = TrainedNetwork(best(MLP(3, 1, (4,)), inputs=inputs, outputs=outputs))
    deployed = DeployedNetwork(network)
    np.testing.assert_array_equal(deployed.example(), [[1e6, 0.0, 1.0], [1e6 + 1, 2.0, 4.0]])
    np.testing.assert_allclose(deployed.answers(deployed.example()), network(deployed.example()).numpy(), rtol=1e-9)


def test_classes_come_as_probabilities() -> None:
    inputs = {"names": ["x", "y", "z"], "mean": [0.0] * 3, "deviation": [1.0] * 3}
    network = TrainedNetwork(best(MLP(3, 2, (4,)), inputs=inputs, outputs={"names": ["kind"], "classes": ["a", "b"]}))
    found = DeployedNetwork(network).answers(np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(found.sum(-1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(found, torch.softmax(network(np.array([[1.0, 2.0, 3.0], [0, 0, 0]])), -1).numpy())
