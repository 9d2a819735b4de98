"""Dropout (Srivastava et al., 2014) whose masks are handed in, so that each member draws from a stream of its own.

torch's nn.Dropout would draw for the whole pack from one stream, and a member's masks would depend on who is beside it.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call

from trainables.networks.networks import ACTIVATIONS, MLP


class _Masked(nn.Module):
    """An activation times what is kept of it, a buffer that every call brings anew."""

    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        self.activation = activation
        self.register_buffer("kept", torch.ones(()))

    def forward(self, inputs: Tensor) -> Tensor:
        outputs: Tensor = self.activation(inputs) * self.get_buffer("kept")
        return outputs


@lru_cache
def function(spec: MLP) -> Callable[[dict[str, Tensor], Tensor, Tensor], Tensor]:
    """(parameters, inputs (B, F), kept (B, hidden units in all)) -> outputs, of one member in train mode.

    The masked network has the parameters of the plain one, by the same names.
    """
    activations = tuple(ACTIVATIONS.values())
    with torch.device("meta"):
        layers = [_Masked(each) if isinstance(each, activations) else each for each in spec.build().children()]
        skeleton = nn.Sequential(*layers).train()
    names = [name for name, _ in skeleton.named_buffers()]

    def apply(parameters: dict[str, Tensor], inputs: Tensor, kept: Tensor) -> Tensor:
        masks = dict(zip(names, torch.split(kept, list(spec.hidden), dim=-1), strict=True))
        outputs: Tensor = functional_call(skeleton, {**parameters, **masks}, (inputs,))
        return outputs

    return apply


def kept(uniforms: NDArray[np.float64], rates: NDArray[np.float64]) -> NDArray[np.float32]:
    """What hidden units are multiplied by: 0 where dropped, else 1 / (1 - rate), so that their mean stays.

    uniforms: (M, n) in [0, 1); rates: (M,), the share that is dropped. Returns (M, n).
    """
    rates = rates[:, None]
    return ((uniforms >= rates) / (1 - rates)).astype(np.float32)
