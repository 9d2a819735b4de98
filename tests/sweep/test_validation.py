"""Sweeps with mistakes, every one named with its key path, all at once; any data is a sweep or has mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sweep_cases import DQN, SUPERVISED, changed, problems, written

from trainables.loops.registry import LOOPS
from tuning.errors import LockstepError, SweepError
from tuning.sweep import kept_sweep, yaml_text
from tuning.sweep.loading import load
from tuning.sweep.model import Sweep

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
    # What trial 0 has in fields that are searched.
    (DQN, "default", [3], "default", "should be a mapping, is [3]"),
    (DQN, "default", {"batch_siz": 8}, "default.batch_siz", "did you mean batch_size?"),
    (DQN, "default", {"double": True}, "default.double", "is no field that is searched: should stand under fixed"),
    (DQN, "default", {"batch_size": 0}, "default.batch_size", "should be above 0, is 0"),
    (DQN, "default", {"schedule": "cosin"}, "default.schedule", "did you mean cosine?"),
    (
        changed(DQN, "fixed.replay_capacity", 32),
        "search.batch_size",
        {"choices": [8, 16]},
        "search.batch_size",
        "trial 0 takes the loop's default, 64, which should be at most replay_capacity, 32; "
        "`default: {batch_size: ...}` gives it another",
    ),
    (
        changed(changed(DQN, "fixed.replay_capacity", 32), "search.batch_size", {"choices": [8, 16]}),
        "default",
        {"batch_size": 33},
        "default.batch_size",
        "should be at most replay_capacity, 32, is 33",
    ),
    (
        changed(changed(DQN, "search.batch_size", None), "fixed.batch_size", 100_001),
        "search.replay_capacity",
        {"choices": [200_000, 300_000]},
        "search.replay_capacity",
        "trial 0 takes the loop's default, 100_000, which should be at least batch_size, 100_001",
    ),
    (
        changed(DQN, "budget", 1_000),
        "search.learning_starts",
        {"low": 0, "high": 500},
        "search.learning_starts",
        "trial 0 takes the loop's default, 1_000, which should be below the budget, 1_000",
    ),
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
    (SUPERVISED, "metric", "validation/f1", "metric", "is there only with fixed.loss: cross_entropy"),
    (
        changed(SUPERVISED, "fixed.loss", "cross_entropy"),
        "metric",
        "validation/r2",
        "metric",
        "is there only with fixed.loss: mse or huber",
    ),
    (SUPERVISED, "fixed.split", "sorted", "fixed.split", "should be auto, random, {by: column} or {time: column}, is"),
    (SUPERVISED, "fixed.split", {"by": 3}, "fixed.split", "should be auto, random, {by: column} or {time: column}"),
    (SUPERVISED, "fixed.class_weights", "equal", "fixed.class_weights", "should be none or balanced, is 'equal'"),
    (SUPERVISED, "search.loss", {"choices": ["mse", "huber"]}, "search.loss", "trials are compared by one loss"),
    (SUPERVISED, "search.features", {"choices": [["a"]]}, "search.features", "trials are compared on one data set"),
    (SUPERVISED, "fixed.targets", "risk", "fixed.targets", "should be a list"),
    (DQN, "metric", 3, "metric", "should be text"),
    *(
        (DQN, "metric", metric, "metric", f"can't be compared by {metric}: should be one of what evaluations measure, ")
        for metric in ("train/epsilon", "train/loss", "train/value_mean", "train/learning_rate")
    ),
    (
        changed(DQN, "loop", "reinforce"),
        "metric",
        "train/return_mean",
        "metric",
        "should be one of what evaluations measure, evaluation/return_mean, evaluation/return_std, "
        "evaluation/return_min, evaluation/return_max or evaluation/solved_share",
    ),
    (
        SUPERVISED,
        "metric",
        "train/loss",
        "metric",
        "should be one of what evaluations measure, validation/loss, validation/mae or validation/r2",
    ),
    (SUPERVISED, "metric", "validation/best_loss", "metric", "compared by validation/best_loss: should be "),
    (SUPERVISED, "metric", "validation/best_epoch", "metric", "compared by validation/best_epoch: should be "),
    (
        changed(SUPERVISED, "fixed", {"loss": "cross_entropy"}),
        "metric",
        "validation/best_accuracy",
        "metric",
        "should be one of what evaluations measure, validation/loss, validation/accuracy, "
        "validation/balanced_accuracy or validation/f1",
    ),
    (DQN, "metric", "evaluation/return_std", "direction", "should be maximize or minimize: it is not known which"),
    (DQN, "direction", "up", "direction", "should be maximize or minimize, is 'up'"),
    (DQN, "budget", None, "budget", "is missing"),
    (DQN, "budget", 0, "budget", "should be above 0, is 0"),
    (DQN, "budget", -5, "budget", "should be above 0, is -5"),
    (DQN, "budget", 1.5, "budget", "should be a whole number, is 1.5"),
    (DQN, "budget", "lots", "budget", "should be a whole number"),
    (DQN, "budget", 10**10 + 1, "budget", "should be at most 10_000_000_000"),
    (DQN, "fixed.replay_capacity", 63, "fixed.replay_capacity", "63, should be at least batch_size, 128"),
    (DQN, "search.replay_capacity", {"low": 1, "high": 63}, "search.replay_capacity", "at least batch_size, 128"),
    (DQN, "search.replay_capacity", {"choices": [127, 5_000]}, "search.replay_capacity", "127, should be at least"),
    (DQN, "search.replay_capacity", {"low": 127, "high": 5_000}, "search.replay_capacity", "127, should be at least"),
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
    # A field that could not be read is not said to be too large as well.
    (changed(DQN, "loop", "reinforce"), "fixed.learning_starts", 20_000, "fixed.learning_starts", "no such field"),
    (DQN, "fixed.learning_starts", "late", "fixed.learning_starts", "should be a whole number"),
    (DQN, "fixed.reports", 20_001, "fixed.reports", "should be at most 10_000"),
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


@pytest.mark.parametrize("data", [None, [], "dqn", 3, object(), {1: 2}, {}])
def test_what_is_no_sweep_at_all_is_refused(data: object) -> None:
    assert problems(data)


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
        kept = json.loads(json.dumps(read.model_dump(mode="json")))
        assert Sweep.model_validate(kept) == read
        assert kept_sweep.to_show(kept) == read
        assert Sweep.model_validate(yaml_text.parse(read.to_yaml())) == read
        assert read.config().budget == read.budget


def attempt(data: Any) -> Sweep | SweepError:
    try:
        return Sweep.model_validate(data)
    except SweepError as error:
        return error
