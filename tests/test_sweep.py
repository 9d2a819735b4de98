"""Sweeps: what is accepted, every mistake with its key path, all at once, and that a sweep survives being stored."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainables import LOOPS
from tuning import document, sweep
from tuning.dimensions import Choices, FloatRange, IntRange, Options
from tuning.errors import LockstepError, SweepError
from tuning.sweep import Sweep, Workers, load

DQN: dict[str, Any] = {
    "name": "cartpole-dqn",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 20_000,
    "fixed": {"hidden": [64, 64], "gamma": 0.99},
    "search": {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.1}}}},
        "batch_size": {"choices": [32, 64, 128]},
    },
}
SUPERVISED: dict[str, Any] = {
    "name": "risk",
    "loop": "supervised",
    "data": "conjunction-risk",
    "budget": 60,
    "search": {"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
}


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The data with this value at the key path; None takes the key away."""
    key, _, rest = path.partition(".")
    inner = changed(data.get(key, {}), rest, value) if rest else value
    return {name: item for name, item in {**data, key: inner}.items() if item is not None}


def problems(data: Any) -> dict[str, str]:
    with pytest.raises(SweepError) as caught:
        Sweep.model_validate(data)
    return {problem.key_path: problem.message for problem in caught.value.problems}


def written(folder: Path, text: str) -> str:
    path = folder / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


MISTAKES: list[tuple[dict[str, Any], str, Any, str, str]] = [
    # Keys and types of the sweep itself.
    (DQN, "trails", 3, "trails", "did you mean trials?"),
    (DQN, "xyz", 3, "xyz", "known: name, loop"),
    (DQN, "batch_size", 3, "batch_size", "should stand under fixed or search"),
    (DQN, "name", None, "name", "is missing"),
    (DQN, "name", 3, "name", "should be text, is 3"),
    (DQN, "name", "", "name", "should be made of"),
    (DQN, "name", "../up", "name", "should be made of"),
    (DQN, "name", "Upper", "name", "should be made of"),
    (DQN, "name", ".hidden", "name", "should be made of"),
    (DQN, "name", "line\n", "name", "should be made of"),
    (DQN, "name", "a" * 65, "name", "at most 64"),
    (DQN, "loop", None, "loop", "should be dqn, reinforce or supervised"),
    (DQN, "loop", "dqm", "loop", "did you mean dqn?"),
    (DQN, "loop", ["dqn"], "loop", "should be dqn"),
    (DQN, "trials", 0, "trials", "should be at least 1, is 0"),
    (DQN, "trials", True, "trials", "should be a whole number, is true"),
    (DQN, "trials", "many", "trials", "should be a whole number, is 'many'"),
    (DQN, "trials", 3.0, "trials", "should be a whole number, is 3.0"),
    (DQN, "seeds", 0, "seeds", "should be at least 1, is 0"),
    (DQN, "seed", -1, "seed", "should be at least 0, is -1"),
    (DQN, "seed", 2**32, "seed", "should be below 4_294_967_296"),
    (DQN, "sampler", "tpee", "sampler", "should be tpe, gp, cmaes, random, qmc, grid or nsga2, is 'tpee'"),
    (DQN, "target", "high", "target", "should be a number, is 'high'"),
    (DQN, "max_steps", 0, "max_steps", "should be above 0, is 0"),
    (DQN, "max_steps", 19_999, "max_steps", "should be at least 20_000, what a single trial takes"),
    (DQN, "start_from", 3, "start_from", "should be text, is 3"),
    # Configurations to try first.
    (DQN, "first", {"learning_rate": 1e-3}, "first", "should be a list"),
    (DQN, "first", [3], "first[0]", "should be a mapping of fields to their values, is 3"),
    (DQN, "first", [{}], "first[0]", "should be a mapping"),
    (DQN, "first", [{"learnin_rate": 1e-3}], "first[0].learnin_rate", "did you mean learning_rate?"),
    (DQN, "first", [{"gamma": 0.9}], "first[0].gamma", "is no field that is searched; known: learning_rate"),
    (
        DQN,
        "first",
        [{"batch_size": 32}, {"learning_rate": "x"}],
        "first[1].learning_rate",
        "should be a number, is 'x'",
    ),
    (DQN, "first", [{"learning_rate": 0.011}], "first[0].learning_rate", "lies outside the search, is 0.011"),
    (DQN, "first", [{"batch_size": 16}], "first[0].batch_size", "lies outside the search, is 16"),
    (DQN, "first", [{"schedule": "exponential"}], "first[0].schedule", "lies outside the search, is 'exponential'"),
    (DQN, "first", [{"schedule": "cosin"}], "first[0].schedule", "did you mean cosine?"),
    (DQN, "first", [{"schedule": {"cosine": {"floor": 0.2}}}], "first[0].schedule.cosine.floor", "lies outside"),
    (DQN, "first", [{"schedule": {"cosine": {"flor": 0.2}}}], "first[0].schedule.cosine.flor", "did you mean floor?"),
    (DQN, "pack_size", 0, "pack_size", "should be auto or a whole number of at least 1, is 0"),
    (DQN, "pack_size", True, "pack_size", "should be auto or"),
    (DQN, "workers", "all", "workers.count", "should be auto or a whole number of at least 1, is 'all'"),
    (DQN, "workers", {"count": 2, "cpu": 1}, "workers.cpu", "did you mean cpus?"),
    (DQN, "halving", {"audit_fracton": 0.1}, "halving.audit_fracton", "did you mean audit_fraction?"),
    (DQN, "halving", {"audit_fraction": 2}, "halving.audit_fraction", "should be at most 1"),
    (DQN, "confirm", {"seed": 3}, "confirm.seed", "did you mean seeds?"),
    (DQN, "workers", {"cpus": 0}, "workers.cpus", "should be above 0"),
    (DQN, "workers", {"gpus": 2}, "workers.gpus", "should be at most 1"),
    (DQN, "time_limit", 0, "time_limit", "should be null, seconds, or a time such as 90s"),
    (DQN, "time_limit", "soon", "time_limit", "should be null, seconds"),
    (DQN, "time_limit", "0s", "time_limit", "should be null, seconds"),
    (DQN, "fixed", [1], "fixed", "should be a mapping"),
    # What trains on what, and what counts.
    (DQN, "environment", None, "environment", "is missing: dqn trains on one"),
    (DQN, "environment", 3, "environment", "should be text"),
    (DQN, "data", "conjunction-risk", "data", "dqn takes none: should be environment"),
    (SUPERVISED, "data", None, "data", "is missing: supervised trains on one"),
    (SUPERVISED, "environment", "CartPole-v1", "environment", "supervised takes none: should be data"),
    (DQN, "metric", "evaluation/return", "metric", "evaluation/return_mean"),
    (DQN, "metric", "validation/loss", "metric", "dqn has no metric 'validation/loss'"),
    (SUPERVISED, "metric", "validation/accuracy", "metric", "is there only with fixed.loss: cross_entropy"),
    (SUPERVISED, "search.loss", {"choices": ["mse", "huber"]}, "search.loss", "trials are compared by one loss"),
    (SUPERVISED, "search.features", {"choices": [["a"]]}, "search.features", "trials are compared on one data set"),
    (SUPERVISED, "fixed.targets", "risk", "fixed.targets", "should be a list"),
    (DQN, "metric", 3, "metric", "should be text"),
    (DQN, "metric", "train/epsilon", "direction", "should be maximize or minimize"),
    (DQN, "direction", "up", "direction", "should be maximize or minimize, is 'up'"),
    (DQN, "budget", None, "budget", "is missing"),
    (DQN, "budget", 0, "budget", "should be above 0, is 0"),
    (DQN, "budget", -5, "budget", "should be above 0, is -5"),
    (DQN, "budget", 1.5, "budget", "should be a whole number, is 1.5"),
    (DQN, "budget", "lots", "budget", "should be a whole number"),
    (DQN, "budget", 10**10 + 1, "budget", "should be at most 10_000_000_000"),
    (DQN, "fixed.replay_capacity", 63, "fixed.replay_capacity", "63, should be at least batch_size, 128"),
    (DQN, "search.replay_capacity", {"low": 1, "high": 63}, "search.replay_capacity", "at least batch_size, 128"),
    (
        DQN,
        "search.batch_size",
        {"choices": [64, 100_001]},
        "search.batch_size",
        "leaves no room: replay_capacity, 100_000, should be at least batch_size, 100_001",
    ),
    (
        changed(DQN, "fixed.replay", False),
        "fixed.prioritised_replay",
        True,
        "fixed.prioritised_replay",
        "needs a memory to draw from: should be false where replay is",
    ),
    (
        changed(DQN, "search.replay", {"choices": [True, False]}),
        "search.prioritised_replay",
        {"choices": [True, False]},
        "search.prioritised_replay",
        "should be false where replay is",
    ),
    (DQN, "fixed.priority_alpha", 1.5, "fixed.priority_alpha", "should be at most 1, is 1.5"),
    (
        DQN,
        "search.priority_beta",
        {"low": -0.1, "high": 1},
        "search.priority_beta.low",
        "should be at least 0, is -0.1",
    ),
    (DQN, "fixed.network", "mlp", "fixed.network", "should be standard or package.module:Class, is 'mlp'"),
    (DQN, "budget", 1_000, "budget", "should be above 1_000, where learning starts, is 1000 environment steps"),
    (DQN, "fixed.learning_starts", 20_000, "budget", "should be above 20_000, where learning starts"),
    (DQN, "search.learning_starts", {"low": 1, "high": 20_000}, "budget", "should be above 20_000"),
    (DQN, "search.learning_starts", {"choices": [1, 30_000]}, "budget", "should be above 30_000"),
    (SUPERVISED, "budget", 9, "budget", "should be at least 10, the number of reports, is 9 epochs"),
    (SUPERVISED, "fixed.reports", 61, "budget", "should be at least 61, the number of reports"),
    # Fixed fields.
    (DQN, "fixed.gama", 0.9, "fixed.gama", "dqn has no such field; did you mean gamma?"),
    (DQN, "fixed.standardise", True, "fixed.standardise", "dqn has no such field"),
    (DQN, "fixed.budget", 5, "fixed.budget", "should be budget at the top of the file"),
    (DQN, "fixed.seed", 5, "fixed.seed", "should be seed at the top of the file"),
    (DQN, "fixed.gamma", 1.5, "fixed.gamma", "should be at most 1, is 1.5"),
    (DQN, "fixed.gamma", "0.9", "fixed.gamma", "should be a number, is '0.9'"),
    (DQN, "fixed.gamma", True, "fixed.gamma", "should be a number, is true"),
    (DQN, "fixed.gamma", float("nan"), "fixed.gamma", "finite number"),
    (DQN, "fixed.train_frequency", 2.5, "fixed.train_frequency", "should be a whole number, is 2.5"),
    (DQN, "fixed.hidden", [64, "x"], "fixed.hidden[1]", "should be a whole number, is 'x'"),
    (DQN, "fixed.hidden", 64, "fixed.hidden", "should be a list, is 64"),
    (DQN, "fixed.activation", "rel", "fixed.activation", "should be relu, tanh"),
    (DQN, "fixed.environment_args", 3, "fixed.environment_args", "should be a mapping, is 3"),
    (SUPERVISED, "fixed.standardise", "yes", "fixed.standardise", "should be true or false, is 'yes'"),
    (
        DQN,
        "fixed.optimizer",
        "adm",
        "fixed.optimizer",
        "should be sgd, adam, adamw or rmsprop, is 'adm'; did you mean adam?",
    ),
    (
        DQN,
        "fixed.optimizer",
        3,
        "fixed.optimizer",
        "should be sgd, adam, adamw or rmsprop, or one of them with its settings, is 3",
    ),
    (DQN, "fixed.optimizer", {"adm": {}}, "fixed.optimizer.adm", "did you mean adam?"),
    (DQN, "fixed.optimizer", {"sgd": {"momentm": 0.9}}, "fixed.optimizer.sgd.momentm", "did you mean momentum?"),
    (DQN, "fixed.optimizer", {"sgd": {"momentum": 1}}, "fixed.optimizer.sgd.momentum", "should be below 1, is 1"),
    (DQN, "fixed.optimizer", {"kind": "sgd", "beta1": 1}, "fixed.optimizer.sgd.beta1", "no such setting"),
    # The search as a whole.
    (DQN, "search", None, "search", "should name at least one field"),
    (DQN, "search", {}, "search", "should name at least one field"),
    (DQN, "search", ["gamma"], "search", "should name at least one field"),
    (DQN, "search.learnin_rate", {"low": 1, "high": 2}, "search.learnin_rate", "did you mean learning_rate?"),
    (DQN, "search.gamma", {"low": 0.9, "high": 1.0}, "search.gamma", "stands under fixed too"),
    (DQN, "search.seed", {"low": 1, "high": 2}, "search.seed", "can't be searched: trials would be compared on luck"),
    (DQN, "search.budget", {"low": 1, "high": 2}, "search.budget", "can't be searched"),
    (DQN, "search.environment", {"choices": ["a", "b"]}, "search.environment", "can't be searched"),
    (SUPERVISED, "search.data", {"choices": ["a", "b"]}, "search.data", "can't be searched"),
    (DQN, "search.evaluation_seed", {"low": 1, "high": 2}, "search.evaluation_seed", "can't be searched"),
    # Ranges.
    (DQN, "search.warmup", 0.1, "search.warmup", "should be a range, {low: ..., high: ...}, or {choices: [...]}"),
    (DQN, "search.warmup", [0.1, 0.2], "search.warmup", "should be a range"),
    (DQN, "search.warmup", {"min": 0.1}, "search.warmup", "should be a range"),
    (DQN, "search.warmup", {"low": 0.1}, "search.warmup.high", "is missing"),
    (DQN, "search.warmup", {"low": 0.1, "high": 0.2, "hgih": 0.2}, "search.warmup.hgih", "did you mean high?"),
    (DQN, "search.warmup", {"low": "a", "high": 0.2}, "search.warmup.low", "should be a number, is 'a'"),
    (DQN, "search.warmup", {"low": 0.3, "high": 0.2}, "search.warmup", "is empty: low, 0.3, is above high, 0.2"),
    (DQN, "search.warmup", {"low": 0.2, "high": 0.2}, "search.warmup", "holds nothing but 0.2"),
    (DQN, "search.warmup", {"low": 0.0, "high": 1.0}, "search.warmup.high", "should be below 1, is 1.0"),
    (DQN, "search.warmup", {"low": -0.1, "high": 0.1}, "search.warmup.low", "should be at least 0, is -0.1"),
    (DQN, "search.warmup", {"low": 0.0, "high": 0.1, "log": True}, "search.warmup.low", "above 0, as the range is log"),
    (DQN, "search.warmup", {"low": 0.1, "high": 0.2, "log": 1}, "search.warmup.log", "should be true or false, is 1"),
    (DQN, "search.warmup", {"low": 0.1, "high": 0.2, "step": 0.1}, "search.warmup.step", "for whole numbers"),
    (DQN, "search.max_norm", {"low": None, "high": 5.0}, "search.max_norm.low", "should be a number, is null"),
    (DQN, "search.max_norm", {"low": 0, "high": 5, "log": True}, "search.max_norm.low", "should be above 0, is 0"),
    (DQN, "search.loss", {"low": 0, "high": 1}, "search.loss", "loss is no number: should be {choices: [...]}"),
    (DQN, "search.optimizer", {"low": 0, "high": 1}, "search.optimizer", "optimizer is no number"),
    (DQN, "search.target_interval", {"low": 1.5, "high": 9}, "search.target_interval.low", "should be a whole number"),
    (DQN, "search.target_interval", {"low": 1, "high": 9, "step": 3}, "search.target_interval.step", "miss 9"),
    (
        DQN,
        "search.target_interval",
        {"low": 1, "high": 9, "step": 0},
        "search.target_interval.step",
        "at least 1, is 0",
    ),
    (
        DQN,
        "search.target_interval",
        {"low": 1, "high": 9, "step": 2, "log": True},
        "search.target_interval.step",
        "should be left out: the range is log",
    ),
    # Choices.
    (DQN, "search.batch_size", {"choices": []}, "search.batch_size.choices", "is empty"),
    (DQN, "search.batch_size", {"choices": [32]}, "search.batch_size.choices", "holds nothing but 32"),
    (DQN, "search.batch_size", {"choices": [32, 64, 32]}, "search.batch_size.choices[2]", "stands twice: 32"),
    (DQN, "search.batch_size", {"choices": 32}, "search.batch_size.choices", "should be a list, is 32"),
    (DQN, "search.batch_size", {"choices": [32, "b"]}, "search.batch_size.choices[1]", "should be a whole number"),
    (DQN, "search.batch_size", {"choices": [0, 32]}, "search.batch_size.choices[0]", "should be above 0"),
    (DQN, "search.batch_size", {"choices": {"a": {}, "b": {}}}, "search.batch_size.choices", "have no settings"),
    (DQN, "search.batch_size", {"choices": [1, 2], "low": 1}, "search.batch_size.low", "has no place here"),
    (DQN, "search.loss", {"choices": ["huber", "square"]}, "search.loss.choices[1]", "should be huber or squared"),
    (DQN, "search.train_frequency", {"choices": [4, 8.5]}, "search.train_frequency.choices[1]", "a whole number"),
    # Options.
    (DQN, "search.schedule", {"choices": {"cosin": {}, "fixed": {}}}, "search.schedule.choices.cosin", "mean cosine?"),
    (DQN, "search.schedule", {"choices": ["fixed", "cosin"]}, "search.schedule.choices[1]", "did you mean cosine?"),
    (DQN, "search.schedule", {"choices": ["fixed", "fixed"]}, "search.schedule.choices[1]", "stands twice: fixed"),
    (DQN, "search.schedule", {"choices": ["fixed", 3]}, "search.schedule.choices[1]", "should be fixed, step"),
    (DQN, "search.schedule", {"choices": ["fixed"]}, "search.schedule.choices", "holds nothing but 'fixed'"),
    (DQN, "search.schedule", {"choices": {"cosine": {"floor": 0.1}}}, "search.schedule.choices", "holds nothing but"),
    (DQN, "search.schedule", {"choices": {}}, "search.schedule.choices", "is empty"),
    (DQN, "search.schedule", {"choices": "fixed"}, "search.schedule.choices", "should be a list"),
    (
        DQN,
        "search.schedule.choices.cosine.flor",
        0.1,
        "search.schedule.choices.cosine.flor",
        "cosine has no such setting; did you mean floor?",
    ),
    (
        DQN,
        "search.schedule.choices.cosine.floor",
        2,
        "search.schedule.choices.cosine.floor",
        "should be at most 1, is 2",
    ),
    (DQN, "search.schedule.choices.cosine.floor.high", 2, "search.schedule.choices.cosine.floor.high", "at most 1"),
    (DQN, "search.schedule.choices.cosine.floor.low", 0.2, "search.schedule.choices.cosine.floor", "is empty"),
]


@pytest.mark.parametrize(("data", "path", "value", "key_path", "part"), MISTAKES)
def test_a_mistake_is_the_only_problem_and_named_where_it_is(
    data: dict[str, Any], path: str, value: Any, key_path: str, part: str
) -> None:
    found = problems(changed(data, path, value))
    assert list(found) == [key_path]
    assert part in found[key_path]


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
    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == paths
    assert isinstance(caught.value, LockstepError)
    assert caught.value.exit_code == 2


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


@pytest.mark.parametrize("data", [None, [], "dqn", 3, object(), {1: 2}, {}])
def test_what_is_no_sweep_at_all_is_refused(data: object) -> None:
    assert problems(data)


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
    assert Sweep.model_validate({**DQN, "metric": "train/loss"}).direction == "minimize"
    assert Sweep.model_validate({**DQN, "metric": None, "time_limit": None, "workers": None}) == read


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


GRID = {
    "learning_rate": {"choices": [1e-3, 1e-2]},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"choices": [0.0, 0.1]}}}},
    "batch_size": {"low": 32, "high": 96, "step": 32},
}


@pytest.mark.parametrize(
    ("search", "points"),
    [
        (GRID, 2 * 3 * 3),
        # The default learning rate is none of these: one more.
        ({**GRID, "learning_rate": {"choices": [1e-4, 1e-2]}}, 2 * 3 * 3 + 1),
    ],
)
def test_a_grid_has_as_many_trials_as_points_and_no_more(search: dict[str, Any], points: int) -> None:
    data = {**DQN, "sampler": "grid", "search": search}
    whole = Sweep.model_validate(data)
    assert whole.trials == points
    assert Sweep.model_validate(whole.model_dump(mode="json")) == whole
    assert Sweep.model_validate({**data, "trials": points - 1}).trials == points - 1
    assert problems({**data, "trials": points + 1}) == {
        "trials": f"should be at most {points}: the grid has {points} points"
    }
    assert set(problems({**data, "first": [{"batch_size": 32}], "start_from": "a"})) == {"first", "start_from"}


def test_a_grid_needs_points_within_options_too() -> None:
    found = problems({**DQN, "sampler": "grid"})
    assert set(found) == {"search.learning_rate", "search.schedule.choices.cosine.floor"}


def test_a_search_without_tunable_numbers_is_not_for_cmaes() -> None:
    search = {"batch_size": {"low": 32, "high": 64}, "schedule": {"choices": ["fixed", "cosine"]}}
    assert set(problems({**DQN, "sampler": "cmaes", "search": search})) == {"sampler"}


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


PRESET_NAMES = [preset.name for preset in sweep.presets()]


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_every_preset_loads_and_is_described(name: str) -> None:
    described = {preset.name: preset.description for preset in sweep.presets()}
    read = load(name)
    assert read.name == name
    assert described[name].endswith(".")
    assert Sweep.model_validate(json.loads(json.dumps(read.model_dump(mode="json")))) == read


def test_these_presets_come_with_the_project() -> None:
    assert PRESET_NAMES == [
        "cartpole-dqn",
        "cartpole-dqn-broken",
        "cartpole-reinforce",
        "conjunction-risk",
        "number-match",
        "number-match-100",
        "sensor-tasking-dqn",
    ]


def test_a_file_is_read_and_what_is_no_sweep_is_named(tmp_path: Path) -> None:
    assert load(written(tmp_path, document.write(DQN))) == Sweep.model_validate(DQN)
    for text, part in [("", "is null"), ("- a", "is ['a']"), ("dqn", "is 'dqn'"), ("a: [", "line 1")]:
        with pytest.raises(SweepError) as caught:
            load(written(tmp_path, text))
        assert str(caught.value).startswith(str(tmp_path / "sweep.yaml"))
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("cartpol-dqn", "did you mean cartpole-dqn?"),
        ("xyz", "presets: cartpole-dqn, "),
        ("none.yaml", "there is no such file"),
        (".", "is a folder"),
    ],
)
def test_a_source_that_is_none_is_named(source: str, part: str) -> None:
    with pytest.raises(SweepError) as caught:
        load(source)
    assert source in str(caught.value)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("trials=8", {**DQN, "trials": 8}),
        ("budget=5e4", {**DQN, "budget": 50_000}),
        ("workers=2", {**DQN, "workers": 2}),
        ("workers.gpus=0.5", {**DQN, "workers": {"gpus": 0.5}}),
        ("fixed.gamma = 0.9", changed(DQN, "fixed.gamma", 0.9)),
        ("fixed.optimizer.sgd.momentum=0.9", changed(DQN, "fixed.optimizer", {"sgd": {"momentum": 0.9}})),
        ("search.learning_rate.high=1e-1", changed(DQN, "search.learning_rate.high", 0.1)),
        ("search.warmup={low: 0, high: 0.2}", changed(DQN, "search.warmup", {"low": 0, "high": 0.2})),
        ("fixed.batch_size=32", changed(changed(DQN, "fixed.batch_size", 32), "search.batch_size", None)),
        (
            "search.gamma={choices: [0.9, 1.0]}",
            changed(changed(DQN, "search.gamma", {"choices": [0.9, 1.0]}), "fixed.gamma", None),
        ),
    ],
)
def test_overrides_stand_over_the_file(tmp_path: Path, override: str, expected: dict[str, Any]) -> None:
    assert load(written(tmp_path, document.write(DQN)), [override]) == Sweep.model_validate(expected)


def test_the_last_override_of_a_key_counts() -> None:
    assert load("conjunction-risk", ["trials=8", "name=mine", "trials=9"]).trials == 9


@pytest.mark.parametrize(
    ("override", "part"),
    [
        ("trials", "should be key.path=value"),
        ("=3", "should be key.path=value"),
        ("fixed..gamma=3", "should be key.path=value"),
        ("fixed.gamma=[1", "fixed.gamma: line 1"),
        ("fixed.gama=1", "fixed.gama: supervised has no such field"),
        ("trials.count=3", "trials: should be a whole number"),
        ("data=conjunction-rsk", "data: there is no data set 'conjunction-rsk'"),
    ],
)
def test_an_override_that_is_wrong_is_named(override: str, part: str) -> None:
    with pytest.raises(SweepError) as caught:
        load("conjunction-risk", [override])
    assert part in str(caught.value)


ROWS = "".join(f"{row},{row}.5,x{row},{row}\n" for row in range(20))


@pytest.mark.parametrize(
    ("text", "overrides", "problems"),
    [
        (f"a,b,c,y\n{ROWS}", ["fixed.features=[a,bb]", "fixed.targets=[z]"], ["fixed.features", "fixed.targets"]),
        (f"a,b,c,y\n{ROWS}", [], ["data: column 'c' should be numbers, is 'x0' in row 1"]),
        ("a,y\n1,2\n3,\n", [], ["data: column 'y' has no number in row 2"]),
        ("a,y\n1,2\n", [], ["data: should have at least 2 rows"]),
        ("", [], ["data: my.csv can't be read: Empty CSV file"]),
        (
            f"a,b,c,y\n{ROWS}",
            ["fixed.features=[a]"],
            ["search.batch_size: should be at most 16, the rows to train on, is 64"],
        ),
        (f"a,b,c,y\n{ROWS}", ["fixed.features=[a]", "fixed.batch_size=17"], ["fixed.batch_size: should be at most 16"]),
        (
            f"a,b,c,y\n{ROWS}",
            ["fixed.loss=cross_entropy", "fixed.targets=[b]", "fixed.features=[a]", "fixed.batch_size=8"],
            ["fixed.targets: column 'b' should be"],
        ),
    ],
)
def test_data_that_can_not_be_learnt_from_is_named(
    tmp_path: Path, text: str, overrides: list[str], problems: list[str]
) -> None:
    path = tmp_path / "my.csv"
    path.write_text(text)
    with pytest.raises(SweepError) as caught:
        load("conjunction-risk", [f"data={path}", *overrides])
    said = str(caught.value).splitlines()
    assert len(said) == len(problems)
    assert all(line.startswith(problem) for line, problem in zip(said, problems, strict=True))


def test_a_file_of_data_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.csv").write_text(f"a,b,c,y\n{ROWS}")
    monkeypatch.chdir(tmp_path)
    overrides = ["data=my.csv", "fixed.features=[a, b]", "fixed.batch_size=8"]
    assert load("conjunction-risk", overrides).config().data == str(tmp_path / "my.csv")


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ("CartPole-v2000", "CartPole"),
        ("Pendulum-v1", "only discrete actions"),
        ("CartPool-v1", "did you mean CartPole-v1"),
    ],
)
def test_an_environment_that_does_not_fit_is_named(tmp_path: Path, environment: str, part: str) -> None:
    with pytest.raises(SweepError) as caught:
        load(written(tmp_path, document.write({**DQN, "environment": environment})))
    assert [problem.key_path for problem in caught.value.problems] == ["environment"]
    assert part in str(caught.value)


def test_arguments_that_an_environment_does_not_take_are_named(tmp_path: Path) -> None:
    text = document.write(changed(DQN, "search.environment_args", {"choices": [{}, {"sticks": 3}]}))
    with pytest.raises(SweepError, match=r"^environment: CartPole-v1 can't be made: .*sticks"):
        load(written(tmp_path, text))


def test_a_network_of_one_s_own_that_does_not_fit_is_named(tmp_path: Path) -> None:
    fixed = changed(DQN, "fixed.network", "own_networks:Branching")
    with pytest.raises(SweepError, match=r"^fixed.network: own_networks:Branching can't be used with inputs=4"):
        load(written(tmp_path, document.write(fixed)))
    names = ["standard", "own_networks:TwoHeads", "own_networks:Nowhere", "no_such_module:Class"]
    with pytest.raises(SweepError) as caught:
        load(written(tmp_path, document.write(changed(DQN, "search.network", {"choices": names}))))
    assert [problem.key_path for problem in caught.value.problems] == [
        "search.network.choices[2]",
        "search.network.choices[3]",
    ]


KEYS = [
    *Sweep.model_fields,
    *LOOPS["dqn"].Config.model_fields,
    "low",
    "high",
    "log",
    "step",
    "choices",
    "cosine",
    "floor",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
    | st.binary(max_size=2)
    | st.sampled_from([*KEYS, *LOOPS, "auto", "adam"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(VALUES | st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_any_data_is_a_sweep_or_a_sweep_error(data: Any) -> None:
    holds(data)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [*Sweep.model_fields, "search.schedule.choices", "search.warmup", "search.schedule.choices.cosine"]
                + [f"{where}.{name}" for where in ("fixed", "search") for name in LOOPS["dqn"].Config.model_fields]
            ),
            VALUES,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_change_makes_a_sweep_or_a_sweep_error(changes: list[tuple[str, Any]]) -> None:
    data: dict[str, Any] = DQN
    for path, value in changes:
        data = forced(data, path.split("."), value)
    holds(data)


def forced(data: Any, keys: list[str], value: Any) -> dict[str, Any]:
    known = data if isinstance(data, dict) else {}
    return {**known, keys[0]: forced(known.get(keys[0]), keys[1:], value) if keys[1:] else value}


def holds(data: Any) -> None:
    """The data is a sweep that survives being stored, or is refused with problems."""
    read = attempt(data)
    if isinstance(read, SweepError):
        assert len(str(read).splitlines()) >= len(read.problems) > 0
    else:
        assert Sweep.model_validate(json.loads(json.dumps(read.model_dump(mode="json")))) == read
        assert Sweep.model_validate(document.parse(read.to_yaml())) == read
        assert read.config().budget == read.budget


def attempt(data: Any) -> Sweep | SweepError:
    try:
        return Sweep.model_validate(data)
    except SweepError as error:
        return error
