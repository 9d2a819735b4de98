"""Sweeps: what is filled in, and the configurations that they lead to."""

from typing import Any

import pytest
from sweep_cases import DQN, SUPERVISED, changed

from trainables.loops.registry import LOOPS
from tuning.errors import SweepError
from tuning.sweep import yaml_text
from tuning.sweep.dimensions import Choices, FloatRange, IntRange, Options
from tuning.sweep.model import Sweep
from tuning.sweep.sections import Workers


def test_each_loop_lends_its_score_and_direction() -> None:
    for name, loop in LOOPS.items():
        data = changed(changed(DQN if name != "supervised" else SUPERVISED, "loop", name), "fixed", {})
        assert Sweep.model_validate(data).metric == loop.score
        assert Sweep.model_validate(data).direction == loop.direction


def test_what_is_left_out_is_filled_in() -> None:
    read = Sweep.model_validate(DQN)
    assert (read.metric, read.direction) == ("evaluation/return_mean", "maximize")
    assert (read.trials, read.seeds, read.sampler, read.pack_size) == (64, 1, "tpe", "auto")
    assert (read.workers, read.time_limit, read.seed, read.data) == (Workers(), None, 0, None)
    assert Sweep.model_validate({**DQN, "metric": None, "time_limit": None, "workers": None}) == read


@pytest.mark.parametrize(
    ("data", "given", "direction"),
    [
        (DQN, {"metric": "evaluation/return_min"}, "maximize"),
        (DQN, {"metric": "evaluation/return_max"}, "maximize"),
        (DQN, {"metric": "evaluation/solved_share"}, "maximize"),
        (DQN, {"metric": "evaluation/return_min", "direction": "minimize"}, "minimize"),
        (DQN, {"metric": "evaluation/return_std", "direction": "minimize"}, "minimize"),
        (DQN, {"metric": "evaluation/return_std", "direction": "maximize"}, "maximize"),
        (DQN, {"direction": "minimize"}, "minimize"),
        (SUPERVISED, {"metric": "validation/loss"}, "minimize"),
        (SUPERVISED, {"metric": "validation/accuracy", "fixed": {"loss": "cross_entropy"}}, "maximize"),
        (SUPERVISED, {"metric": "validation/f1", "fixed": {"loss": "cross_entropy"}}, "maximize"),
        (SUPERVISED, {"metric": "validation/balanced_accuracy", "fixed": {"loss": "cross_entropy"}}, "maximize"),
        (SUPERVISED, {"metric": "validation/mae"}, "minimize"),
        (SUPERVISED, {"metric": "validation/r2"}, "maximize"),
        (SUPERVISED, {"metric": "validation/r2", "fixed": {"loss": "huber"}}, "maximize"),
        (SUPERVISED, {"direction": "maximize"}, "maximize"),
    ],
)
def test_the_direction_is_the_metric_s_own_or_the_one_given(
    data: dict[str, Any], given: dict[str, Any], direction: str
) -> None:
    read = Sweep.model_validate({**data, **given})
    assert (read.metric, read.direction) == (given.get("metric", read.metric), direction)
    assert Sweep.model_validate(read.model_dump(mode="json")) == read


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(90, 90), (1.5, 1.5), ("90s", 90), ("10m", 600), ("2h", 7_200), ("0.5 h", 1_800), (None, None)],
)
def test_times_are_kept_in_seconds(given: object, seconds: float | None) -> None:
    assert Sweep.model_validate({**DQN, "time_limit": given}).time_limit == seconds


@pytest.mark.parametrize(
    ("given", "workers"),
    [
        ("auto", Workers()),
        (3, Workers(count=3)),
        ({"count": 2, "gpus": 0.5}, Workers(count=2, gpus=0.5)),
        ({"cpus": 2}, Workers(cpus=2)),
    ],
)
def test_workers_may_be_their_count_alone(given: object, workers: Workers) -> None:
    assert Sweep.model_validate({**DQN, "workers": given}).workers == workers


def test_dimensions_have_the_type_of_their_field() -> None:
    search = {
        **DQN["search"],
        "max_norm": {"low": 1, "high": 50, "log": True},
        "target_interval": {"low": 100, "high": 500, "step": 100},
        "hidden": {"choices": [[64], [64, 64]]},
    }
    assert Sweep.model_validate({**DQN, "fixed": {}, "search": search}).search == {
        "learning_rate": FloatRange(low=1e-4, high=1e-2, log=True),
        "schedule": Options(choices={"fixed": {}, "cosine": {"floor": FloatRange(low=0.0, high=0.1)}}),
        "batch_size": Choices(choices=(32, 64, 128)),
        "max_norm": FloatRange(low=1.0, high=50.0, log=True),
        "target_interval": IntRange(low=100, high=500, step=100),
        "hidden": Choices(choices=([64], [64, 64])),
    }


def test_a_sweep_made_in_python_is_checked_as_a_file_is() -> None:
    rate = FloatRange(low=1e-4, high=1e-2, log=True)
    made = Sweep(name="a", loop="supervised", data="conjunction-risk", budget=60, search={"learning_rate": rate})
    assert made.search == {"learning_rate": rate}
    with pytest.raises(SweepError, match=r"^search.warmup.high: should be below 1, is 1.0$"):
        Sweep(
            name="a",
            loop="supervised",
            data="conjunction-risk",
            budget=60,
            search={"warmup": FloatRange(low=0, high=1)},
        )


def test_the_config_of_a_member_has_the_defaults_then_what_is_fixed_then_the_values() -> None:
    read = Sweep.model_validate(DQN)
    plain, given = read.config(), read.config({"learning_rate": 3e-4, "schedule": {"cosine": {"floor": 0.03}}}, seed=7)
    defaults = LOOPS["dqn"].Config(budget=20_000, environment="CartPole-v1", hidden=(64, 64), gamma=0.99)
    assert plain == defaults
    assert (given.learning_rate, given.schedule.model_dump(), given.seed) == (
        3e-4,
        {"kind": "cosine", "floor": 0.03, "periods": 1},
        7,
    )
    assert (
        given.model_copy(update={"learning_rate": plain.learning_rate, "schedule": plain.schedule, "seed": 0}) == plain
    )


def test_trial_0_has_other_defaults_where_they_are_given() -> None:
    read = Sweep.model_validate(
        {**DQN, "default": {"batch_size": 16, "learning_rate": 3e-3}, "first": [{"batch_size": 32}]}
    )
    assert (read.config().batch_size, read.config().learning_rate) == (16, 3e-3)
    assert read.config({"batch_size": 128}).batch_size == 128
    assert read.default_params() == {"learning_rate": 3e-3, "schedule": "fixed"}
    assert read.first_params() == [{"learning_rate": 3e-3, "schedule": "fixed", "batch_size": 32}]
    assert Sweep.model_validate(yaml_text.parse(read.to_yaml(), "")) == read


def test_default_params_leave_out_what_the_search_cannot_say() -> None:
    data = changed(
        changed(DQN, "search.max_norm", {"low": 1, "high": 9}), "search.gradient_steps", {"low": 1, "high": 4}
    )
    assert Sweep.model_validate(data).default_params() == {
        "learning_rate": 1e-3,
        "schedule": "fixed",
        "batch_size": 64,
        "gradient_steps": 2,
    }


def test_what_is_tried_first_is_the_default_but_for_what_is_stated() -> None:
    first = [
        {"batch_size": 32},
        {"learning_rate": 3e-3, "schedule": {"cosine": {"floor": 0.05}}},
        {"schedule": "cosine"},
    ]
    default = {"learning_rate": 1e-3, "schedule": "fixed", "batch_size": 64}
    assert Sweep.model_validate({**DQN, "first": first}).first_params() == [
        {**default, "batch_size": 32},
        {**default, "learning_rate": 3e-3, "schedule": "cosine", "schedule.cosine.floor": 0.05},
        {**default, "schedule": "cosine", "schedule.cosine.floor": 0.0},
    ]
