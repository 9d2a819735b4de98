"""Whole numbers as unit vectors: the space, the values, and what is refused."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from trainables import environments
from trainables.environments.observations import row
from trainables.environments.one_hot import OneHotObservation


class Shown(gymnasium.Env):
    """Shows what it is given."""

    action_space = spaces.Discrete(2)

    def __init__(self, space, seen=None):
        self.observation_space, self.seen = space, seen

    def reset(self, *, seed=None, options=None):
        return self.seen, {}


def test_each_number_becomes_a_unit_vector() -> None:
    box = spaces.Box(np.array([0.0, -1.0]), np.array([2.0, 1.0]), dtype=np.float64)
    made = OneHotObservation(Shown(box, np.array([2.0, -1.0])))
    seen, _ = made.reset()
    assert made.observation_space.contains(seen)
    assert row(made.observation_space, seen).tolist() == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (spaces.Discrete(3), "should be a Box with bounds"),
        (spaces.Box(-np.inf, np.inf, (2,)), "should be a Box with bounds"),
        (spaces.Box(0, 255, (64, 64, 3), np.uint8), "3,145,728 whole numbers"),
        (spaces.Box(0.2, 0.8, (1,)), "has 0 whole numbers"),
    ],
)
def test_what_has_no_few_whole_numbers_is_refused(space: spaces.Space, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        OneHotObservation(Shown(space))


def test_a_number_between_two_is_refused() -> None:
    made = OneHotObservation(Shown(spaces.Box(0.0, 2.0, (1,)), np.array([0.5])))
    with pytest.raises(ValueError, match="takes whole numbers alone"):
        made.reset()


def test_it_goes_by_its_name_alone() -> None:
    described = environments.describe("NumberMatch-v0", {"n": 4}, ["OneHotObservation"])
    assert described.inputs == 4
