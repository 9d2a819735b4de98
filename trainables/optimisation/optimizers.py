"""Optimizers of one member, pure, equal to torch.optim's; vmapped over the pack.

Parameters, gradients and moments are dicts of tensors with the same keys and shapes; a setting is a scalar tensor.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables.base.config_fields import Option, by_name

Tensors = dict[str, Tensor]


def _weight_decay(default: float, description: str) -> Any:
    return Field(default, ge=0, description=description)


class SGD(Option):
    """Stochastic gradient descent with momentum, as torch.optim.SGD."""

    kind: Literal["sgd"] = "sgd"
    momentum: float = Field(0.0, ge=0, lt=1, description="share of the last step's direction that is kept")
    weight_decay: float = _weight_decay(0.0, "share of the weights that is added to their gradient")


class Adam(Option):
    """Adam (Kingma and Ba, 2015), as torch.optim.Adam."""

    kind: Literal["adam"] = "adam"
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the mean of the gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the mean of its square")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the mean square")
    weight_decay: float = _weight_decay(0.0, "share of the weights that is added to their gradient")


class AdamW(Option):
    """Adam with a decay that its moments never see (Loshchilov and Hutter, 2019), as torch.optim.AdamW."""

    kind: Literal["adamw"] = "adamw"
    beta1: float = Field(0.9, ge=0, lt=1, description="decay of the mean of the gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="decay of the mean of its square")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the mean square")
    weight_decay: float = _weight_decay(0.01, "share of the weights that each step takes off, times the learning rate")


class RMSprop(Option):
    """The gradient over the root of its mean square (Tieleman and Hinton, 2012), as torch.optim.RMSprop."""

    kind: Literal["rmsprop"] = "rmsprop"
    decay: float = Field(0.99, ge=0, lt=1, description="of the mean of the gradient's square; torch's alpha")
    momentum: float = Field(0.0, ge=0, lt=1, description="share of the last step's direction that is kept")
    epsilon: float = Field(1e-8, gt=0, description="added to the root of the mean square")
    centered: bool = Field(False, description="whether the gradient's variance stands in place of its mean square")
    weight_decay: float = _weight_decay(0.0, "share of the weights that is added to their gradient")


Optimizer = Annotated[SGD | Adam | AdamW | RMSprop, Field(discriminator="kind"), by_name]

Step = Callable[
    [Tensors, Tensors, dict[str, Tensors], dict[str, Tensor], Tensor, Tensor], tuple[Tensors, dict[str, Tensors]]
]
"""(parameters, gradients, state, settings, rate, updates so far) -> (parameters, state)"""

Decay = Callable[[Tensors, Tensors, Tensor, Tensor], tuple[Tensors, Tensors]]
"""(parameters, gradients, weight decay, rate) -> (parameters, gradients)"""


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


def rmsprop(
    parameters: Tensors, gradients: Tensors, state: dict[str, Tensors], settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, dict[str, Tensors]]:
    """One step of RMSprop; the momentum gathers what the step is made of, before the rate.

    Centred (Graves, 2013, equations 38 to 41, but for where epsilon stands), the variance of the gradient divides it.
    Of a gradient that hardly changes rounding may leave less than none, and the step is NaN, as torch's is.
    """
    decay, centred = settings["decay"], settings["centered"] > 0
    square = {name: decay * state["square"][name] + (1 - decay) * gradients[name] ** 2 for name in parameters}
    mean = {name: decay * state["mean"][name] + (1 - decay) * gradients[name] for name in parameters}
    spread = {name: torch.where(centred, square[name] - mean[name] ** 2, square[name]) for name in parameters}
    velocity = {
        name: settings["momentum"] * state["velocity"][name]
        + gradients[name] / (torch.sqrt(spread[name]) + settings["epsilon"])
        for name in parameters
    }
    stepped = {name: parameters[name] - rate * velocity[name] for name in parameters}
    return stepped, {"square": square, "velocity": velocity, "mean": mean}


def coupled(parameters: Tensors, gradients: Tensors, decay: Tensor, rate: Tensor) -> tuple[Tensors, Tensors]:
    """The gradient of decay / 2 times the weights' squares is added, as an L2 penalty of the loss would do."""
    return parameters, {name: gradients[name] + decay * parameters[name] for name in parameters}


def decoupled(parameters: Tensors, gradients: Tensors, decay: Tensor, rate: Tensor) -> tuple[Tensors, Tensors]:
    """The weights shrink by themselves, whatever their gradients (algorithm 2 of Loshchilov and Hutter)."""
    return {name: parameters[name] * (1 - rate * decay) for name in parameters}, gradients


@dataclass(frozen=True)
class Rule:
    """One kind of optimizer: its step, how weights decay before it, and the names of its state.

    Each part of the state is a dict like the parameters that begins at zero.
    """

    step: Step
    decay: Decay
    memory: tuple[str, ...]


RULES: Mapping[str, Rule] = {
    "sgd": Rule(sgd, coupled, ("velocity",)),
    "adam": Rule(adam, coupled, ("mean", "square")),
    "adamw": Rule(adam, decoupled, ("mean", "square")),
    "rmsprop": Rule(rmsprop, coupled, ("square", "velocity", "mean")),
}


def stepping(kind: str, decays: bool) -> Step:
    """The whole step of an optimizer; decays: whether any member's weights do, since else it need not be computed."""
    rule = RULES[kind]
    if not decays:
        return rule.step

    def step(
        parameters: Tensors,
        gradients: Tensors,
        state: dict[str, Tensors],
        settings: Tensors,
        rate: Tensor,
        updates: Tensor,
    ) -> tuple[Tensors, dict[str, Tensors]]:
        parameters, gradients = rule.decay(parameters, gradients, settings["weight_decay"], rate)
        return rule.step(parameters, gradients, state, settings, rate, updates)

    return step
