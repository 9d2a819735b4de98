"""Networks: the plain module, the pure function, and the weights that a member begins with."""

import re

import pytest
import torch
from tiny_environments import PICTURE
from torch import nn

from trainables.base import images
from trainables.base.images import Image
from trainables.loops.contract import network
from trainables.loops.dqn import DQNConfig
from trainables.loops.registry import LOOPS
from trainables.loops.supervised import SupervisedConfig
from trainables.networks import networks
from trainables.networks.initialisations import Orthogonal, Uniform
from trainables.networks.networks import MLP, Convolutional, Own, Spec

PICTURE_OF_5_BY_6 = Image(5, 6, 3, channels_last=True, scale=1 / 255)
CONVOLUTIONAL = Convolutional(PICTURE_OF_5_BY_6, 2, (4, 8), (16,), "tanh")


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


class TestImages:
    """Which arrays are images, and which of their axes are the channels."""

    @pytest.mark.parametrize(
        ("shape", "expected"),
        [
            ((84, 84, 4), (84, 84, 4, True)),
            ((4, 84, 84), (84, 84, 4, False)),
            ((84, 96), (84, 96, 1, True)),
            ((3, 6, 5), (6, 5, 3, False)),
            ((6, 5, 3), (6, 5, 3, True)),
            ((8, 8, 8), (8, 8, 8, True)),
        ],
    )
    def test_axes(self, shape: tuple[int, ...], expected: tuple[int, int, int, bool]) -> None:
        assert images.read(shape, uint8=True) == Image(*expected, scale=1 / 255)
        assert images.read(shape, uint8=False) == Image(*expected, scale=1.0)

    @pytest.mark.parametrize("shape", [(), (4,), (2, 3, 4, 5)])
    def test_others_are_none(self, shape: tuple[int, ...]) -> None:
        assert images.read(shape, uint8=True) is None

    def test_either_order_stands_up_as_the_same_image(self) -> None:
        picture = torch.arange(2.0 * 3 * 4).reshape(1, 2, 3, 4)  # (N, C, H, W)
        first = Image(3, 4, 2, channels_last=False, scale=0.5).upright(picture.reshape(1, -1))
        last = Image(3, 4, 2, channels_last=True, scale=0.5).upright(picture.permute(0, 2, 3, 1).reshape(1, -1))
        assert torch.equal(first, picture / 2)
        assert torch.equal(last, picture / 2)


class TestInitial:
    """The weights of a member are of its seed alone."""

    @pytest.mark.parametrize("spec", [MLP(4, 2, (8,)), CONVOLUTIONAL, Own("own_networks:TwoHeads", 4, 2)])
    def test_as_torchs(self, spec: Spec) -> None:
        torch.manual_seed(5)
        expected = spec.build().state_dict()
        before = torch.random.get_rng_state()
        initial = networks.initial(spec, 5)
        assert list(initial) == list(expected)
        torch.testing.assert_close(initial, dict(expected), rtol=0, atol=0)
        assert torch.equal(torch.random.get_rng_state(), before)
        other = networks.initial(spec, 6)
        assert all(not torch.equal(other[name], initial[name]) for name in initial)

    @pytest.mark.parametrize("spec", [MLP(40, 2, (80,)), CONVOLUTIONAL, Own("own_networks:TwoHeads", 40, 2)])
    def test_uniform(self, spec: Spec) -> None:
        drawn = torch.cat([tensor.ravel() for tensor in networks.initial(spec, 5, Uniform(bound=0.2)).values()])
        assert drawn.abs().max() <= 0.2
        assert drawn.min() < -0.19
        assert drawn.max() > 0.19
        assert drawn.mean().abs() < 0.02

    def test_orthogonal(self) -> None:
        weights = networks.initial(MLP(4, 2, (8, 8)), 5, Orthogonal(gain=2.0, last_gain=0.1))
        for name, size, gain in (("0", 4, 2.0), ("2", 8, 2.0), ("4", 2, 0.1)):
            matrix = weights[f"{name}.weight"]
            # Of columns or rows whichever are fewer stand square on each other.
            gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
            torch.testing.assert_close(gram, gain**2 * torch.eye(size), atol=1e-5, rtol=0)
            assert not weights[f"{name}.bias"].any()

    def test_norms_keep_what_they_begin_with(self) -> None:
        weights = networks.initial(MLP(4, 2, (8,), layer_norm=True), 5, Uniform())
        assert (weights["1.weight"] == 1).all()
        assert not weights["1.bias"].any()

    def test_members_of_one_pack_begin_each_in_its_own_way(self) -> None:
        common = {"environment": "CartPole-v1", "budget": 100, "compile": "never"}
        ways = ({}, {"initialisation": {"uniform": {"bound": 0.5}}}, {"initialisation": "orthogonal"})
        loop = LOOPS["dqn"]([DQNConfig(**common, **way) for way in ways], torch.device("cpu"))
        plain, uniform, orthogonal = (state["learner"]["parameters"] for state in loop.state())
        assert uniform["2.bias"].abs().max() > 0.4 > plain["2.bias"].abs().max() > 0
        assert not orthogonal["2.bias"].any()


class TestPlain:
    """Plain values say all that is needed to build a network."""

    def test_mlp(self) -> None:
        assert networks.as_plain(MLP(4, 2, (8, 5), "tanh")) == {
            "kind": "mlp",
            "inputs": 4,
            "outputs": 2,
            "hidden": [8, 5],
            "activation": "tanh",
            "layer_norm": False,
        }

    def test_convolutional(self) -> None:
        image = {"height": 5, "width": 6, "channels": 3, "channels_last": True, "scale": 1 / 255}
        assert networks.as_plain(CONVOLUTIONAL) == {
            "kind": "convolutional",
            "image": image,
            "outputs": 2,
            "channels": [4, 8],
            "hidden": [16],
            "activation": "tanh",
            "layer_norm": False,
        }

    def test_own(self) -> None:
        expected = {"kind": "own", "name": "own_networks:TwoHeads", "inputs": 4, "outputs": 2}
        assert networks.as_plain(Own("own_networks:TwoHeads", 4, 2)) == expected


class TestOwn:
    """A person's own nn.Module, by name."""

    def test_is_called_as_any_other(self) -> None:
        spec = Own("own_networks:TwoHeads", 4, 2)
        module, inputs = spec.build(), torch.randn(2, 3, 4)
        torch.testing.assert_close(networks.function(spec)(dict(module.state_dict()), inputs), module(inputs))
        assert networks.problem(spec) is None

    def test_of_images(self) -> None:
        spec = Own("own_networks:Eye", 90, 2, PICTURE_OF_5_BY_6)
        assert networks.problem(spec) is None
        assert networks.function(spec)(networks.initial(spec, 0), torch.zeros(2, 3, 90)).shape == (2, 3, 2)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("own_networks", "should be package.module:Class, is 'own_networks'"),
            ("own_networks:", "should be package.module:Class"),
            ("own networks:Class", "should be package.module:Class"),
            ("no_such_module:Class", "no_such_module can't be imported: ModuleNotFoundError"),
            ("own_networks.deep:Class", "own_networks.deep can't be imported: ModuleNotFoundError"),
            ("own_networks:Nowhere", "own_networks has no Nowhere"),
            ("own_networks:no_class", "own_networks:no_class: should be a class derived from torch.nn.Module"),
            ("own_networks:Tensor", "own_networks:Tensor: should be a class derived from torch.nn.Module"),
            ("own_networks:Stubborn", "can't be used with inputs=4 and outputs=2: TypeError: .*'inputs'"),
            ("own_networks:TooWide", r"should return \(3, 2\) for three inputs, returns \(3, 3\)"),
            ("own_networks:WithBuffers", "has buffers: 1.running_mean, 1.running_var, 1.num_batches_tracked"),
            ("own_networks:WithoutParameters", "should have parameters to learn by, has none"),
            (
                "own_networks:Dropping",
                r"draws random numbers in train mode, by 1 \(Dropout\): should draw none, .* the setting `dropout`",
            ),
            ("own_networks:Noisy", "draws random numbers in eval mode: should draw none"),
            ("own_networks:WiderInTraining", r"should return \(3, 2\) for three inputs, returns \(3, 3\)"),
            ("own_networks:Branching", "can't be used with inputs=4 and outputs=2: .*vmap"),
        ],
    )
    def test_what_is_wrong_with_it_in_a_line(self, name: str, message: str) -> None:
        found = networks.problem(Own(name, 4, 2))
        assert found is not None
        assert re.search(message, found)
        assert "\n" not in found


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
