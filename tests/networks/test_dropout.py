"""Dropout with masks of each member's own: equal to torch's where the mask is the same."""

import numpy as np
import pytest
import torch
from torch import nn

from trainables.networks import dropout, networks
from trainables.networks.specs import MLP

SPEC = MLP(3, 2, (5, 4), "tanh")


def test_the_masks_act_where_nn_dropout_would_stand() -> None:
    parameters, inputs = networks.initial(SPEC, 0), torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    kept = torch.randint(0, 2, (6, 9), generator=torch.Generator().manual_seed(1)) * 2.0
    first, _, second, _, last = SPEC.build().children()
    module = nn.Sequential(first, nn.Tanh(), second, nn.Tanh(), last)
    module.load_state_dict(parameters)
    hidden = module[:2](inputs) * kept[:, :5]
    expected = module[4](module[2:4](hidden) * kept[:, 5:])
    torch.testing.assert_close(dropout.function(SPEC)(parameters, inputs, kept), expected)


@pytest.mark.parametrize("layer_norm", [True, False])
def test_nothing_dropped_is_the_plain_network(layer_norm: bool) -> None:
    spec = MLP(3, 2, (5, 4), layer_norm=layer_norm)
    parameters, inputs = networks.initial(spec, 0), torch.ones(6, 3)
    masked = dropout.function(spec)(parameters, inputs, torch.ones(6, 9))
    torch.testing.assert_close(masked, networks.function(spec, training=True)(parameters, inputs), rtol=0, atol=0)


def test_as_many_are_dropped_as_the_rate_says_and_the_mean_stays() -> None:
    uniforms = np.random.default_rng(0).random((3, 100_000))
    kept = dropout.masks(uniforms, np.array([0.0, 0.25, 0.9]))
    assert (kept == 0).mean(axis=1) == pytest.approx([0.0, 0.25, 0.9], abs=0.01)
    assert kept.mean(axis=1) == pytest.approx([1.0, 1.0, 1.0], abs=0.05)
    assert set(np.unique(kept[1])) == {0.0, np.float32(4 / 3)}
