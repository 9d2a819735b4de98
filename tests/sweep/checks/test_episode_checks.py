"""What is said of episodes that are longer than the budget has room for, and where."""

import re
from typing import Any

import pytest
from tiny_environments import CLOCK

from tuning.sweep import validation

SEARCH = {"learning_rate": {"low": 1e-3, "high": 1e-2}}
ENDLESS = {"environment": CLOCK, "fixed": {"environment_args": {"length": 10**9}}}


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ({"environment": "CartPole-v1", "budget": 250_000}, []),
        ({"environment": "CartPole-v1", "budget": 3_000, "fixed": {"evaluation_share": None}}, []),
        (
            {"environment": "CartPole-v1", "budget": 50_000},
            [
                (
                    "fixed.evaluation_share",
                    "all of their 500 steps, evaluations play 2 of 10.*; 1 has room for all",
                    False,
                )
            ],
        ),
        (
            {"environment": "CartPole-v1", "budget": 3_000, "confirm": "off"},
            [
                (
                    "fixed.evaluation_share",
                    "first 60 steps of an episode, which may have 500: .*; 1.67 has room .* 16.67",
                    True,
                )
            ],
        ),
        (
            {
                "environment": "CartPole-v1",
                "budget": 24_000,
                "fixed": {"evaluation_share": 2},
                "confirm": {"episodes": 99},
            },
            [("confirm", "all of their 500 steps, trainings are confirmed on 96 of 99", False)],
        ),
        (
            {**ENDLESS, "budget": 3_000, "confirm": "off"},
            [("environment", "tests/Clock-v0 sets no limit to its episodes: they are cut after 60 steps", False)],
        ),
        (
            {**ENDLESS, "budget": 300_000, "fixed": {**ENDLESS["fixed"], "max_episode_steps": 600}},  # type: ignore[dict-item]
            [],
        ),
        (
            {"loop": "reinforce", "environment": "CartPole-v1", "budget": 3_000, "fixed": {"evaluation_share": None}},
            [("fixed.batch_size", "a batch of 16 episodes can take 8,000 steps, .* cut where 3,300 are trained", True)],
        ),
        (
            {
                "loop": "reinforce",
                "environment": "CartPole-v1",
                "budget": 10_000,
                "fixed": {"evaluation_share": None},
                "search": {**SEARCH, "batch_size": {"choices": [4, 64]}},
            },
            [("search.batch_size", "a batch of 64 episodes can take 32,000 steps", True)],
        ),
        # None of these are theirs to say.
        ({"loop": "supervised", "data": "conjunction-risk", "budget": 10}, []),
    ],
)
def test_what_is_said(sweep: dict[str, Any], expected: list[tuple[str, str, bool]]) -> None:

    data = {"name": "cut", "loop": "dqn", "halving": "off", "search": SEARCH, **sweep}
    found = [each for each in validation.checked_here(data).notes if "steps" in each.message]
    assert [(each.key_path, each.warning) for each in found] == [(path, warning) for path, _, warning in expected]
    for each, (_, message, _) in zip(found, expected, strict=True):
        assert re.search(message, each.message), each.message


def test_a_config_that_is_wrong_elsewhere_is_no_trouble() -> None:
    data = {"name": "cut", "loop": "dqn", "environment": "CartPole-v1", "budget": 0, "search": SEARCH}
    with pytest.raises(Exception, match="budget"):
        validation.checked_here(data)
