"""Networks as pure functions: equal to the module, and able to learn in every loop that has an environment."""

import pytest
import torch
from network_cases import CONVOLUTIONAL
from tiny_environments import PICTURE

from trainables.loops.registry import LOOPS
from trainables.networks import networks
from trainables.networks.specs import MLP


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("shape", [(4,), (7, 4), (2, 3, 4)])
def test_the_pure_function_equals_the_module(hidden: tuple[int, ...], layer_norm: bool, shape: tuple[int, ...]) -> None:
    spec = MLP(4, 2, hidden, "tanh", layer_norm)
    module, inputs = spec.build(), torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = networks.function(spec)(dict(module.state_dict()), inputs)
    torch.testing.assert_close(found, module(inputs))


@pytest.mark.parametrize("leading", [(7,), (2, 3), (2, 3, 4)])
def test_images_arrive_in_rows_and_stand_up(leading: tuple[int, ...]) -> None:
    module, picture = CONVOLUTIONAL.build(), torch.randint(0, 256, (*leading, 5, 6, 3))
    found = networks.function(CONVOLUTIONAL)(dict(module.state_dict()), picture.reshape(*leading, 90).float())
    expected = module(picture.reshape(-1, 5, 6, 3).permute(0, 3, 1, 2) / 255).reshape(*leading, 2)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("name", "environment", "arguments", "settings"),
    [
        ("dqn", PICTURE, {}, {"channels": (4,)}),
        ("reinforce", PICTURE, {"channels_first": True}, {"channels": (4,)}),
        ("reinforce", PICTURE, {}, {"network": "own_networks:Eye"}),
        ("dqn", "NumberMatch-v0", {"n": 2}, {"network": "own_networks:TwoHeads"}),
        ("reinforce", "NumberMatch-v0", {"n": 2}, {"layer_norm": True, "initialisation": "orthogonal"}),
    ],
)
def test_every_network_learns_what_can_be_seen(
    name: str, environment: str, arguments: dict[str, object], settings: dict[str, object]
) -> None:
    settings = {**settings, "hidden": (16,), "learning_rate": 0.01, "evaluation_episodes": 20, "compile": "never"}
    if name == "dqn":
        settings |= {"learning_starts": 50, "batch_size": 16, "train_frequency": 2}
    loop = LOOPS[name]
    config = loop.Config(environment=environment, environment_args=arguments, budget=400, **settings)
    report, _ = loop([config, config.model_copy(update={"seed": 1})], torch.device("cpu")).train(400)
    assert report.best == (1.0 if environment == PICTURE else 0.0)
