"""The metrics of evaluation episodes, by hand."""

import numpy as np
import pytest

from trainables.environments.description import describe
from trainables.loops.evaluation import metrics


@pytest.mark.parametrize(("threshold", "share"), [(3.0, 0.5), (3.1, 0.25), (0.0, 1.0), (9.0, 0.0)])
def test_by_hand(threshold: float, share: float) -> None:
    assert metrics(np.array([1.0, 3.0, 2.0, 6.0]), np.array([True, False, True, True]), threshold) == {
        "evaluation/return_mean": 3.0,
        "evaluation/return_std": pytest.approx(3.5**0.5),
        "evaluation/return_min": 1.0,
        "evaluation/return_max": 6.0,
        "evaluation/solved_share": share,
        "evaluation/episodes": 4.0,
        "evaluation/truncated_share": 0.75,
    }


def test_where_nobody_says_what_solves_an_episode_no_share_is_given() -> None:
    assert "evaluation/solved_share" not in metrics(np.array([1.0, 3.0]), np.array([False, True]), None)


@pytest.mark.parametrize(("environment", "threshold"), [("CartPole-v1", 475), ("NumberMatch-v0", 0)])
def test_the_threshold_is_the_environments(environment: str, threshold: float) -> None:
    assert describe(environment, {}).reward_threshold == threshold
