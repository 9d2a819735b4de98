"""Optimizers of one member, pure, equal to torch.optim's; vmapped over the pack.

Parameters, gradients and moments are dicts of tensors with the same keys and shapes; a setting is a scalar tensor.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables.options import Option, by_name

Tensors = dict[str, Tensor]


class SGD(Option):
    """Stochastic gradient descent with momentum, as torch.optim.SGD."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = Field(0.0, ge=0, lt=1, description="share of the last step's direction that is kept")


class Adam(Option):
    """Adam (Kingma and Ba, 2015), as torch.optim.Adam."""

    kind: Literal["adam"] = "adam"
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the mean of the gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the mean of its square")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the mean square")


Optimizer = Annotated[SGD | Adam, Field(discriminator="kind"), by_name]

Step = Callable[
    [Tensors, Tensors, dict[str, Tensors], dict[str, Tensor], Tensor, Tensor], tuple[Tensors, dict[str, Tensors]]
]
"""(parameters, gradients, state, settings, rate, updates so far) -> (parameters, state)"""


def global_norm(gradients: Tensors) -> Tensor:
    """The 2-norm of all gradients as one vector, a scalar."""
    return torch.sqrt(torch.stack([(gradient * gradient).sum() for gradient in gradients.values()]).sum())


def clip(gradients: Tensors, norm: Tensor, max_norm: Tensor) -> Tensors:
    """Scaled down to max_norm where the norm exceeds it, as torch.nn.utils.clip_grad_norm_; infinity clips nothing."""
    scale = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    return {name: gradient * scale for name, gradient in gradients.items()}


def sgd(
    parameters: Tensors, gradients: Tensors, state: dict[str, Tensors], settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, dict[str, Tensors]]:
    """One step of SGD; with the buffer at zero before the first, as torch.optim.SGD without dampening."""
    velocity = {name: settings["momentum"] * state["velocity"][name] + gradients[name] for name in parameters}
    return {name: parameters[name] - rate * velocity[name] for name in parameters}, {"velocity": velocity}


def adam(
    parameters: Tensors, gradients: Tensors, state: dict[str, Tensors], settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, dict[str, Tensors]]:
    """One step of Adam with both bias corrections (algorithm 1 of Kingma and Ba)."""
    beta1, beta2, step = settings["beta1"], settings["beta2"], updates + 1.0
    mean = {name: beta1 * state["mean"][name] + (1 - beta1) * gradients[name] for name in parameters}
    square = {name: beta2 * state["square"][name] + (1 - beta2) * gradients[name] ** 2 for name in parameters}
    scale, root = rate / (1 - torch.pow(beta1, step)), torch.sqrt(1 - torch.pow(beta2, step))
    return {
        name: parameters[name] - scale * mean[name] / (torch.sqrt(square[name]) / root + settings["epsilon"])
        for name in parameters
    }, {"mean": mean, "square": square}


STEPS: dict[str, tuple[Step, tuple[str, ...]]] = {"sgd": (sgd, ("velocity",)), "adam": (adam, ("mean", "square"))}
"""Of each kind: its step, and the names of its state, each a dict like the parameters that begins at zero."""
