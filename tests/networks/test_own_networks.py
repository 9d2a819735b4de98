"""A person's own nn.Module, by name: it is called as any other, and what is wrong with it is said in a line."""

import re

import pytest
import torch
from network_cases import PICTURE_OF_5_BY_6

from trainables.networks import networks, own_networks
from trainables.networks.specs import Own


def test_is_called_as_any_other() -> None:
    spec = Own("own_networks:TwoHeads", 4, 2)
    module, inputs = spec.build(), torch.randn(2, 3, 4)
    torch.testing.assert_close(networks.function(spec)(dict(module.state_dict()), inputs), module(inputs))
    assert own_networks.problem(spec) is None


def test_of_images() -> None:
    spec = Own("own_networks:Eye", 90, 2, PICTURE_OF_5_BY_6)
    assert own_networks.problem(spec) is None
    assert networks.function(spec)(networks.initial(spec, 0), torch.zeros(2, 3, 90)).shape == (2, 3, 2)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_networks", "should be package.module:Class, is 'own_networks'"),
        ("own_networks:", "should be package.module:Class"),
        ("own networks:Class", "should be package.module:Class"),
        ("no_such_module:Class", "no_such_module can't be imported: No module named 'no_such_module'"),
        ("own_networks.deep:Class", "own_networks.deep can't be imported: No module named 'own_networks.deep'"),
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
def test_what_is_wrong_with_it_in_a_line(name: str, message: str) -> None:
    found = own_networks.problem(Own(name, 4, 2))
    assert found is not None
    assert re.search(message, found)
    assert "\n" not in found
