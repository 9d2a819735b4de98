"""What policies score that see nothing, by hand: on environments where it follows from their rules."""

from typing import Any

import numpy as np
import pytest
from tiny_environments import CLOCK, CUT_CLOCK, OFFSET

from trainables.loops import trivial_policies
from trainables.loops.config import EpisodicConfig


def answers(environment: str, score: str = "evaluation/return_mean", maximize: bool = True, **fields: Any) -> Any:
    config = EpisodicConfig(**{"environment": environment, "budget": 10_000, "compile": "never", **fields})
    return trivial_policies.answers(config, score, maximize)


@pytest.mark.parametrize(("maximize", "action", "value"), [(True, 1, 3.0), (False, -1, -3.0)])
def test_the_best_constant_action_by_its_own_number(maximize: bool, action: int, value: float) -> None:
    # Three steps, each of which earns its action: -1, 0 or 1.
    by_chance, constant = answers(OFFSET, maximize=maximize)
    assert (constant.name, constant.value, constant.beaten_from) == (f"always action {action}", value, value)
    assert by_chance.name == "a random policy"
    assert -3 < by_chance.value < 3
    margin = by_chance.beaten_from - by_chance.value
    # The standard deviation of a sum of three is the root of 2; of two standard errors of the mean of 500 episodes.
    assert abs(margin) == pytest.approx(2 * np.sqrt(2 / 500), rel=0.2)
    assert (margin > 0) is maximize


def test_the_same_for_the_same_seed_of_evaluation() -> None:
    first, same, other = (answers(OFFSET, evaluation_seed=seed)[0].value for seed in (0, 0, 1))
    assert first == same != other


def test_the_score_is_what_trials_are_compared_by() -> None:
    lowest, _ = answers(OFFSET, "evaluation/return_min")
    highest, _ = answers(OFFSET, "evaluation/return_max")
    assert lowest.value < answers(OFFSET)[0].value < highest.value
    assert lowest.beaten_from == lowest.value
    assert answers(OFFSET, "train/loss") == []
    assert answers(OFFSET, "evaluation/solved_share") == []


def test_what_is_solved_by_doing_nothing() -> None:
    # CartPole is solved by a return of 475, which nobody reaches who does not look.
    found = answers("CartPole-v1", "evaluation/solved_share")
    assert [each.value for each in found] == [0, 0]
    # Of the numbers 0 to 3 the two in the middle are 1 away from the truth on average, whichever episodes are played.
    assert answers("NumberMatch-v0", environment_args={"n": 4})[1].value == pytest.approx(-1, abs=0.1)


def test_actions_that_are_numbers() -> None:
    # Pendulum's torque: no chance and no constant one swings it up.
    by_chance, constant = answers("Pendulum-v1")
    assert constant.name in ("always the lowest action", "always the middle action", "always the highest action")
    assert -2_000 < by_chance.value < -900
    assert max(by_chance.beaten_from, constant.beaten_from) < -500


def test_a_grid_gives_what_episodes_one_by_one_give() -> None:
    # A wrapper that does nothing keeps CartPole from being played side by side.
    _, side_by_side = answers("CartPole-v1")
    _, one_by_one = answers("CartPole-v1", wrappers=[{"TimeLimit": {"max_episode_steps": 500}}])
    assert side_by_side == one_by_one


@pytest.mark.parametrize(
    ("environment", "budget", "share", "value"),
    [
        # Episodes of three steps, which earn 1 + 2 + 3.
        (CUT_CLOCK, 1_000, None, 6.0),
        # Half of the budget is for chance: room for one episode, and for two steps of one.
        (CUT_CLOCK, 8, None, 6.0),
        (CUT_CLOCK, 4, None, 3.0),
        # It ends by itself after a thousand steps.
        (CLOCK, 20, None, 55.0),
        # Members are cut after a tenth of a fifth of the budget, since they are evaluated ten times.
        (CLOCK, 1_000, 0.2, 210.0),
    ],
)
def test_no_more_steps_than_the_budget_of_a_training_and_cut_as_members_are(
    environment: str, budget: int, share: float | None, value: float
) -> None:
    fields = {"environment_args": {"length": 1_000}, "evaluation_share": share}
    by_chance, _ = answers(environment, budget=budget, **fields)
    assert by_chance.value == value
