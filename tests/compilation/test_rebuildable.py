"""Functions that remember how they were made: the same object of the same recipe, in this process and in another."""

import pickle
import subprocess
import sys
from typing import Any

import pytest
import torch

from trainables.base.images import Image
from trainables.compilation.rebuildable import Rebuildable, is_ours, rebuildable
from trainables.loops import learner, policies, q_learning, supervised
from trainables.loops.distributions import ONE, Factorised, Gaussian
from trainables.loops.policies import Policy
from trainables.networks.specs import MLP, Convolutional, Own

SPEC = MLP(3, 2, (4,))


@rebuildable
def doubled(offset: float = 0.0) -> Any:
    """Not of the package: its code is not known to be the same tomorrow."""
    return lambda tensor: 2 * tensor + offset


def test_the_same_of_the_same_arguments_however_they_are_given() -> None:
    assert doubled() is doubled(0.0) is doubled(offset=0.0)
    assert doubled(1.0) is not doubled()
    assert doubled(1.0)(3) == 7


def test_pickles_as_its_recipe() -> None:
    loss = q_learning.make_loss(SPEC, "huber", reduction="sum")
    update = learner.packed_update(loss, "adam", False, None)
    assert pickle.loads(pickle.dumps(update)) is update


def test_is_written_the_same_in_every_process() -> None:
    call = (
        "from trainables.loops import q_learning; from trainables.networks.specs import MLP\n"
        "print(repr(q_learning.make_loss(MLP(3, 2, (4,)), 'huber')))"
    )
    there = subprocess.run([sys.executable, "-c", call], capture_output=True, text=True, check=True).stdout
    assert there.strip() == repr(q_learning.make_loss(SPEC, "huber"))


@pytest.mark.parametrize(
    "function",
    [
        q_learning.packed_greedy(SPEC),
        q_learning.packed_greedy(Convolutional(Image(8, 8, 1, True, 1.0), 2, (4,), (8,))),
        policies.packed_sample(Policy(SPEC, ONE)),
        policies.packed_sample(Policy(SPEC, Factorised((1, 1)))),
        policies.packed_greedy(Policy(SPEC, Gaussian((True, False)), by_state=True)),
        supervised.packed_validate(SPEC, "mse"),
        learner.packed_update(q_learning.make_loss(SPEC, "huber"), "adam", False, 2),
    ],
    ids=repr,
)
def test_what_the_package_makes_of_plain_values_is_ours(function: Rebuildable) -> None:
    assert is_ours(function)


@pytest.mark.parametrize(
    "function",
    [
        doubled(),
        q_learning.packed_greedy(Own("own_networks:TwoHeads", 3, 2)),
        learner.packed_update(lambda parameters, numbers: (torch.zeros(()), {}), "adam", False, None),
        learner.packed_update(doubled(), "adam", False, None),
    ],
    ids=["factory", "network", "loss", "rebuildable loss"],
)
def test_what_holds_code_of_others_is_not(function: Rebuildable) -> None:
    assert not is_ours(function)
