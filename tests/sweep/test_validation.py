"""Sweeps at the edge of what is right, and those with several mistakes, which are named all at once."""

from pathlib import Path
from typing import Any

import pytest
from sweep_cases import DQN, SUPERVISED, changed, problems, written

from tuning.errors import LockstepError, SweepError
from tuning.sweep.loading import load
from tuning.sweep.model import Sweep


@pytest.mark.parametrize(
    ("data", "path", "value"),
    [
        (DQN, "name", "a"),
        (DQN, "name", "0.a_b-c" + "d" * 57),
        (DQN, "budget", 1_001),
        (DQN, "fixed.learning_starts", 19_999),
        (SUPERVISED, "budget", 10),
        (DQN, "direction", "minimize"),
        (DQN, "search.gamma", None),
        (DQN, "search.replay_capacity", {"choices": [128, 5_000]}),
        (changed(DQN, "fixed.replay", False), "search.batch_size", {"choices": [64, 100_001]}),
        # Trial 0 has the default of both, and the searched values of both are those of others.
        (changed(DQN, "search.batch_size", {"choices": [8, 16]}), "search.replay_capacity", {"choices": [32, 64]}),
        (
            changed(changed(DQN, "fixed.replay_capacity", 32), "search.batch_size", {"choices": [8, 16]}),
            "default",
            {"batch_size": 32},
        ),
        (DQN, "default", {"batch_size": 48, "schedule": "step"}),
        (DQN, "search.warmup", {"low": 0, "high": 0.999}),
        (DQN, "search.optimizer", {"choices": {"rmsprop": {"centered": {"choices": [True, False]}}, "adam": {}}}),
        (DQN, "search.prioritised_replay", {"choices": [True, False]}),
        (changed(DQN, "fixed.prioritised_replay", True), "search.priority_alpha", {"low": 0, "high": 1}),
        (DQN, "search.max_norm", {"choices": [None, 1, 2.5]}),
        (DQN, "search.target_interval", {"low": 1, "high": 9, "step": 4}),
        (DQN, "search.target_interval", {"low": 1, "high": 9, "step": 1, "log": True}),
        (DQN, "search.activation", {"choices": ["relu", "tanh"]}),
        (DQN, "search.environment_args", {"choices": [{}, {"sutton_barto_reward": True}]}),
        (DQN, "search.schedule", {"choices": ["fixed", "cosine", {"step": {"every": 0.1}}]}),
        (DQN, "search.schedule", {"choices": {"fixed": None, "cosine": {"floor": 0.1}}}),
        (DQN, "search.optimizer", {"choices": {"adam": {"beta1": {"low": 0.8, "high": 0.95}}}}),
        (DQN, "fixed.optimizer", "sgd"),
        (DQN, "fixed.optimizer", {"sgd": {"momentum": 0.9}}),
        (DQN, "fixed.max_norm", 10),
        (SUPERVISED, "search.standardise", {"choices": [True, False]}),
        (SUPERVISED, "environment", None),
    ],
)
def test_sweeps_at_the_edge_of_what_is_right_are_accepted(data: dict[str, Any], path: str, value: Any) -> None:
    accepted = Sweep.model_validate(changed(data, path, value))
    assert Sweep.model_validate(accepted.model_dump(mode="json")) == accepted


def test_a_file_with_five_mistakes_names_all_five_in_their_order(tmp_path: Path) -> None:
    text = """
        name: five
        loop: dqn
        environment: CartPole-v9
        budget: 500
        trials: 0
        fixed: {gamma: 2}
        search:
          learning_rate: {low: 0, high: 1.0e-2, log: true}
    """
    with pytest.raises(SweepError) as caught:
        load(written(tmp_path, text))
    paths = [problem.key_path for problem in caught.value.problems]
    assert paths == ["environment", "budget", "trials", "fixed.gamma", "search.learning_rate.low"]
    said = [line.split(": ")[:2] for line in str(caught.value).splitlines()]
    assert said == [[f"{tmp_path}/sweep.yaml:{line}", path] for line, path in zip((4, 5, 6, 7, 9), paths, strict=True)]
    assert isinstance(caught.value, LockstepError)
    assert caught.value.exit_code == 2


def test_what_an_option_has_fixed_in_the_search_is_left_out_of_what_is_tried_first() -> None:
    search = {"schedule": {"choices": {"fixed": {}, "step": {"every": 0.1}}}}
    first = [{"schedule": {"step": {"every": 0.2}}}, {"schedule": {"step": {"factor": 0.2}}}]
    found = problems({**DQN, "search": search, "first": first})
    assert found == {
        "first[0].schedule.step.every": "is 0.1 in the search: should be left out",
        "first[1].schedule.step.factor": "is not searched: should be left out",
    }


def test_all_that_is_wrong_with_what_is_tried_first_is_named_beside_all_else() -> None:
    first = [{"learning_rate": 1.0, "gamm": 1}, {"batch_size": "x"}]
    mistaken = {**DQN, "trials": 0, "first": first, "search": {**DQN["search"], "warmup": {"low": 1}}}
    assert {"trials", "first[0].learning_rate", "first[0].gamm", "first[1].batch_size"} < set(problems(mistaken))


def test_mistakes_of_one_dimension_are_named_together() -> None:
    mistaken = {"low": 0, "high": 1.5, "log": True, "step": 2, "lgo": 1}
    assert set(problems(changed(DQN, "search.warmup", mistaken))) == {
        "search.warmup.low",
        "search.warmup.high",
        "search.warmup.step",
        "search.warmup.lgo",
    }
    options = {"fixd": {}, "cosine": {"floor": 2, "flor": 0}, "step": {"every": {"low": 1, "high": 0.5}}}
    assert set(problems(changed(DQN, "search.schedule.choices", options))) == {
        "search.schedule.choices.fixd",
        "search.schedule.choices.cosine.floor",
        "search.schedule.choices.cosine.flor",
        "search.schedule.choices.step.every",
    }


def test_numbers_that_are_not_finite_do_not_hide_other_mistakes() -> None:
    mistaken = {**DQN, "budget": float("inf"), "trials": 0, "fixed": {"gamma": float("nan"), "hidden": 3}}
    assert set(problems(mistaken)) == {"budget", "trials", "fixed.gamma", "fixed.hidden"}
