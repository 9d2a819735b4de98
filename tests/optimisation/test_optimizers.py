"""Optimizers and clipping: equal to torch's, step by step."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pydantic import TypeAdapter

from trainables.optimisation import optimizers
from trainables.optimisation.optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, Tensors

Kind = SGD | Adam | AdamW | RMSprop

SHAPES = {"first.weight": (3, 4), "first.bias": (3,), "second.weight": (1, 3)}
UPDATES = 100


def tensors(seed: int, scale: float = 1.0) -> Tensors:
    generator = torch.Generator().manual_seed(seed)
    return {name: scale * torch.randn(shape, generator=generator) for name, shape in SHAPES.items()}


def settings(optimizer: Kind) -> Tensors:
    return {name: torch.tensor(value) for name, value in optimizer.model_dump(exclude={"kind"}).items()}


def beginning(kind: str, parameters: Tensors) -> dict[str, Tensors]:
    memory = optimizers.RULES[kind].moments
    return {name: {key: torch.zeros_like(value) for key, value in parameters.items()} for name in memory}


def ours(optimizer: Kind, gradients: Callable[[int], Tensors], rate: Callable[[int], float]) -> Tensors:
    step = optimizers.step_of(optimizer.kind, decays=optimizer.weight_decay > 0)
    parameters = tensors(0)
    state = beginning(optimizer.kind, parameters)
    for update in range(UPDATES):
        parameters, state = step(
            parameters,
            gradients(update),
            state,
            settings(optimizer),
            torch.tensor(rate(update)),
            torch.tensor(update),
        )
    return parameters


def theirs(optimizer: Kind, gradients: Callable[[int], Tensors], rate: Callable[[int], float]) -> Tensors:
    parameters = {name: value.requires_grad_() for name, value in tensors(0).items()}
    reference = REFERENCES[optimizer.kind](parameters.values(), optimizer)
    for update in range(UPDATES):
        for name, gradient in gradients(update).items():
            parameters[name].grad = gradient
        reference.param_groups[0]["lr"] = rate(update)
        reference.step()
    return {name: value.detach() for name, value in parameters.items()}


REFERENCES: dict[str, Callable[[Any, Any], torch.optim.Optimizer]] = {
    "sgd": lambda weights, of: torch.optim.SGD(weights, momentum=of.momentum, weight_decay=of.weight_decay),
    "adam": lambda weights, of: torch.optim.Adam(
        weights, betas=(of.beta1, of.beta2), eps=of.epsilon, weight_decay=of.weight_decay
    ),
    "adamw": lambda weights, of: torch.optim.AdamW(
        weights, betas=(of.beta1, of.beta2), eps=of.epsilon, weight_decay=of.weight_decay
    ),
    "rmsprop": lambda weights, of: torch.optim.RMSprop(
        weights,
        alpha=of.decay,
        eps=of.epsilon,
        momentum=of.momentum,
        weight_decay=of.weight_decay,
        centered=of.centered,
    ),
}

OPTIMIZERS = [
    SGD(),
    SGD(momentum=0.9),
    SGD(momentum=0.5),
    Adam(),
    Adam(beta1=0.5, beta2=0.9),
    Adam(beta1=0.0),
    Adam(beta2=0.0),
    Adam(beta1=0.99, beta2=0.9999),
    Adam(epsilon=1e-3),
    Adam(epsilon=1.0),
    AdamW(weight_decay=0.0),
    RMSprop(),
    RMSprop(decay=0.5),
    RMSprop(momentum=0.9),
    RMSprop(epsilon=1.0),
    RMSprop(centered=True),
    RMSprop(centered=True, decay=0.5),
    RMSprop(centered=True, momentum=0.9),
    RMSprop(centered=True, epsilon=1.0),
]
DECAYING = [
    SGD(weight_decay=0.1),
    SGD(momentum=0.9, weight_decay=1.0),
    Adam(weight_decay=0.1),
    Adam(weight_decay=1.0),
    AdamW(),
    AdamW(weight_decay=1.0, beta1=0.5),
    RMSprop(weight_decay=0.1),
    RMSprop(weight_decay=0.1, momentum=0.9),
    RMSprop(weight_decay=0.1, momentum=0.9, centered=True),
]


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, *DECAYING])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_equal_to_torchs(optimizer: Kind, scale: float) -> None:
    def gradients(update: int) -> Tensors:
        return tensors(update + 1, scale)

    def rate(update: int) -> float:
        return 1e-2 / (1 + update)

    torch.testing.assert_close(
        ours(optimizer, gradients, rate), theirs(optimizer, gradients, rate), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_gradient_of_zero_moves_nothing(optimizer: Kind) -> None:
    still = ours(optimizer, lambda update: tensors(0, scale=0.0), lambda update: 0.1)
    torch.testing.assert_close(still, tensors(0), rtol=0, atol=0)


def test_the_defaults_are_torchs() -> None:
    weights = [torch.zeros(1, requires_grad=True)]
    for kind, make in REFERENCES.items():
        chosen: Any = TypeAdapter(Optimizer).validate_python(kind)
        plain = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
        assert make(weights, chosen).defaults == plain.get(kind, torch.optim.RMSprop)(weights, lr=1e-3).defaults | {
            "lr": make(weights, chosen).defaults["lr"]
        }


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_decay_of_zero_is_none(optimizer: Kind) -> None:
    # So a member without decay is the same in a pack of which another's weights decay.
    for update in range(3):
        gradients, moment = tensors(update + 1), (torch.tensor(0.1), torch.tensor(update))
        state = {name: tensors(10 + update) for name in optimizers.RULES[optimizer.kind].moments}
        # Between 0 and 1, so that no mean is further from 0 than the root of its mean square.
        state = {name: {key: torch.sigmoid(value) for key, value in each.items()} for name, each in state.items()}
        with_it, without = (
            optimizers.step_of(optimizer.kind, decays)(tensors(0), gradients, state, settings(optimizer), *moment)
            for decays in (True, False)
        )
        torch.testing.assert_close(with_it, without, rtol=0, atol=0)


def test_one_step_with_decay_by_hand() -> None:
    # w = 2, g = 1, decay 0.5, rate 0.1: coupled, the gradient is 1 + 0.5 * 2; decoupled, w is 2 * (1 - 0.1 * 0.5).
    weights, gradients, decay, rate = (
        {"w": torch.tensor(2.0)},
        {"w": torch.tensor(1.0)},
        torch.tensor(0.5),
        torch.tensor(0.1),
    )
    assert optimizers.coupled(weights, gradients, decay, rate) == (weights, {"w": torch.tensor(2.0)})
    shrunk, same = optimizers.decoupled(weights, gradients, decay, rate)
    assert shrunk["w"].item() == pytest.approx(1.9)
    assert same == gradients


def test_the_first_steps_of_adam_by_hand() -> None:
    # Bias correction makes the first step one of the full rate, whatever the gradient; g = 2, then g = -1.
    step, parameters = optimizers.step_of("adam", decays=False), {"w": torch.tensor([1.0])}
    state = beginning("adam", parameters)
    chosen, rate = settings(Adam(beta1=0.5, beta2=0.75)), torch.tensor(0.1)
    parameters, state = step(parameters, {"w": torch.tensor([2.0])}, state, chosen, rate, torch.tensor(0))
    assert parameters["w"].item() == pytest.approx(0.9)
    # mean: (0.5 * 1 + 0.5 * -1) / 0.75 = 0, so the second step stands still.
    parameters, state = step(parameters, {"w": torch.tensor([-1.0])}, state, chosen, rate, torch.tensor(1))
    assert parameters["w"].item() == pytest.approx(0.9)
    assert (state["mean"]["w"].item(), state["square"]["w"].item()) == pytest.approx((0.0, 1.0))


@pytest.mark.parametrize("scale", [1.0, 1e-5])
@pytest.mark.parametrize("max_norm", [0.5, 4.999, 5.0, 5.001, 1e6])
def test_clipping_equal_to_torchs(max_norm: float, scale: float) -> None:
    # A gradient of norm 5, over two tensors; a small one shows what is added to the norm.
    gradients = {
        "weight": scale * torch.tensor([[3.0, 0.0], [0.0, 0.0]]),
        "bias": scale * torch.tensor([0.0, -4.0]),
    }
    parameters = {name: torch.zeros_like(gradient) for name, gradient in gradients.items()}
    for name, gradient in gradients.items():
        parameters[name].grad = gradient.clone()
    expected = torch.nn.utils.clip_grad_norm_(parameters.values(), scale * max_norm)

    norm = optimizers.global_norm(gradients)
    torch.testing.assert_close(norm, expected)
    assert norm.item() == pytest.approx(5 * scale)
    clipped = optimizers.clip(gradients, norm, torch.tensor(scale * max_norm))
    expected_gradients = {name: parameter.grad for name, parameter in parameters.items()}
    torch.testing.assert_close(clipped, expected_gradients, rtol=1e-5, atol=0)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e15])
def test_no_max_norm_clips_nothing(scale: float) -> None:
    gradients = tensors(0, scale)
    clipped = optimizers.clip(gradients, optimizers.global_norm(gradients), torch.tensor(float("inf")))
    torch.testing.assert_close(clipped, gradients, rtol=0, atol=0)


def test_clipping_a_gradient_of_zero_leaves_zero() -> None:
    gradients = tensors(0, scale=0.0)
    clipped = optimizers.clip(gradients, optimizers.global_norm(gradients), torch.tensor(1.0))
    torch.testing.assert_close(clipped, gradients, rtol=0, atol=0)
