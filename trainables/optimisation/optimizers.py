"""Optimizers of one member as pure functions, equal to torch.optim's and vmapped over the pack.

Parameters, gradients and moments are dicts of tensors with the same names and shapes; settings are scalar tensors.

    theta    parameters          mu       momentum
    g        gradients           beta     decay of a moment
    m, v     mean, square        epsilon  keeps the divisor above zero
    b        velocity            lambda   weight decay
    eta      learning rate       t        number of the update, from 1
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables.base.config_fields import Option, by_name
from trainables.base.member_axis import Tensors


def _weight_decay(default: float, description: str) -> Any:
    return Field(default, ge=0, description=description)


class SGD(Option):
    """Stochastic gradient descent with momentum (Polyak, 1964), as torch.optim.SGD."""

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

Moments = dict[str, Tensors]
"""What an optimizer remembers, by name: each a dict like the parameters."""

OptimizerStep = Callable[[Tensors, Tensors, Moments, Tensors, Tensor, Tensor], tuple[Tensors, Moments]]
"""One step of an optimizer: (parameters, gradients, moments, settings, rate, updates) -> (parameters, moments).

parameters: theta_t-1.
gradients: g_t, clipped already.
moments: what the optimizer remembers.
settings: those of its option, scalars.
rate: eta, after schedule and warmup.
updates: t - 1, the updates made so far.
"""

WeightDecay = Callable[[Tensors, Tensors, Tensor, Tensor], tuple[Tensors, Tensors]]
"""Weight decay before a step: (parameters, gradients, lambda, rate) -> (parameters, gradients)."""


def global_norm(gradients: Tensors) -> Tensor:
    """The 2-norm of all gradients as one vector, a scalar."""
    return torch.sqrt(torch.stack([(gradient * gradient).sum() for gradient in gradients.values()]).sum())


def clip(gradients: Tensors, norm: Tensor, max_norm: Tensor) -> Tensors:
    """The gradients, scaled down to a norm of max_norm if theirs exceeds it, as torch.nn.utils.clip_grad_norm_.

    gradients: what to clip.
    norm: their global norm.
    max_norm: the largest norm; infinity clips nothing.
    """
    scale = torch.clamp(max_norm / (norm + 1e-6), max=1.0)
    return {name: gradient * scale for name, gradient in gradients.items()}


def sgd(
    parameters: Tensors, gradients: Tensors, moments: Moments, settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, Moments]:
    """One step of SGD, as torch.optim.SGD without dampening.

    b_t = mu b_t-1 + g_t,  b_0 = 0
    theta_t = theta_t-1 - eta b_t
    """
    velocity = {name: settings["momentum"] * moments["velocity"][name] + gradients[name] for name in parameters}
    return {name: parameters[name] - rate * velocity[name] for name in parameters}, {"velocity": velocity}


def adam(
    parameters: Tensors, gradients: Tensors, moments: Moments, settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, Moments]:
    """One step of Adam (Kingma and Ba, 2015, algorithm 1).

    m_t = beta1 m_t-1 + (1 - beta1) g_t
    v_t = beta2 v_t-1 + (1 - beta2) g_t^2
    theta_t = theta_t-1 - eta / (1 - beta1^t) m_t / (sqrt(v_t / (1 - beta2^t)) + epsilon)
    """
    beta1, beta2, t = settings["beta1"], settings["beta2"], updates + 1.0
    mean = {name: beta1 * moments["mean"][name] + (1 - beta1) * gradients[name] for name in parameters}
    square = {name: beta2 * moments["square"][name] + (1 - beta2) * gradients[name] ** 2 for name in parameters}
    scale, root = rate / (1 - torch.pow(beta1, t)), torch.sqrt(1 - torch.pow(beta2, t))
    return {
        name: parameters[name] - scale * mean[name] / (torch.sqrt(square[name]) / root + settings["epsilon"])
        for name in parameters
    }, {"mean": mean, "square": square}


def rmsprop(
    parameters: Tensors, gradients: Tensors, moments: Moments, settings: Tensors, rate: Tensor, updates: Tensor
) -> tuple[Tensors, Moments]:
    """One step of RMSprop (Tieleman and Hinton, 2012).

    v_t = beta v_t-1 + (1 - beta) g_t^2
    b_t = mu b_t-1 + g_t / (sqrt(v_t) + epsilon)
    theta_t = theta_t-1 - eta b_t

    Centred (Graves, 2013, equations 38 to 41, except for the place of epsilon), v_t - m_t^2 stands for v_t, with m_t
    the mean of the gradients. If a gradient hardly changes, rounding may make it negative, and the step is NaN, as
    torch's.
    """
    beta, centred = settings["decay"], settings["centered"] > 0
    square = {name: beta * moments["square"][name] + (1 - beta) * gradients[name] ** 2 for name in parameters}
    mean = {name: beta * moments["mean"][name] + (1 - beta) * gradients[name] for name in parameters}
    spread = {name: torch.where(centred, square[name] - mean[name] ** 2, square[name]) for name in parameters}
    velocity = {
        name: settings["momentum"] * moments["velocity"][name]
        + gradients[name] / (torch.sqrt(spread[name]) + settings["epsilon"])
        for name in parameters
    }
    stepped = {name: parameters[name] - rate * velocity[name] for name in parameters}
    return stepped, {"square": square, "velocity": velocity, "mean": mean}


def coupled(parameters: Tensors, gradients: Tensors, decay: Tensor, rate: Tensor) -> tuple[Tensors, Tensors]:
    """Weight decay through the gradient, like a penalty of lambda / 2 |theta|^2 on the loss: g + lambda theta."""
    return parameters, {name: gradients[name] + decay * parameters[name] for name in parameters}


def decoupled(parameters: Tensors, gradients: Tensors, decay: Tensor, rate: Tensor) -> tuple[Tensors, Tensors]:
    """Weight decay apart from the gradient (Loshchilov and Hutter, 2019, algorithm 2): (1 - eta lambda) theta."""
    return {name: parameters[name] * (1 - rate * decay) for name in parameters}, gradients


@dataclass(frozen=True)
class Rule:
    """One kind of optimizer.

    step: takes a step.
    decay: how weights decay before it.
    moments: the names of what it remembers, which is zero at the beginning.
    """

    step: OptimizerStep
    decay: WeightDecay
    moments: tuple[str, ...]


RULES: Mapping[str, Rule] = {
    "sgd": Rule(sgd, coupled, ("velocity",)),
    "adam": Rule(adam, coupled, ("mean", "square")),
    "adamw": Rule(adam, decoupled, ("mean", "square")),
    "rmsprop": Rule(rmsprop, coupled, ("square", "velocity", "mean")),
}


def step_of(kind: str, decays: bool) -> OptimizerStep:
    """The whole step of an optimizer.

    kind: a name in RULES.
    decays: whether the weights of any member decay; else the decay is not computed.
    """
    rule = RULES[kind]
    if not decays:
        return rule.step

    def step(
        parameters: Tensors, gradients: Tensors, moments: Moments, settings: Tensors, rate: Tensor, updates: Tensor
    ) -> tuple[Tensors, Moments]:
        parameters, gradients = rule.decay(parameters, gradients, settings["weight_decay"], rate)
        return rule.step(parameters, gradients, moments, settings, rate, updates)

    return step
