"""From an environment or a table to a sweep: what is put over it, what is refused, what the file says."""

from pathlib import Path
from typing import Any

import pytest
from odd_environments import ODD

from tuning.errors import SweepError
from tuning.sweep import loading, yaml_text
from tuning.sweep.model import Sweep
from tuning.sweep.suggestions.beginning import Beginning
from tuning.sweep.suggestions.suggestion import rounded, study_name


def test_the_file_reads_as_the_sweep(tmp_path: Path) -> None:
    checked, text = loading.suggested(Beginning(environment="MountainCar-v0"))
    sweep = checked.sweep
    path = tmp_path / "written.yaml"
    path.write_text(text)
    assert loading.load(str(path)) == sweep
    assert text.startswith("# DQN on MountainCar-v0")
    assert all(len(line) <= 120 for line in text.splitlines())


def test_settings_are_put_over_it_and_what_was_said_of_others_is_gone() -> None:
    begun = Beginning(environment="CartPole-v1")
    settings = {"trials": 5, "fixed.gamma": 0.9, "search.max_norm.high": 20.0}
    checked, text = loading.suggested(begun, settings)
    sweep = checked.sweep
    assert (sweep.trials, sweep.fixed["gamma"], "gamma" in sweep.search) == (5, 0.9, False)
    assert sweep == loading.load(begun, [f"{key}={value}" for key, value in settings.items()])
    before = loading.suggested(begun)[1]
    for comment in ("# configurations", "# how far ahead", "# from always clipping"):
        assert comment in before
        assert comment not in text


def test_settings_of_the_environment_count_for_what_is_seen_of_it() -> None:
    begun = Beginning(environment="NumberMatch-v0")
    text = loading.suggested(begun, {"fixed.environment_args": {"n": 7, "one_hot": True}})[1]
    assert "7 numbers" in text
    assert "7 actions" in text


REFUSED: list[tuple[Beginning, dict[str, Any], str]] = [
    (
        Beginning(environment="Acrobat-v1"),
        {},
        "environment: there is no environment 'Acrobat-v1'; did you mean Acrobot-v1",
    ),
    (
        Beginning(environment=ODD),
        {"fixed.environment_args": {"way": "four"}},
        f"environment: {ODD} returned 4 values from step",
    ),
    (Beginning(environment="CartPole-v1", loop="supervised"), {}, "loop: should be dqn or reinforce, is 'supervised'"),
    (Beginning(environment="CartPole-v1", loop="dqm"), {}, "did you mean dqn?"),
    (Beginning(environment="CartPole-v1", loop="mine:Loop"), {}, "a loop of your own"),
    (Beginning(environment="CartPole-v1"), {"fixed.wrappers": ["Nothing"]}, "fixed.wrappers: there is no wrapper"),
    (Beginning(environment="CartPole-v1"), {"fixed.gama": 1}, "fixed.gama: dqn has no such field"),
    (Beginning(environment="CartPole-v1"), {"fixed.wrappers": 3, "trials": 0}, "trials: should be at least 1"),
    (Beginning(environment="CartPole-v1", data="x.csv"), {}, "either on an environment or on data"),
    (Beginning(environment="CartPole-v1", target="x"), {}, "target: is a column of data"),
    (Beginning(), {}, "either on an environment or on data"),
    (Beginning(data="nowhere.csv"), {}, "data: there is no file"),
    (Beginning(data="conjunction-rsk"), {}, "data: there is no data set 'conjunction-rsk'; did you mean"),
    (Beginning(data="conjunction-risk", loop="dqn"), {}, "loop: should be supervised, is 'dqn'"),
    (Beginning(data="conjunction-risk"), {"fixed.targets": ["rsk"]}, "fixed.targets: there is no column 'rsk'"),
    (Beginning(data="conjunction-risk"), {"fixed.targets": "risk"}, "fixed.targets: should be a list"),
]


@pytest.mark.parametrize(("beginning", "settings", "part"), REFUSED)
def test_what_can_not_be_begun_is_refused(beginning: Beginning, settings: dict[str, Any], part: str) -> None:
    with pytest.raises(SweepError) as refused:
        loading.load(beginning, settings)
    assert part in str(refused.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Acrobot-v1", "acrobot-v1"),
        ("ALE/Pong-v5", "ale-pong-v5"),
        ("Flüge 2024 (neu)", "fluge-2024-neu"),
        ("../../etc/passwd", "etc-passwd"),
        ("表", "table"),
        ("_", "table"),
        ("A" * 200, "a" * 48),
    ],
)
def test_names_of_studies_are_safe_as_paths(text: str, name: str) -> None:
    assert study_name(text, "table") == name


@pytest.mark.parametrize(
    ("value", "near"), [(1.0, 1.0), (99.3, 100.0), (20.0, 30.0), (1_234.0, 1_000.0), (0.002, 0.003), (6.0, 10.0)]
)
def test_scales_are_rounded_to_what_people_would_write(value: float, near: float) -> None:
    assert rounded(value) == pytest.approx(near)


def test_in_python_as_on_the_command_line(tmp_path: Path) -> None:
    sweep = Sweep.suggested(environment="CartPole-v1", settings={"trials": 3})
    assert sweep == loading.load(Beginning(environment="CartPole-v1"), ["trials=3"])
    path = tmp_path / "table.csv"
    path.write_text("a,b\n" + "".join(f"{row},{row / 3}\n" for row in range(50)))
    assert Sweep.suggested(data=path, target="a").fixed["targets"] == ["a"]
    assert yaml_text.parse(loading.suggested(Beginning(data=str(path)))[1])["name"] == "table"
