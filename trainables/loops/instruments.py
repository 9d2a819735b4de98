"""What is read off a training beside its loss and its score, so that a diagnosis can tell what ails it. Pure functions.

What is asked of every update is kept there and reckoned at reports; what takes a pass through a network is asked for at
reports alone, on a few samples.

Axis letters: M members, K updates, S samples, H hidden units, A actions, D dimensions of a continuous action.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import vmap

from trainables.base.member_axis import Tensors
from trainables.loops.distributions import Categorical, Factorised, Gaussian
from trainables.loops.policies import Policy
from trainables.networks import networks
from trainables.networks.specs import Spec

RECENT = 256
"""The most updates before a report that quantiles and slopes are reckoned from."""

SAMPLES, NUMBERS = 256, 2**18
"""The most samples that a network is shown at a report, and the most numbers that these have together."""

DORMANT = 0.025
"""A unit whose mean output is at most this share of its layer's mean (Sokar et al., 2023, "The dormant neuron
phenomenon in deep reinforcement learning") does no work."""

SATURATED, MOSTLY = 0.97, 0.9
"""An output of tanh beyond the first hardly passes a gradient on; a unit does so on this share of all samples."""

OF_UPDATES = (
    "train/gradient_norm_p10",
    "train/gradient_norm_p50",
    "train/gradient_norm_p90",
    "train/loss_slope",
    "train/loss_spread",
    "train/update_ratio",
    "train/weight_norm",
    "train/updates",
)
OF_UNITS = ("train/dead_units", "train/saturated_units")
OF_POLICIES = ("train/entropy_share", "train/common_action", "train/input_dependence")
OF_VALUES = ("train/td_error_share", "train/common_action", "train/target_lag", "evaluation/start_value")
EXPLAINED = "train/explained_variance"
KINDS = "train/input_kinds"

FEW_FEATURES, MOST_KINDS = 16, 1_000
"""Observations of more numbers, or of whole numbers further apart, are none that stand for things."""


def of_updates(losses: Tensor, norms: Tensor) -> Tensors:
    """What the last updates tell, (M,) each.

    losses, norms: (K, M), of the gradient before clipping; NaN where a member made no update.
    Returns quantiles of the norms; how far a line through the losses, by least squares, falls or rises over a
    member's updates; and their standard deviation about it.
    """
    there = torch.isfinite(losses)
    count = there.sum(0).clamp(min=1)
    quantiles = torch.nanquantile(norms.float(), norms.new_tensor([0.1, 0.5, 0.9]), dim=0)
    times = torch.arange(len(losses), device=losses.device)[:, None].expand_as(losses)

    def centred(values: Tensor) -> Tensor:
        kept = torch.where(there, values.double(), 0.0)
        return torch.where(there, kept - kept.sum(0) / count, 0.0)

    x, y = centred(times), centred(losses)
    slope = torch.where(there.any(0), (x * y).sum(0) / (x**2).sum(0).clamp(min=1e-12), torch.nan)
    spread = torch.sqrt(((y - slope * x) ** 2).sum(0) / count)
    return dict(zip(OF_UPDATES, (*quantiles, slope * (count - 1), spread), strict=False))


def update_ratio(before: Tensors, after: Tensors) -> Tensor:
    """The size of an update beside that of the weights, |theta_t - theta_t-1| / |theta_t-1| (M,), over all weights.

    before, after: the weights, each tensor (M, ...).
    """
    moved = {name: after[name] - before[name] for name in before}
    return norm(moved) / norm(before).clamp(min=1e-12)


def norm(tensors: Tensors) -> Tensor:
    """The global norm (M,) of tensors (M, ...)."""
    squares = [(tensor**2).flatten(1).sum(1) for tensor in tensors.values()]
    return torch.sqrt(torch.stack(squares).sum(0))


def of_units(spec: Spec) -> Callable[[Tensors, Tensor], Tensors]:
    """Of a pack: (parameters, inputs (M, S, F)) -> shares of its hidden units (M,) that are dead, and saturated.

    spec: the network; of a person's own nothing is told, as its layers are not known.
    """
    hidden = networks.hidden(spec)
    if hidden is None:
        return lambda parameters, inputs: {}

    def look(parameters: Tensors, inputs: Tensor) -> Tensors:
        layers = hidden(parameters, inputs)
        if not layers:
            return dict.fromkeys(OF_UNITS, inputs.new_zeros(()))
        sizes = [layer.abs().mean(0) for _, layer in layers]
        dead = torch.cat([size <= DORMANT * size.mean() for size in sizes])
        full = [
            (layer.abs() > SATURATED).float().mean(0) > MOSTLY if name == "tanh" else torch.zeros_like(size).bool()
            for (name, layer), size in zip(layers, sizes, strict=True)
        ]
        return dict(zip(OF_UNITS, (dead.float().mean(), torch.cat(full).float().mean()), strict=True))

    packed: Callable[[Tensors, Tensor], Tensors] = vmap(look)
    return packed


def of_policy(policy: Policy) -> Callable[[Tensors, Tensor], Tensors]:
    """Of a pack: (parameters, observations (M, S, F)) -> what its policies are like (M,).

    policy: of discrete actions all of OF_POLICIES, of continuous ones how much it depends on its input.
    """
    outputs, distribution = policy.function(), policy.distribution

    def look(parameters: Tensors, observations: Tensor) -> Tensors:
        found = outputs(parameters, observations)
        match distribution:
            case Gaussian():
                return {"train/input_dependence": of_normal(*found.chunk(2, -1))}
            case Factorised(counts=counts):
                parts: Sequence[Tensor] = torch.split(found, list(counts), -1)
            case Categorical():
                parts = [found]
        return of_choices([torch.softmax(logits, -1) for logits in parts])

    packed: Callable[[Tensors, Tensor], Tensors] = vmap(look)
    return packed


def of_choices(parts: Sequence[Tensor]) -> Tensors:
    """What the probabilities of actions tell, scalars.

    entropy_share: the mean entropy beside that of a uniform choice.
    common_action: the share of the action that is taken most; of several parts the mean.
    input_dependence: the mutual information of input and action beside the entropy of all actions taken,
    (H(E_s pi(.|s)) - E_s H(pi(.|s))) / H(E_s pi(.|s)): 0 of a policy that is the same for every input, 1 of one that
    the input decides. (Shannon, 1948.)

    parts: pi(a|s) (S, A) of each of several independent choices.
    """
    mixed = [each.mean(0) for each in parts]
    conditional = torch.stack([_entropy(each).mean() for each in parts]).sum()
    marginal = torch.stack([_entropy(each) for each in mixed]).sum()
    uniform = max(sum(math.log(each.shape[-1]) for each in parts), 1e-12)
    return {
        "train/entropy_share": conditional / uniform,
        "train/common_action": torch.stack([each.max() for each in mixed]).mean(),
        # Of a policy that takes one action alone there is no entropy to explain: it is as blind as can be.
        "train/input_dependence": torch.where(marginal > 1e-6, (marginal - conditional).clamp(min=0) / marginal, 0.0),
    }


def _entropy(probabilities: Tensor) -> Tensor:
    """-sum_a p_a log p_a of the last axis."""
    terms: Tensor = torch.special.entr(probabilities)
    return terms.sum(-1)


def of_normal(means: Tensor, log_deviations: Tensor) -> Tensor:
    """The share of the variance of continuous actions that the input decides: Var(E[a|s]) / Var(a), mean over D.

    means, log_deviations: (S, D).
    """
    between = means.var(0, correction=0)
    within = (2 * log_deviations).exp().mean(0)
    return torch.mean(between / (between + within).clamp(min=1e-12))


def input_kinds(inputs: Tensor) -> Tensors:
    """How many unit vectors' numbers whole numbers would come to, the sum over F of highest - lowest + 1; (M,).

    Nothing where some are not whole, or all of a kind that is told apart as it is: 0 and 1, or bounds of 1 apart.

    inputs: (M, S, F).
    """
    if inputs.shape[-1] > FEW_FEATURES or not inputs.shape[1]:
        return {}
    spans = inputs.amax(1) - inputs.amin(1)
    kinds = (spans + 1).sum(-1)
    told = (inputs == inputs.round()).all(-1).all(-1) & (spans.amax(-1) > 1) & (kinds <= MOST_KINDS)
    return {KINDS: torch.where(told, kinds, torch.nan)}


def explained_variance(returns: Tensor, values: Tensor) -> Tensor:
    """1 - Var(G - V) / Var(G) of the last axis: 1 of values V that tell returns G, 0 and less of those that do not."""
    return 1 - left_over(returns - values, returns)


def left_over(errors: Tensor, targets: Tensor) -> Tensor:
    """Var(errors) / Var(targets) of the last axis (Jones, 2021); targets that are all alike leave 0."""
    spread = targets.var(-1, correction=0)
    return torch.where(spread > 1e-12, errors.var(-1, correction=0) / spread.clamp(min=1e-12), 0.0)


def most_common(choices: Tensor, count: int) -> Tensor:
    """The share (M,) of the choice that is there most, of choices (M, S) from 0 to count - 1."""
    return torch.nn.functional.one_hot(choices, count).float().mean(1).amax(-1)


def listed(found: Tensors, members: int) -> list[dict[str, float]]:
    """Of each member, those of the figures (M,) that are numbers."""
    values = {name: tensor.double().tolist() for name, tensor in found.items()}
    return [
        {name: each[member] for name, each in values.items() if math.isfinite(each[member])}
        for member in range(members)
    ]


def samples(inputs: int) -> int:
    """How many samples of so many inputs a network is shown: fewer of images."""
    return max(8, min(SAMPLES, NUMBERS // inputs))


def evenly(count: int, most: int) -> Tensor:
    """Places of at most so many of `count` things, evenly spaced."""
    return torch.linspace(0, count - 1, min(count, most)).round().long()


def of_baseline(spec: Spec) -> Callable[[Tensors, Tensor, Tensor], Tensors]:
    """Of a pack: (parameters of V, observations (M, S, F), returns (M, S)) -> how well V tells returns (M,)."""
    value = networks.function(spec)

    def look(parameters: Tensors, observations: Tensor, returns: Tensor) -> Tensors:
        return {EXPLAINED: explained_variance(returns, value(parameters, observations).squeeze(-1))}

    packed: Callable[[Tensors, Tensor, Tensor], Tensors] = vmap(look)
    return packed
