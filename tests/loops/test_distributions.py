"""What policies draw from: the same as torch's own distributions, and drawn as often as it should be."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.distributions import Categorical as TorchCategorical
from torch.distributions import Independent, Normal, TanhTransform, TransformedDistribution

from trainables.environments.action_spaces import Continuous, Discrete, Parts, Product
from trainables.loops.distributions import LEAST, MOST, Categorical, Factorised, Gaussian
from trainables.loops.policies import distribution_of

N = 40_000


def drawn(*shape: int, seed: int = 0) -> Tensor:
    """Numbers of chance, as a network might return them."""
    return torch.from_numpy(np.random.default_rng(seed).normal(0, 1.0, shape)).float()


def uniforms(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(7).random(shape)).float()


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
@pytest.mark.parametrize("counts", [(4,), (2, 3), (2, 2, 5, 2)])
def test_discrete_ones_are_torchs(batch: tuple[int, ...], counts: tuple[int, ...]) -> None:
    logits = drawn(*batch, sum(counts))
    parts = [TorchCategorical(logits=each) for each in torch.split(logits, list(counts), -1)]
    ours = Factorised(counts)
    choices = ours.sample(logits, uniforms(*batch, len(counts)))
    log_prob, entropy = ours.log_prob_and_entropy(logits, choices)
    expected = [part.log_prob(choice) for part, choice in zip(parts, choices.unbind(-1), strict=True)]
    torch.testing.assert_close(log_prob, torch.stack(expected).sum(0))
    torch.testing.assert_close(entropy, torch.stack([part.entropy() for part in parts]).sum(0))
    torch.testing.assert_close(ours.mode(logits), torch.stack([part.logits.argmax(-1) for part in parts], -1))
    if len(counts) == 1:
        single, of_one = Categorical(), choices[..., 0]
        torch.testing.assert_close(single.log_prob_and_entropy(logits, of_one), (log_prob, entropy))
        torch.testing.assert_close(single.mode(logits), ours.mode(logits)[..., 0])
        torch.testing.assert_close(single.sample(logits, uniforms(*batch, 1)[..., 0]), of_one)


@pytest.mark.parametrize("batch", [(), (5,), (2, 3)])
@pytest.mark.parametrize("squashed", [(False,), (True,), (False, False), (True, True, True)])
def test_continuous_ones_are_torchs(batch: tuple[int, ...], squashed: tuple[bool, ...]) -> None:
    outputs = drawn(*batch, 2 * len(squashed))
    mean, log_deviation = outputs.chunk(2, -1)
    normal = Normal(mean.double(), log_deviation.double().exp())
    theirs = TransformedDistribution(normal, [TanhTransform()] if squashed[0] else [])
    choices = Gaussian(squashed).sample(outputs, uniforms(*batch, len(squashed)))
    actions = torch.tanh(choices.double()) if squashed[0] else choices.double()
    log_prob, entropy = Gaussian(squashed).log_prob_and_entropy(outputs, choices)
    torch.testing.assert_close(log_prob.double(), Independent(theirs, 1).log_prob(actions), rtol=1e-4, atol=1e-4)
    if not squashed[0]:
        torch.testing.assert_close(entropy.double(), Independent(normal, 1).entropy(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(Gaussian(squashed).mode(outputs), mean)


def test_dimensions_are_squashed_one_by_one() -> None:
    outputs, choices = drawn(6), drawn(3, seed=1)
    several = Gaussian((True, False, True)).log_prob_and_entropy(outputs, choices)[0]
    singly = [
        Gaussian((squashed,)).log_prob_and_entropy(outputs[[place, place + 3]], choices[[place]])[0]
        for place, squashed in enumerate((True, False, True))
    ]
    torch.testing.assert_close(several, torch.stack(singly).sum())


def test_a_value_is_drawn_as_often_as_it_is_likely() -> None:
    logits = drawn(2, 3).reshape(6)
    choices = Factorised((2, 4)).sample(logits.expand(N, 6), uniforms(N, 2))
    for part, each in enumerate(torch.split(logits, [2, 4])):
        shares = torch.bincount(choices[:, part], minlength=len(each)) / N
        torch.testing.assert_close(shares, each.softmax(-1), rtol=0, atol=0.01)
    # The parts are independent.
    together = ((choices[:, 0] == 0) & (choices[:, 1] == 0)).float().mean()
    torch.testing.assert_close(
        together, (choices[:, 0] == 0).float().mean() * (choices[:, 1] == 0).float().mean(), rtol=0, atol=0.01
    )


def test_a_number_is_drawn_with_its_mean_and_deviation() -> None:
    outputs = torch.tensor([0.5, -2.0, math.log(0.3), math.log(2.0)])
    choices = Gaussian((True, False)).sample(outputs.expand(N, 4), uniforms(N, 2))
    torch.testing.assert_close(choices.mean(0), torch.tensor([0.5, -2.0]), rtol=0, atol=0.03)
    torch.testing.assert_close(choices.std(0), torch.tensor([0.3, 2.0]), rtol=0.02, atol=0)
    tail = (choices[:, 1] > -2.0 + 2 * 1.96).float().mean().item()
    assert tail == pytest.approx(0.025, abs=0.004)


def test_the_entropy_of_what_is_squashed_is_right_in_the_mean_and_so_is_its_slope() -> None:
    outputs = torch.tensor([0.7, math.log(0.8)], requires_grad=True)
    choices = Gaussian((True,)).sample(outputs.expand(N, 2), uniforms(N, 1)).detach()
    log_prob, entropy = Gaussian((True,)).log_prob_and_entropy(outputs.expand(N, 2), choices)
    assert entropy.mean().item() == pytest.approx(-log_prob.mean().item(), abs=0.02)

    def by_quadrature(mean: float, log_deviation: float) -> float:
        u = np.linspace(-8, 8, 20_001)
        density = np.exp(-0.5 * ((u - mean) / math.exp(log_deviation)) ** 2) / math.exp(log_deviation)
        density /= density.sum()
        log_slope = 2 * (math.log(2) - u - np.logaddexp(0, -2 * u))
        return 0.5 * math.log(2 * math.pi * math.e) + log_deviation + float((density * log_slope).sum())

    (slope,) = torch.autograd.grad(entropy.mean(), outputs)
    at, step = (0.7, math.log(0.8)), 1e-3
    expected = [
        (by_quadrature(at[0] + step, at[1]) - by_quadrature(at[0] - step, at[1])) / (2 * step),
        (by_quadrature(at[0], at[1] + step) - by_quadrature(at[0], at[1] - step)) / (2 * step),
    ]
    assert slope.tolist() == pytest.approx(expected, abs=0.03)


@given(st.floats(-1e4, 1e4), st.floats(-100, 100), st.sampled_from([0.0, 1e-9, 0.5, 1 - 2**-24, 1.0]), st.booleans())
def test_nothing_overflows(mean: float, log_deviation: float, uniform: float, squashed: bool) -> None:
    outputs = torch.tensor([mean, log_deviation], requires_grad=True)
    choice = Gaussian((squashed,)).sample(outputs, torch.tensor([uniform])).detach()
    log_prob, entropy = Gaussian((squashed,)).log_prob_and_entropy(outputs, choice)
    (slope,) = torch.autograd.grad(log_prob + entropy, outputs)
    assert all(torch.isfinite(each).all() for each in (choice, log_prob, entropy, slope))
    if LEAST <= log_deviation <= MOST:
        assert abs(choice.item() - mean) <= 5.5 * math.exp(log_deviation) + 1e-3 * abs(mean)


@pytest.mark.parametrize("log_deviation", [LEAST - 3, MOST + 3])
def test_a_deviation_beyond_its_bounds_can_come_back(log_deviation: float) -> None:
    outputs = torch.tensor([0.0, log_deviation], requires_grad=True)
    log_prob, _ = Gaussian((False,)).log_prob_and_entropy(outputs, torch.tensor([1.0]))
    (slope,) = torch.autograd.grad(log_prob, outputs)
    assert slope[1] != 0
    assert (slope[1] > 0) == (log_deviation < LEAST)


def test_every_kind_of_actions_has_its_own() -> None:
    parts = Parts((2, 3), (0, 0), (2,), "int64")
    box = Continuous((-1.0, 0.0), (1.0, math.inf), (2,), "float32", "squash")
    assert distribution_of(Discrete(4)) == distribution_of(Product(parts)) == Categorical()
    assert distribution_of(parts) == Factorised((2, 3))
    assert distribution_of(box) == Gaussian((True, False))
