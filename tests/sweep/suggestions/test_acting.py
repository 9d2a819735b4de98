"""What is suggested for environments, by what is seen of them; every suggestion is a sweep without a mistake."""

from dataclasses import replace
from typing import Any

import pytest

from trainables.environments import describe
from trainables.environments.description import Description
from trainables.environments.first_look import FirstLook
from tuning.errors import SweepError
from tuning.sweep import loading
from tuning.sweep.suggestions import acting
from tuning.sweep.suggestions.beginning import Beginning

INSTALLED = ("Acrobot-v1", "CartPole-v1", "MountainCar-v0", "FrozenLake-v1", "Taxi-v4", "CliffWalking-v1")
OURS = ("NumberMatch-v0", "SensorTasking-v0")


@pytest.mark.parametrize("environment", [*INSTALLED, *OURS])
@pytest.mark.parametrize("loop", [None, "reinforce"])
def test_what_is_suggested_has_no_mistake(environment: str, loop: str | None) -> None:
    sweep = loading.suggested(Beginning(environment=environment, loop=loop))[0].sweep
    assert sweep.environment == environment
    assert sweep.loop == (loop or "dqn")
    assert sweep.confirm is not None
    assert sweep.halving is not None
    assert {"learning_rate", "schedule", "max_norm", "batch_size", "reward_scale", "gamma"} <= set(sweep.search)


@pytest.mark.parametrize("environment", ["NumberMatch-v0", "CartPole-v1", "Taxi-v4"])
def test_the_same_is_suggested_each_time(environment: str) -> None:
    first, second = (loading.suggested(Beginning(environment=environment)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("environment", ["Pendulum-v1", "MountainCarContinuous-v0"])
def test_what_dqn_can_not_take_is_begun_with_reinforce(environment: str) -> None:
    checked, text = loading.suggested(Beginning(environment=environment))
    assert checked.sweep.loop == "reinforce"
    assert "there are actions of 1 number." in text
    with pytest.raises(SweepError, match="continuous ones have no end: should be trained with loop: reinforce"):
        loading.suggested(Beginning(environment=environment, loop="dqn"))


def seen(**changes: Any) -> Description:
    """An environment like the mountain car's, but for what is changed."""
    return replace(describe("MountainCar-v0", {}), **{"environment": "Some-v0", "reward_threshold": None, **changes})


def look(**changes: Any) -> FirstLook:
    known: dict[str, Any] = {
        "returns": (-90.0, -110.0),
        "steps": (90, 110),
        "largest_reward": 1.0,
        "largest_return": 66.0,
        "found_an_end": 1.0,
        "narrowest": 2.0,
        "widest": 4.0,
    }
    return FirstLook(**{**known, **changes})


@pytest.mark.parametrize(
    ("described", "met", "budget"),
    [
        ({}, {}, 40_000),
        # Random actions never get anywhere: it takes longer to find out what is good.
        ({}, {"found_an_end": 0.0}, 60_000),
        ({"max_episode_steps": 1_000}, {}, 100_000),
        ({"one_hot_from": 0, "inputs": 16, "shape": ()}, {"found_an_end": 0.0}, 20_000),
        ({"one_hot_from": 0, "inputs": 500, "shape": ()}, {"found_an_end": 0.0}, 60_000),
    ],
)
def test_the_budget_follows_from_how_hard_it_seems(described: dict[str, Any], met: dict[str, Any], budget: int) -> None:
    assert acting.dqn(seen(**described), look(**met)).data["budget"] == budget


@pytest.mark.parametrize(
    ("largest_return", "largest_reward", "low", "high"),
    [(100.0, 1.0, 0.1, 1.0), (290.0, 100.0, 0.03, 0.3), (0.0, 1.0, 10.0, 100.0), (0.0, 0.0, 10.0, 100.0)],
)
def test_rewards_are_scaled_by_what_random_actions_have_met(
    largest_return: float, largest_reward: float, low: float, high: float
) -> None:
    found = acting.dqn(seen(), look(largest_return=largest_return, largest_reward=largest_reward))
    assert found.data["search"]["reward_scale"] == {"low": low, "high": high, "log": True}


@pytest.mark.parametrize(
    ("narrowest", "widest", "rescaled"),
    [(2.0, 4.0, False), (0.14, 1.8, True), (1.0, 1_000.0, True), (None, None, False), (0.0, 1_000.0, False)],
)
def test_observations_of_very_different_size_are_rescaled(
    narrowest: float | None, widest: float | None, rescaled: bool
) -> None:
    fixed = acting.dqn(seen(), look(narrowest=narrowest, widest=widest)).data.get("fixed", {})
    assert ("wrappers" in fixed) == rescaled


@pytest.mark.parametrize(("steps", "episodes"), [((1, 2), 100), ((30, 30), 20), ((90, 110), None)])
def test_short_episodes_are_evaluated_in_larger_numbers(steps: tuple[int, ...], episodes: int | None) -> None:
    fixed = acting.dqn(seen(), look(steps=steps)).data.get("fixed", {})
    assert fixed.get("evaluation_episodes") == episodes
    assert fixed.get("evaluation_share") == (None if episodes is None else 1.0)


def test_evaluations_that_cost_little_are_played_in_full() -> None:
    assert acting.dqn(seen(environment="CartPole-v1"), look()).data["fixed"]["evaluation_share"] is None
    assert "evaluation_share" not in acting.dqn(seen(), look()).data.get("fixed", {})


def test_numbers_that_are_observed_are_a_table_whose_memory_has_room() -> None:
    many = seen(shape=(), inputs=500, one_hot_from=0)
    fixed = acting.dqn(many, look()).data["fixed"]
    assert fixed["hidden"] == []
    assert 16 * fixed["replay_capacity"] * (2 * 500 + 3) * 4 <= acting.MEMORY_BYTES


def test_what_is_understood_is_said() -> None:
    said = " ".join(acting.dqn(seen(reward_threshold=195.0), look()).heading)
    for part in ("Some-v0", "2 numbers", "3 actions", "200 steps", "195", "-100 (-110 to -90 in 2 episodes)"):
        assert part in said
