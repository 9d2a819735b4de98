"""Sweeps out of presets and files."""

import json
from pathlib import Path

import pytest
from sweep_cases import DQN, written

from tuning.errors import SweepError
from tuning.sweep import yaml_text
from tuning.sweep.loading import load
from tuning.sweep.model import Sweep
from tuning.sweep.presets import presets

PRESET_NAMES = [preset.name for preset in presets()]


@pytest.mark.parametrize("name", PRESET_NAMES)
def test_every_preset_loads_and_is_described(name: str) -> None:
    described = {preset.name: preset.description for preset in presets()}
    read = load(name)
    assert read.name == name
    assert described[name].endswith(".")
    assert Sweep.model_validate(json.loads(json.dumps(read.model_dump(mode="json")))) == read


def test_these_presets_come_with_the_project() -> None:
    assert PRESET_NAMES == [
        "cartpole-dqn",
        "cartpole-dqn-as-in-keras",
        "cartpole-dqn-broken",
        "cartpole-reinforce",
        "conjunction-risk",
        "number-match",
        "number-match-100",
        "number-match-advised",
        "number-match-as-asked",
        "pendulum-reinforce",
        "sensor-tasking-dqn",
    ]


def test_a_file_is_read_and_what_is_no_sweep_is_named(tmp_path: Path) -> None:
    assert load(written(tmp_path, yaml_text.write(DQN))) == Sweep.model_validate(DQN)
    for text, part in [("", "is null"), ("- a", "is ['a']"), ("dqn", "is 'dqn'"), ("a: [", "sweep.yaml:1:5: ")]:
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


def test_mistakes_have_lines_unless_they_are_put_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "name: a\nloop: dqn\nenvironment: CartPole-v1\ntrials: 0\nsearch: {warmup: {low: 2}}\n")
    with pytest.raises(SweepError) as caught:
        load(path, ["seeds=0", "budget=20_000", "fixed.gamma=2"])
    assert str(caught.value).splitlines() == [
        f"{path}:4: trials: should be at least 1, is 0",
        f"{path}:5: search.warmup.high: is missing",
        f"{path}:5: search.warmup.low: should be below 1, is 2",
        "seeds: should be at least 1, is 0",
        "fixed.gamma: should be at most 1, is 2",
    ]
    with pytest.raises(SweepError) as caught:
        load(written(tmp_path, "loop: dqn"))
    assert "name: is missing" in str(caught.value).splitlines()
