"""Two sweeps as a file has them, and how to change them and read what is wrong with them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tuning.errors import SweepError
from tuning.sweep import validation
from tuning.sweep.model import Sweep

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


def problems(data: Any, make: Callable[[Any], Sweep] = Sweep.model_validate) -> dict[str, str]:
    """What is wrong with data of which no sweep can be made, by key path."""
    with pytest.raises(SweepError) as caught:
        make(data)
    return {problem.key_path: problem.message for problem in caught.value.problems}


def problems_here(data: Any) -> dict[str, str]:
    """The same, with what this machine lacks."""
    return problems(data, validation.to_begin_here)


def written(folder: Path, text: str) -> str:
    """The path of a file that holds the text."""
    path = folder / "sweep.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)
