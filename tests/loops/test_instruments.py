"""The instruments: hand-worked numbers, and what a training shows of a policy that does not look."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, tensor

from trainables.base.images import Image
from trainables.environments.action_spaces import Discrete
from trainables.loops import instruments
from trainables.loops.episodes import Steps
from trainables.loops.policies import Policy, distribution_of
from trainables.loops.recent_steps import RecentSteps
from trainables.networks import networks
from trainables.networks.specs import MLP, Convolutional, Spec

UNIFORM, FIRST, LAST = [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("policy", "entropy", "common", "dependence"),
    [
        ([UNIFORM, UNIFORM], 1.0, 1 / 3, 0.0),
        ([FIRST, FIRST], 0.0, 1.0, 0.0),  # settled, and the same for every input
        ([FIRST, LAST], 0.0, 0.5, 1.0),  # settled, and the input decides
        ([FIRST, UNIFORM], 0.5, 2 / 3, None),
    ],
)
def test_what_a_policy_is_like(
    policy: list[list[float]], entropy: float, common: float, dependence: float | None
) -> None:
    found = instruments.of_choices([tensor(policy)])
    if dependence is None:
        mixed = -(2 / 3) * math.log(2 / 3) - 2 * (1 / 6) * math.log(1 / 6)
        dependence = (mixed - math.log(3) / 2) / mixed
    expected = dict(zip(instruments.OF_POLICIES, (entropy, common, dependence), strict=True))
    assert {name: each.item() for name, each in found.items()} == pytest.approx(expected, abs=1e-6)


def test_parts_of_an_action_are_told_together() -> None:
    found = instruments.of_choices([tensor([FIRST, LAST]), tensor([[0.5, 0.5], [0.5, 0.5]])])
    assert found["train/entropy_share"].item() == pytest.approx(math.log(2) / (math.log(3) + math.log(2)))
    assert found["train/input_dependence"].item() == pytest.approx(0.5)  # of two bits the input decides one


def test_continuous_actions_depend_by_the_share_of_their_variance() -> None:
    # Means of -1 and 1 have a variance of 1; in the first dimension they are drawn with as much, in the second not.
    means, log_deviations = tensor([[-1.0, -1.0], [1.0, 1.0]]), tensor([[0.0, -40.0]]).expand(2, 2)
    assert instruments.of_normal(means, log_deviations).item() == pytest.approx((0.5 + 1.0) / 2)


def test_a_line_through_the_losses_and_what_lies_about_it() -> None:
    nan = math.nan
    losses = tensor([[5.0, 1.0], [4.0, 2.0], [3.0, nan], [2.0, nan]])
    norms = tensor([[1.0, 7.0], [2.0, 9.0], [3.0, nan], [4.0, nan]])
    first, second = instruments.listed(instruments.of_updates(losses, norms), 2)
    assert first["train/loss_slope"] == pytest.approx(-3.0)  # from 5 to 2
    assert first["train/loss_spread"] == pytest.approx(0.0, abs=1e-9)
    assert first["train/gradient_norm_p50"] == pytest.approx(2.5)
    assert first["train/gradient_norm_p90"] == pytest.approx(3.7)
    assert second["train/loss_slope"] == pytest.approx(1.0)
    assert second["train/gradient_norm_p50"] == pytest.approx(8.0)
    zigzag = instruments.of_updates(tensor([[0.0], [2.0], [2.0], [0.0]]), torch.ones(4, 1))
    assert (zigzag["train/loss_slope"].item(), zigzag["train/loss_spread"].item()) == pytest.approx((0.0, 1.0))


def test_nothing_is_told_of_a_member_that_made_no_update() -> None:
    none = torch.full((3, 1), math.nan)
    assert instruments.listed(instruments.of_updates(none, none), 1)[0].keys() <= {"train/loss_spread"}


def test_an_update_beside_the_weights() -> None:
    before = {"a": tensor([[3.0], [1.0]]), "b": tensor([[[4.0]], [[0.0]]])}
    after = {"a": tensor([[3.3], [1.0]]), "b": tensor([[[4.4]], [[0.0]]])}
    assert instruments.update_ratio(before, after).tolist() == pytest.approx([0.1, 0.0])


def parameters_of(spec: Spec, changes: dict[str, Tensor]) -> dict[str, Tensor]:
    found = networks.initial(spec, 0)
    return {name: changes.get(name, each)[None] for name, each in found.items()}


def test_units_that_are_dead_or_saturated() -> None:
    inputs = torch.linspace(-1, 1, 50).reshape(1, 50, 1)
    # Of four units of relu two never see more than their bias, which is below zero.
    weights, biases = tensor([[1.0], [-1.0], [0.1], [0.1]]), tensor([0.0, 0.0, -5.0, -5.0])
    dead = MLP(1, 1, (4,), "relu")
    found = instruments.of_units(dead)(parameters_of(dead, {"0.weight": weights, "0.bias": biases}), inputs)
    assert [found[name].item() for name in instruments.OF_UNITS] == [0.5, 0.0]
    # Of two layers of tanh, three of eight units are driven to their bounds.
    saturated = MLP(1, 1, (4, 4), "tanh")
    full = {"0.weight": tensor([[1e3], [1e3], [1e3], [1.0]]), "0.bias": torch.full((4,), 0.5)}
    found = instruments.of_units(saturated)(parameters_of(saturated, full), inputs)
    assert found["train/saturated_units"].item() == 3 / 8


def test_channels_of_a_convolution_are_units() -> None:
    spec = Convolutional(Image(8, 8, 1, True, 1.0), 2, (4,), (6,))
    biases = {"0.weight": torch.zeros(4, 1, 3, 3), "0.bias": tensor([-1.0, -1.0, 1.0, 1.0])}
    found = instruments.of_units(spec)(parameters_of(spec, biases), torch.rand(1, 5, 64))
    assert found["train/dead_units"].item() >= 2 / 10


def test_how_well_values_tell_returns() -> None:
    returns = tensor([[1.0, 2.0, 3.0, 4.0]])
    assert instruments.explained_variance(returns, returns + 7).tolist() == [1.0]
    assert instruments.explained_variance(returns, torch.zeros(1, 4)).tolist() == [0.0]
    assert instruments.explained_variance(returns, -returns).item() < 0
    assert instruments.left_over(returns, torch.ones(1, 4)).tolist() == [0.0]


def test_the_most_common_choice() -> None:
    assert instruments.most_common(tensor([[0, 0, 2, 0], [1, 2, 1, 2]]), 3).tolist() == [0.75, 0.5]


def test_whole_numbers_that_may_stand_for_things() -> None:
    numbers = tensor([[[0.0], [3.0], [9.0]], [[0.0], [1.0], [1.0]], [[0.0], [0.5], [4.0]]])
    listed = instruments.listed(instruments.input_kinds(numbers), 3)
    assert listed == [{"train/input_kinds": 10.0}, {}, {}]  # the second is told apart as it is, the third is measured
    assert instruments.input_kinds(torch.zeros(1, 5, 64)) == {}


def test_what_is_kept_of_a_member_does_not_hang_on_its_neighbours() -> None:
    chance = np.random.default_rng(0)

    def steps(members: int, longest: int) -> Steps:
        valid = np.ones((members, longest), dtype=np.float32)
        return Steps(
            chance.random((members, longest, 3), dtype=np.float32),
            np.zeros((members, longest)),
            chance.random((members, longest), dtype=np.float32),
            valid,
        )

    pack, alone = RecentSteps(2, 4, 3), RecentSteps(1, 4, 3)
    batches = [steps(2, 20) for _ in range(3)]
    for place, batch in enumerate(batches):
        pack.add(batch, np.array([place == 0, True]) if place else np.array([True, True]))
    alone.add(Steps(*(each[:1] for each in batches[0])), np.array([True]))
    (seen, returns, have), (own, own_returns, has) = pack.take(), alone.take()
    np.testing.assert_array_equal(seen[0], own[0])
    np.testing.assert_array_equal(returns[0], own_returns[0])
    assert (have.tolist(), has.tolist()) == ([True, True], [True])
    assert pack.take()[2].tolist() == [False, False]


def test_a_policy_that_does_not_look_at_its_input() -> None:
    spec = MLP(2, 3, (4,), "tanh")
    policy = Policy(spec, distribution_of(Discrete(3)))
    found = {"policy." + name: each for name, each in networks.initial(spec, 0).items()}
    blind = found | {"policy.0.weight": torch.zeros(4, 2)}
    seen = torch.randn(1, 64, 2)

    def dependence(parameters: dict[str, Tensor]) -> float:
        stacked = {name: each[None] for name, each in parameters.items()}
        return instruments.of_policy(policy)(stacked, seen)["train/input_dependence"].item()

    assert dependence(blind) == pytest.approx(0.0, abs=1e-5)
    assert dependence(found) > 1e-4
