"""What environments return, in all the ways that people have it."""

from typing import Any

import numpy as np
import pytest

from trainables.environments import answers
from trainables.environments.answers import MisfitAnswer


@pytest.mark.parametrize(
    ("given", "reward"),
    [
        (1, 1.0),
        (-0.5, -0.5),
        (True, 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.bool_(True), 1.0),
        (np.array(2.0), 2.0),
        (np.array([2.0]), 2.0),
        (np.array([[2]], dtype=np.int8), 2.0),
        ([2.0], 2.0),
    ],
)
def test_a_reward_is_a_number_of_whatever_kind(given: Any, reward: float) -> None:
    found = answers.reward(given)
    assert (type(found), found) == (float, reward)


@pytest.mark.parametrize("given", [None, "1", "", [], [1.0, 2.0], np.zeros(2), np.zeros(0), {}, 1j, object(), [[1], 2]])
def test_what_is_no_number_is_no_reward(given: Any) -> None:
    with pytest.raises(MisfitAnswer, match=r"^returned the reward .* from step; should be a number$"):
        answers.reward(given)


@pytest.mark.parametrize(
    ("given", "truth"),
    [
        (True, True),
        (0, False),
        (1, True),
        (None, False),
        (np.bool_(True), True),
        (np.array([False]), False),
        (1.0, True),
    ],
)
def test_a_truth_of_whatever_kind(given: Any, truth: bool) -> None:
    assert answers.truth(given, "terminated") is truth


@pytest.mark.parametrize("given", ["True", [True, False], np.zeros(2, dtype=np.bool_), {}])
def test_what_is_no_truth(given: Any) -> None:
    with pytest.raises(MisfitAnswer, match=r"^returned truncated .* from step; should be True or False$"):
        answers.truth(given, "truncated")


@pytest.mark.parametrize("given", [[1, 0], np.array([[1.0], [0.0]]), np.array([True, False]), (1.0, False)])
def test_several_at_once(given: Any) -> None:
    found = answers.several(given, 2, "rewards")
    assert (found.dtype, found.tolist()) == (np.float64, [1.0, 0.0])


@pytest.mark.parametrize("given", [1.0, [1, 2, 3], None, ["a", "b"], [[1, 2], [3]]])
def test_too_few_or_none_at_all(given: Any) -> None:
    with pytest.raises(MisfitAnswer, match=r"^returned rewards .* from step of its vector environment; should be 2$"):
        answers.several(given, 2, "rewards")
