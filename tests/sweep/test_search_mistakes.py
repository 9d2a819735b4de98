"""Mistakes in what is searched, each named with its key path and nothing beside it."""

from typing import Any

import pytest
from sweep_cases import DQN, SUPERVISED, changed, problems

MISTAKES: list[tuple[dict[str, Any], str, Any, str, str]] = [
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
def test_a_mistake_of_a_search_is_the_only_problem_and_named_where_it_is(
    data: dict[str, Any], path: str, value: Any, key_path: str, part: str
) -> None:
    found = problems(changed(data, path, value))
    assert list(found) == [key_path]
    assert part in found[key_path]
