"""Networks as plain values: the modules that they build, and how they are written."""

import pytest
from network_cases import CONVOLUTIONAL, PICTURE_OF_5_BY_6
from torch import nn

from trainables.loops.config import network
from trainables.loops.dqn import DQNConfig
from trainables.loops.supervised import SupervisedConfig
from trainables.networks import specs
from trainables.networks.specs import MLP, Convolutional, Own, Spec


def names(module: nn.Module) -> str:
    def name(layer: nn.Module) -> str:
        match layer:
            case nn.Linear():
                return f"Linear({layer.in_features}, {layer.out_features})"
            case nn.Conv2d():
                return f"Conv2d({layer.in_channels}, {layer.out_channels})"
            case nn.LayerNorm():
                return f"LayerNorm{layer.normalized_shape}"
        return type(layer).__name__

    return " ".join(map(name, module.children()))


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        (MLP(4, 2, ()), "Linear(4, 2)"),
        (MLP(4, 2, (8,)), "Linear(4, 8) ReLU Linear(8, 2)"),
        (MLP(3, 1, (8, 5), "tanh"), "Linear(3, 8) Tanh Linear(8, 5) Tanh Linear(5, 1)"),
        (MLP(3, 1, (8,), "silu"), "Linear(3, 8) SiLU Linear(8, 1)"),
        (MLP(3, 1, (8,), "gelu"), "Linear(3, 8) GELU Linear(8, 1)"),
        (MLP(3, 1, (8,), layer_norm=True), "Linear(3, 8) LayerNorm(8,) ReLU Linear(8, 1)"),
        # 5 x 6 becomes 3 x 3 becomes 2 x 2.
        (CONVOLUTIONAL, "Conv2d(3, 4) Tanh Conv2d(4, 8) Tanh Flatten Linear(32, 16) Tanh Linear(16, 2)"),
        (Convolutional(PICTURE_OF_5_BY_6, 2, (), ()), "Flatten Linear(90, 2)"),
    ],
)
def test_layers_with_an_activation_between_and_none_at_the_end(spec: Spec, layers: str) -> None:
    assert names(spec.build()) == layers


def test_an_mlp_as_plain_values() -> None:
    assert specs.as_plain(MLP(4, 2, (8, 5), "tanh")) == {
        "kind": "mlp",
        "inputs": 4,
        "outputs": 2,
        "hidden": [8, 5],
        "activation": "tanh",
        "layer_norm": False,
    }


def test_a_convolutional_network_as_plain_values() -> None:
    image = {"height": 5, "width": 6, "channels": 3, "channels_last": True, "scale": 1 / 255}
    assert specs.as_plain(CONVOLUTIONAL) == {
        "kind": "convolutional",
        "image": image,
        "outputs": 2,
        "channels": [4, 8],
        "hidden": [16],
        "activation": "tanh",
        "layer_norm": False,
    }


def test_an_own_network_as_plain_values() -> None:
    expected = {"kind": "own", "name": "own_networks:TwoHeads", "inputs": 4, "outputs": 2}
    assert specs.as_plain(Own("own_networks:TwoHeads", 4, 2)) == expected


def test_the_network_that_a_config_asks_for() -> None:
    common = {"environment": "CartPole-v1", "budget": 100, "hidden": (8,)}
    assert network(DQNConfig(**common), 4, 2) == MLP(4, 2, (8,))
    assert network(DQNConfig(**common, layer_norm=True, activation="tanh"), 4, 2) == MLP(4, 2, (8,), "tanh", True)
    found = network(DQNConfig(**common, channels=(4,)), 90, 2, PICTURE_OF_5_BY_6)
    assert found == Convolutional(PICTURE_OF_5_BY_6, 2, (4,), (8,))
    own = network(DQNConfig(**common, network="a:B"), 90, 2, PICTURE_OF_5_BY_6)
    assert own == Own("a:B", 90, 2, PICTURE_OF_5_BY_6)
    assert network(SupervisedConfig(budget=1, network="a:B"), 4, 1) == Own("a:B", 4, 1)


@pytest.mark.parametrize(
    "spec",
    [
        MLP(2, 3, (4, 5), "tanh", layer_norm=True),
        MLP(2, 3, ()),
        Own("own_networks:TwoHeads", 2, 3),
        Convolutional(PICTURE_OF_5_BY_6, 3, (4,), (5,)),
    ],
)
def test_a_network_as_plain_values_and_back(spec: Spec) -> None:
    assert specs.from_plain(specs.as_plain(spec)) == spec
