"""Dropout (Srivastava et al., 2014) with masks from outside, so that each member draws them from a stream of its own.

torch's nn.Dropout would draw for the whole pack from one stream, and a member's masks would depend on its neighbours.

Axis letters: M members, B batch, F features, H hidden units of all layers together.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from trainables.base.member_axis import Tensors
from trainables.networks.specs import ACTIVATIONS, MLP


class _Masked(nn.Module):
    """An activation times its mask, a buffer that every call brings along."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation
        self.register_buffer("mask", torch.ones(()))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.activation(inputs) * self.get_buffer("mask")
        return outputs


@lru_cache
def function(spec: MLP) -> Callable[[Tensors, Tensor, Tensor], Tensor]:
    """The network as a function (parameters, inputs (B, F), masks (B, H)) -> outputs, of one member in train mode.

    Its parameters have the names that those of the plain network have.
    """
    activations = tuple(ACTIVATIONS.values())
    with torch.device("meta"):
        layers = [_Masked(each) if isinstance(each, activations) else each for each in spec.build().children()]
        skeleton = nn.Sequential(*layers).train()
    names = [name for name, _ in skeleton.named_buffers()]

    def call(parameters: Tensors, inputs: Tensor, masks: Tensor) -> Tensor:
        by_layer = dict(zip(names, torch.split(masks, list(spec.hidden), dim=-1), strict=True))
        outputs: Tensor = functional_call(skeleton, {**parameters, **by_layer}, (inputs,))
        return outputs

    return call


def masks(uniforms: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float32]:
    """What hidden units are multiplied by: 0 with probability p, else 1 / (1 - p), so that their mean stays.

    uniforms: (M, H), numbers in [0, 1). rates: (M,), p of each member. Returns (M, H).
    """
    rates = rates[:, None]
    return ((uniforms >= rates) / (1 - rates)).astype(np.float32)
