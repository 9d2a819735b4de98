"""What random actions show of an environment: counted by hand, bounded, and the same each time."""

import pytest
import tiny_environments

from trainables.environments import EnvironmentMisfit, describe
from trainables.environments.first_look import first_look


def looked(environment: str, **more: int) -> object:
    return first_look(describe(environment, {}), **more)


@pytest.mark.parametrize("environment", ["CartPole-v1", "FrozenLake-v1"])
def test_it_is_the_same_each_time(environment: str) -> None:
    assert looked(environment) == looked(environment)


def test_a_reward_a_step_until_the_pole_falls() -> None:
    look = first_look(describe("CartPole-v1", {}), episodes=3)
    assert len(look.returns) == 3
    assert look.returns == tuple(map(float, look.steps))
    assert look.largest_reward == 1.0
    assert look.largest_return == pytest.approx(max((1 - 0.99**steps) / 0.01 for steps in look.steps))
    assert look.found_an_end == 1.0
    assert (look.narrowest, look.widest) == (None, None)  # speeds have no bounds


def test_an_episode_that_only_its_limit_ends_has_found_no_end() -> None:
    look = first_look(describe("MountainCar-v0", {}), episodes=2)
    assert look.steps == (200, 200)
    assert look.found_an_end == 0.0
    assert (look.narrowest, look.widest) == (pytest.approx(0.14), pytest.approx(1.8))


def test_an_environment_without_a_limit_takes_no_longer_than_the_look_may() -> None:
    look = first_look(describe("CliffWalking-v1", {}), episodes=5, most_steps=300)
    assert sum(look.steps) <= 300
    assert look.largest_reward == 100.0


def test_wrappers_and_arguments_count() -> None:
    wrapped = describe("MountainCar-v0", {}, [{"RescaleObservation": {"min_obs": -1, "max_obs": 1}}])
    assert first_look(wrapped, episodes=1).widest == 2.0
    short = describe("MountainCar-v0", {"max_episode_steps": 7})
    assert first_look(short, episodes=1).steps == (7,)


def test_an_environment_that_is_slow_is_not_looked_at_for_long() -> None:
    seconds = iter(range(0, 10_000, 3))
    look = first_look(describe("MountainCar-v0", {}), now=lambda: float(next(seconds)))
    assert look.steps == (4,)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("raises", "raised OSError: the clock's hand has come off"),
        ("reward", "raised ValueError: a reward of -inf"),
        ("no reward", "raised ValueError: a reward of nan"),
        ("four", "returned 4 values from step"),
    ],
)
def test_an_error_of_the_environment_is_told_with_its_step(way: str, said: str) -> None:
    moody = describe(tiny_environments.MOODY, {"breaks": [1], "way": way})
    with pytest.raises(EnvironmentMisfit) as misfit:
        first_look(moody)
    assert f"{tiny_environments.MOODY} {said}" in str(misfit.value)
    assert str(misfit.value).endswith("(in step 3 of an episode of random actions)")
