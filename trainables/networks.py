"""Networks as plain nn.Modules, and the same as pure functions of their parameters."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

Activation = Literal["relu", "tanh", "silu", "gelu"]
ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron: inputs -> hidden widths -> outputs, an activation between, none at the end."""

    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"

    def build(self) -> nn.Sequential:
        """The network with torch's default initialisation, drawn from torch's global stream."""
        widths = (self.inputs, *self.hidden)
        layers: list[nn.Module] = []
        for before, after in pairwise(widths):
            layers += [nn.Linear(before, after), ACTIVATIONS[self.activation]()]
        return nn.Sequential(*layers, nn.Linear(widths[-1], self.outputs))


def as_plain(spec: MLP) -> dict[str, Any]:
    """The network as plain values, from which anyone can build it."""
    return {"kind": "mlp", **asdict(spec), "hidden": list(spec.hidden)}


def initial(spec: MLP, seed: int) -> dict[str, Tensor]:
    """The parameters of a member, drawn from its own stream; keys as in the module's state_dict."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return {name: tensor.detach().clone() for name, tensor in spec.build().state_dict().items()}


@lru_cache
def function(spec: MLP, training: bool = False) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    """(parameters, inputs of shape (..., inputs)) -> outputs of shape (..., outputs), of one member.

    training: whether the module is in train mode, else in eval mode.
    """
    with torch.device("meta"):
        skeleton = spec.build().train(training)

    def apply(parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(skeleton, parameters, (inputs,))
        return outputs

    return apply
