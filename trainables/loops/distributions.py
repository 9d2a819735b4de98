"""What policies draw from, told by the numbers that a network returns: pure functions of tensors.

A choice is as trainables/environments/action_spaces.py has it. Each kind has

    sample(outputs, uniforms) -> choices                        by inversion, from numbers uniform in [0, 1)
    log_prob_and_entropy(outputs, choices) -> (...), (...)      logarithms are natural
    mode(outputs) -> choices                                    what to do without chance

Axis letters: A actions, K parts of an action, D dimensions of a continuous one; `...` stands for any batch axes, or
none.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

LEAST, MOST = -5.0, 2.0
"""The bounds of a log deviation: from 0.7 % of half the range of an action to 7 times as much."""

NEAREST = 2.0**-24
"""How near to 0 and 1 a uniform number may be to be made a normal one, at 5.4 deviations."""


@dataclass(frozen=True)
class Categorical:
    """One of several actions. The outputs (..., A) are their logits, a choice is an integer (...)."""

    def sample(self, outputs: Tensor, uniforms: Tensor) -> Tensor:
        """Draws by uniforms (...)."""
        cumulative = torch.softmax(outputs, -1).cumsum(-1)
        # Rounding can leave the sum of all probabilities below the number drawn; then it is the last action.
        return (cumulative < uniforms[..., None]).sum(-1).clamp(max=outputs.shape[-1] - 1)

    def log_prob_and_entropy(self, outputs: Tensor, choices: Tensor) -> tuple[Tensor, Tensor]:
        """log pi(a) and -sum_a pi(a) log pi(a)."""
        # From logits, so that no probability is rounded to 0 before its logarithm is taken.
        log_pi = log_softmax(outputs, -1)
        return log_pi.gather(-1, choices[..., None]).squeeze(-1), -(log_pi.exp() * log_pi).sum(-1)

    def mode(self, outputs: Tensor) -> Tensor:
        """The likeliest action."""
        return outputs.argmax(-1)


@dataclass(frozen=True)
class Factorised:
    """Several choices at once, each independent of the others: log probabilities and entropies are sums over parts.

    The outputs are the logits of all parts, one part after the other, a choice is integers (..., K).

    counts: of each part, how many values it has.
    """

    counts: tuple[int, ...]

    def sample(self, outputs: Tensor, uniforms: Tensor) -> Tensor:
        """Draws each part by its own of the uniforms (..., K)."""
        drawn = [ONE.sample(logits, uniforms[..., part]) for part, logits in self._parts(outputs)]
        return torch.stack(drawn, -1)

    def log_prob_and_entropy(self, outputs: Tensor, choices: Tensor) -> tuple[Tensor, Tensor]:
        """Sums over the parts."""
        each = [ONE.log_prob_and_entropy(logits, choices[..., part]) for part, logits in self._parts(outputs)]
        log_probs, entropies = zip(*each, strict=True)
        return torch.stack(log_probs).sum(0), torch.stack(entropies).sum(0)

    def mode(self, outputs: Tensor) -> Tensor:
        """The likeliest value of each part."""
        return torch.stack([logits.argmax(-1) for _, logits in self._parts(outputs)], -1)

    def _parts(self, outputs: Tensor) -> Iterator[tuple[int, Tensor]]:
        yield from enumerate(torch.split(outputs, list(self.counts), -1))


@dataclass(frozen=True)
class Gaussian:
    """A normal distribution in each dimension, independent of the others, and squashed by tanh in some.

    The outputs (..., 2D) are means and log deviations; a choice is floats (..., D), before tanh. What is squashed has
    the probability density of tanh(u), so that of u is divided by 1 - tanh(u)^2 (Haarnoja et al., 2018, "Soft
    Actor-Critic", appendix C). Its entropy has no closed form: it is estimated by the choice itself, which moves with
    mean and deviation (ibid., equation 11), and is right in the mean.

    squashed: of each dimension, whether it is.
    """

    squashed: tuple[bool, ...]

    def sample(self, outputs: Tensor, uniforms: Tensor) -> Tensor:
        """Draws each dimension by its own of the uniforms (..., D)."""
        mean, log_deviation = self._split(outputs)
        normal = math.sqrt(2) * torch.erfinv(2 * uniforms.clamp(NEAREST, 1 - NEAREST) - 1)
        return mean + log_deviation.exp() * normal

    def log_prob_and_entropy(self, outputs: Tensor, choices: Tensor) -> tuple[Tensor, Tensor]:
        """Of the density, and its entropy; sums over the dimensions."""
        mean, log_deviation = self._split(outputs)
        normal = (choices - mean) * torch.exp(-log_deviation)
        log_prob = -0.5 * (normal**2 + math.log(2 * math.pi)) - log_deviation
        entropy = 0.5 * math.log(2 * math.pi * math.e) + log_deviation
        if any(self.squashed):
            moved = mean + log_deviation.exp() * normal.detach()
            log_prob = log_prob - self._log_slope(choices)
            entropy = entropy + self._log_slope(moved)
        return log_prob.sum(-1), entropy.sum(-1)

    def mode(self, outputs: Tensor) -> Tensor:
        """The means; of squashed ones the median."""
        return outputs[..., : len(self.squashed)]

    def _split(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_deviation = outputs.chunk(2, -1)
        # Beyond the bounds the gradient still passes, so that nothing is stuck there.
        return mean, log_deviation + (log_deviation.clamp(LEAST, MOST) - log_deviation).detach()

    def _log_slope(self, choices: Tensor) -> Tensor:
        """log(1 - tanh(u)^2) of squashed dimensions, in a form that neither over- nor underflows; 0 of all others."""
        slope = 2 * (math.log(2) - choices - softplus(-2 * choices))
        # By pieces, as a compiled program has no tensors of its own.
        runs = [(squashed, len([*run])) for squashed, run in groupby(self.squashed)]
        pieces = zip(runs, torch.split(slope, [length for _, length in runs], -1), strict=True)
        return torch.cat([piece if squashed else torch.zeros_like(piece) for (squashed, _), piece in pieces], -1)


ONE = Categorical()

Distribution = Categorical | Factorised | Gaussian
