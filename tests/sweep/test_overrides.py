"""Settings that are put over a sweep, by key path."""

from typing import Any

import pytest
from sweep_cases import DQN, changed

from tuning.errors import SweepError
from tuning.sweep.loading import load
from tuning.sweep.overrides import put_over
from tuning.sweep.yaml_text import Document


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("trials=8", {**DQN, "trials": 8}),
        ("budget=5e4", {**DQN, "budget": 50_000}),
        ("workers.gpus=0.5", {**DQN, "workers": {"gpus": 0.5}}),
        ("fixed.gamma = 0.9", changed(DQN, "fixed.gamma", 0.9)),
        ("fixed.optimizer.sgd.momentum=0.9", changed(DQN, "fixed.optimizer", {"sgd": {"momentum": 0.9}})),
        ("search.learning_rate.high=1e-1", changed(DQN, "search.learning_rate.high", 0.1)),
        ("search.warmup={low: 0, high: 0.2}", changed(DQN, "search.warmup", {"low": 0, "high": 0.2})),
        ("default.batch_size=16", changed(DQN, "default.batch_size", 16)),
        # What is fixed is not searched, and the other way round.
        ("fixed.batch_size=32", changed(changed(DQN, "fixed.batch_size", 32), "search.batch_size", None)),
        (
            "search.gamma={choices: [0.9, 1.0]}",
            changed(changed(DQN, "search.gamma", {"choices": [0.9, 1.0]}), "fixed.gamma", None),
        ),
    ],
)
def test_overrides_stand_over_the_data(override: str, expected: dict[str, Any]) -> None:
    assert put_over(Document(DQN), [override]).data == expected


def test_what_is_fixed_has_no_other_default() -> None:
    document = Document(changed(DQN, "default.batch_size", 16))
    assert put_over(document, ["fixed.batch_size=32"]).data["default"] == {}


def test_the_last_override_of_a_key_counts() -> None:
    overrides = ["trials=8", "name=mine", "trials=9"]
    assert put_over(Document(DQN), overrides).data == {**DQN, "name": "mine", "trials": 9}


def test_settings_in_python_are_values() -> None:
    settings = {"trials": 8, "fixed.gamma": 0.9, "name": "1e5"}
    assert put_over(Document(DQN), settings).data == {
        **changed(DQN, "fixed.gamma", 0.9),
        "trials": 8,
        "name": "1e5",
    }
    with pytest.raises(SweepError, match=r"'fixed\.\.gamma' should be a key path, such as fixed\.gamma"):
        put_over(Document(DQN), {"fixed..gamma": 3})


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
