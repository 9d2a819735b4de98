"""What weights begin with: it belongs to a member's seed alone."""

import pytest
import torch
from network_cases import CONVOLUTIONAL

from trainables.loops.dqn import DQNConfig
from trainables.loops.registry import LOOPS
from trainables.networks import networks
from trainables.networks.initialisations import Orthogonal, Uniform
from trainables.networks.specs import MLP, Own, Spec


@pytest.mark.parametrize("spec", [MLP(4, 2, (8,)), CONVOLUTIONAL, Own("own_networks:TwoHeads", 4, 2)])
def test_as_torchs(spec: Spec) -> None:
    torch.manual_seed(5)
    expected = spec.build().state_dict()
    before = torch.random.get_rng_state()
    initial = networks.initial(spec, 5)
    assert list(initial) == list(expected)
    torch.testing.assert_close(initial, dict(expected), rtol=0, atol=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    other = networks.initial(spec, 6)
    assert all(not torch.equal(other[name], initial[name]) for name in initial)


@pytest.mark.parametrize("spec", [MLP(40, 2, (80,)), CONVOLUTIONAL, Own("own_networks:TwoHeads", 40, 2)])
def test_uniform(spec: Spec) -> None:
    drawn = torch.cat([tensor.ravel() for tensor in networks.initial(spec, 5, Uniform(bound=0.2)).values()])
    assert drawn.abs().max() <= 0.2
    assert drawn.min() < -0.19
    assert drawn.max() > 0.19
    assert drawn.mean().abs() < 0.02


def test_orthogonal() -> None:
    weights = networks.initial(MLP(4, 2, (8, 8)), 5, Orthogonal(gain=2.0, last_gain=0.1))
    for name, size, gain in (("0", 4, 2.0), ("2", 8, 2.0), ("4", 2, 0.1)):
        matrix = weights[f"{name}.weight"]
        # Of columns or rows whichever are fewer stand square on each other.
        gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        torch.testing.assert_close(gram, gain**2 * torch.eye(size), atol=1e-5, rtol=0)
        assert not weights[f"{name}.bias"].any()


def test_norms_keep_what_they_begin_with() -> None:
    weights = networks.initial(MLP(4, 2, (8,), layer_norm=True), 5, Uniform())
    assert (weights["1.weight"] == 1).all()
    assert not weights["1.bias"].any()


def test_members_of_one_pack_begin_each_in_its_own_way() -> None:
    common = {"environment": "CartPole-v1", "budget": 100, "compile": "never"}
    ways = ({}, {"initialisation": {"uniform": {"bound": 0.5}}}, {"initialisation": "orthogonal"})
    loop = LOOPS["dqn"]([DQNConfig(**common, **way) for way in ways], torch.device("cpu"))
    plain, uniform, orthogonal = (state["learner"]["parameters"] for state in loop.state())
    assert uniform["2.bias"].abs().max() > 0.4 > plain["2.bias"].abs().max() > 0
    assert not orthogonal["2.bias"].any()
