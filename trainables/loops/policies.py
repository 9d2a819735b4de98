"""Policies as pure functions of their parameters: a network, and what is drawn by the numbers that it returns.

Axis letters: M members, E episodes side by side, F features, D dimensions of a continuous action.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import vmap

from trainables.base.member_axis import Tensors
from trainables.compilation.rebuildable import rebuildable
from trainables.environments.action_spaces import Actions, Continuous, Parts
from trainables.loops.distributions import Categorical, Distribution, Factorised, Gaussian
from trainables.networks import networks
from trainables.networks.initialisations import Initialisation
from trainables.networks.specs import Spec

POLICY, DEVIATION = "policy.", "deviation."
"""What the names of the two networks' parameters begin with."""

LOG_DEVIATION = "log_deviation"
"""The parameter (D,) that the deviation of continuous actions is told by, alone or as what the state adds to."""


def part(parameters: Tensors, prefix: str) -> Tensors:
    """The parameters of one of several networks, by their own names."""
    return {name.removeprefix(prefix): tensor for name, tensor in parameters.items() if name.startswith(prefix)}


def distribution_of(actions: Actions) -> Distribution:
    """What choices among these actions are drawn from."""
    match actions:
        case Parts(counts=counts):
            return Factorised(counts)
        case Continuous(squashed=squashed):
            return Gaussian(squashed)
    return Categorical()


@dataclass(frozen=True)
class Policy:
    """How one member acts.

    network: returns the logits of discrete actions, or the means of continuous ones.
    distribution: what choices are drawn from.
    by_state: whether a second network, alike, tells the log deviation of continuous actions.
    """

    network: Spec
    distribution: Distribution
    by_state: bool = False

    def initial(self, seed: int, initialisation: Initialisation, deviation: float) -> Tensors:
        """The parameters that a member begins with.

        seed: of their stream.
        initialisation: how to draw them.
        deviation: of continuous actions.
        """
        parts = {POLICY: networks.initial(self.network, seed, initialisation)}
        if self.by_state:
            parts[DEVIATION] = networks.initial(self.network, seed + 2, initialisation)
        drawn = {prefix + name: tensor for prefix, tensors in parts.items() for name, tensor in tensors.items()}
        if isinstance(self.distribution, Gaussian):
            drawn[LOG_DEVIATION] = torch.full((self.network.outputs,), math.log(deviation))
        return drawn

    def function(self) -> Callable[[Tensors, Tensor], Tensor]:
        """(parameters, observations (..., F)) -> the numbers that the distribution takes."""
        network = networks.function(self.network)

        def outputs(parameters: Tensors, observations: Tensor) -> Tensor:
            found = network(part(parameters, POLICY), observations)
            if not isinstance(self.distribution, Gaussian):
                return found
            log_deviation = parameters[LOG_DEVIATION].expand_as(found)
            if self.by_state:
                log_deviation = log_deviation + network(part(parameters, DEVIATION), observations)
            return torch.cat((found, log_deviation), -1)

        return outputs


@rebuildable
def packed_sample(policy: Policy) -> Callable[[Tensors, Tensor, Tensor], Tensor]:
    """A pack that draws: (parameters, observations (M, E, F), uniforms (M, E, *axes)) -> choices (M, E, *axes)."""
    outputs = policy.function()

    def sample(parameters: Tensors, observations: Tensor, uniforms: Tensor) -> Tensor:
        return policy.distribution.sample(outputs(parameters, observations), uniforms)

    packed: Callable[[Tensors, Tensor, Tensor], Tensor] = vmap(sample)
    return packed


@rebuildable
def packed_greedy(policy: Policy) -> Callable[[Tensors, Tensor], Tensor]:
    """A pack that acts without chance: (parameters, observations (M, E, F)) -> choices (M, E, *axes)."""
    outputs = policy.function()

    def greedy(parameters: Tensors, observations: Tensor) -> Tensor:
        return policy.distribution.mode(outputs(parameters, observations))

    packed: Callable[[Tensors, Tensor], Tensor] = vmap(greedy)
    return packed
