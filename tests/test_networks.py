"""Networks: the plain module, the pure function, and the weights that a member begins with."""

import pytest
import torch
from torch import nn

from trainables import networks
from trainables.networks import MLP


@pytest.mark.parametrize(
    ("spec", "layers"),
    [
        (MLP(4, 2, ()), "Linear(4, 2)"),
        (MLP(4, 2, (8,)), "Linear(4, 8) ReLU Linear(8, 2)"),
        (MLP(3, 1, (8, 5), "tanh"), "Linear(3, 8) Tanh Linear(8, 5) Tanh Linear(5, 1)"),
        (MLP(3, 1, (8,), "silu"), "Linear(3, 8) SiLU Linear(8, 1)"),
        (MLP(3, 1, (8,), "gelu"), "Linear(3, 8) GELU Linear(8, 1)"),
    ],
)
def test_layers_with_an_activation_between_and_none_at_the_end(spec: MLP, layers: str) -> None:
    built = [
        f"Linear({layer.in_features}, {layer.out_features})" if isinstance(layer, nn.Linear) else type(layer).__name__
        for layer in spec.build()
    ]
    assert " ".join(built) == layers


@pytest.mark.parametrize("hidden", [(), (8,), (8, 5)])
@pytest.mark.parametrize("shape", [(4,), (7, 4), (2, 3, 4)])
def test_the_pure_function_equals_the_module(hidden: tuple[int, ...], shape: tuple[int, ...]) -> None:
    spec = MLP(4, 2, hidden, "tanh")
    module, inputs = spec.build(), torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found = networks.function(spec)(dict(module.state_dict()), inputs)
    torch.testing.assert_close(found, module(inputs))


def test_initial_weights_are_of_the_seed_alone_and_as_torchs() -> None:
    spec = MLP(4, 2, (8,))
    torch.manual_seed(5)
    expected = spec.build().state_dict()
    before = torch.random.get_rng_state()
    initial = networks.initial(spec, 5)
    assert list(initial) == list(expected)
    torch.testing.assert_close(initial, dict(expected), rtol=0, atol=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert not torch.equal(networks.initial(spec, 6)["0.weight"], initial["0.weight"])


def test_plain_values_say_all_that_is_needed_to_build_it() -> None:
    plain = networks.as_plain(MLP(4, 2, (8, 5), "tanh"))
    assert plain == {"kind": "mlp", "inputs": 4, "outputs": 2, "hidden": [8, 5], "activation": "tanh"}
