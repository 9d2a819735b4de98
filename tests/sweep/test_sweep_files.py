"""Sweeps as they are loaded: presets and files, what is put over them, and what this machine has of what they need."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import DQN, changed, written
from tiny_environments import CLOCK, PICTURE

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
        "cartpole-dqn-broken",
        "cartpole-reinforce",
        "conjunction-risk",
        "number-match",
        "number-match-100",
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
        ("default.batch_size=16", changed(DQN, "default.batch_size", 16)),
        ("fixed.batch_size=32", changed(changed(DQN, "fixed.batch_size", 32), "search.batch_size", None)),
        (
            "search.gamma={choices: [0.9, 1.0]}",
            changed(changed(DQN, "search.gamma", {"choices": [0.9, 1.0]}), "fixed.gamma", None),
        ),
    ],
)
def test_overrides_stand_over_the_file(tmp_path: Path, override: str, expected: dict[str, Any]) -> None:
    assert load(written(tmp_path, yaml_text.write(DQN)), [override]) == Sweep.model_validate(expected)


def test_what_is_fixed_over_a_file_is_the_default_too(tmp_path: Path) -> None:
    path = written(tmp_path, yaml_text.write(changed(DQN, "default.batch_size", 16)))
    assert load(path, ["fixed.batch_size=32"]).config().batch_size == 32


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
            ["fixed.features=[a]", "search.batch_size={choices: [8, 16]}"],
            ["search.batch_size: trial 0 takes the loop's default, 64, which should be at most 16, the rows to train"],
        ),
        (
            f"a,b,c,y\n{ROWS}",
            ["fixed.features=[a]", "search.batch_size={choices: [8, 16]}", "default.batch_size=17"],
            ["default.batch_size: should be at most 16, the rows to train on, is 17"],
        ),
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
        load(written(tmp_path, yaml_text.write({**DQN, "environment": environment})))
    assert [problem.key_path for problem in caught.value.problems] == ["environment"]
    assert part in str(caught.value)


def test_arguments_that_an_environment_does_not_take_are_named(tmp_path: Path) -> None:
    text = yaml_text.write(changed(DQN, "search.environment_args", {"choices": [{}, {"sticks": 3}]}))
    with pytest.raises(SweepError, match=r"sweep.yaml:3: environment: CartPole-v1 can't be made: .*sticks"):
        load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("environment", "fixed", "problems"),
    [
        ("CartPole-v1", {"channels": [8]}, ["fixed.channels: does nothing unless observations are images"]),
        (PICTURE, {"channels": [8]}, []),
        (
            "CartPole-v1",
            {"hidden": [], "activation": "tanh"},
            ["fixed.activation: does nothing unless hidden has a layer"],
        ),
        (PICTURE, {"hidden": [], "activation": "tanh"}, []),
        (
            PICTURE,
            {"network": "own_networks:Eye", "channels": [8]},
            ["fixed.channels: does nothing unless network is standard"],
        ),
    ],
)
def test_what_counts_for_images_alone_is_named_elsewhere(
    tmp_path: Path, environment: str, fixed: dict[str, Any], problems: list[str]
) -> None:
    path = written(tmp_path, yaml_text.write({**DQN, "environment": environment, "fixed": fixed}))
    with pytest.raises(SweepError) if problems else nullcontext() as caught:
        load(path)
    said = [f"{each.key_path}: {each.message}" for each in caught.value.problems] if caught else []
    assert problems == said


def test_arguments_of_trial_0_are_tried_too(tmp_path: Path) -> None:
    needing = changed(DQN, "environment", CLOCK)
    searched = changed(needing, "search.environment_args", {"choices": [{"length": 3}, {"length": 4}]})
    with pytest.raises(
        SweepError, match=r"sweep.yaml:\d+: search.environment_args: trial 0 takes none of them: .*length.*default: {"
    ):
        load(written(tmp_path, yaml_text.write(searched)))
    with pytest.raises(SweepError, match=r"sweep.yaml:\d+: default.environment_args: .*size"):
        load(written(tmp_path, yaml_text.write(changed(searched, "default.environment_args", {"size": 3}))))
    given = changed(searched, "default.environment_args", {"length": 5})
    assert load(written(tmp_path, yaml_text.write(given))).config().environment_args == {"length": 5}


def test_a_network_of_one_s_own_that_does_not_fit_is_named(tmp_path: Path) -> None:
    fixed = {**DQN, "fixed": {"network": "own_networks:Branching"}}
    with pytest.raises(
        SweepError, match=r"sweep.yaml:\d+: fixed.network: own_networks:Branching can't be used with inputs=4"
    ):
        load(written(tmp_path, yaml_text.write(fixed)))
    names = ["standard", "own_networks:TwoHeads", "own_networks:Nowhere", "no_such_module:Class"]
    with pytest.raises(SweepError) as caught:
        load(written(tmp_path, yaml_text.write(changed(DQN, "search.network", {"choices": names}))))
    assert [problem.key_path for problem in caught.value.problems] == [
        "search.network.choices[2]",
        "search.network.choices[3]",
    ]
