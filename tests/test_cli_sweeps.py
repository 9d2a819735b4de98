"""Sweeps that the command is given: checked, changed by options, and refused with all that is wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sweeps
from commands import Said

from tuning.sweep.presets import presets


@pytest.mark.parametrize("preset", [each.name for each in presets()])
def test_nothing_is_wrong_with_a_preset(tuning: Callable[..., Said], preset: str) -> None:
    code, out, err = tuning("check", preset)
    assert (code, err) == (0, "")
    assert f"{preset}: nothing is wrong" in out


def test_check_reads_a_file_and_what_is_put_over_it(tuning: Callable[..., Said], tmp_path: Path) -> None:
    path = sweeps.written(tmp_path)
    assert "8 trials of 200 each" in tuning("check", path)[1]
    assert "3 trials of 400 each" in tuning("check", path, "--set", "trials=3", "--set", "budget=400")[1]
    code, out, err = tuning("check", path, "--set", "fixed.gama=1")
    assert (code, out) == (2, "")
    assert "fixed.gama" in err
    assert "gamma" in err


MISTAKES: dict[str, Any] = {
    "budget": 0,
    "pack_size": "big",
    "workers": {"cpu": 2},
    "fixed": {**sweeps.TINY["fixed"], "gamma": 2.0},
    "search": {"learning_rate": {"low": 0.0, "high": 0.1, "log": True}},
}


def test_all_five_mistakes_of_a_file_are_named_at_once(tuning: Callable[..., Said], tmp_path: Path) -> None:
    code, out, err = tuning("check", sweeps.written(tmp_path, **MISTAKES))
    assert (code, out) == (2, "")
    named = [line.split(": ")[1] for line in err.splitlines()]
    assert sorted(named) == ["budget", "fixed.gamma", "pack_size", "search.learning_rate.low", "workers.cpu"]
    assert "Traceback" not in err


def test_a_sweep_with_mistakes_is_not_run_and_leaves_nothing_behind(
    tuning: Callable[..., Said], tmp_path: Path, runs: Path
) -> None:
    path = sweeps.written(tmp_path / "sweeps", **MISTAKES)
    code, out, err = tuning("run", path, "--root", str(runs))
    assert (code, out, len(err.splitlines())) == (2, "", 5)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["sweeps"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--trials", "0"], "trials"),
        (["--trials", "many"], "trials"),
        (["--workers", "-1"], "workers"),
        (["--pack-size", "1.5"], "pack_size"),
        (["--seed", "-3"], "seed"),
        (["--set", "budget"], "key.path=value"),
        (["--set", "fixed.gamma=[1"], "fixed.gamma"),
        (["--trials", "0", "--set", "budget=-1"], "budget"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_like_what_is_wrong_with_a_file(
    tuning: Callable[..., Said], runs: Path, arguments: list[str], named: str
) -> None:
    code, out, err = tuning("run", "number-match", "--root", str(runs), *arguments)
    assert (code, out) == (2, "")
    assert named in err
    assert not runs.exists()


def test_what_to_know_of_a_sweep_is_said_with_its_line(tuning: Callable[..., Said], tmp_path: Path) -> None:
    path = sweeps.written(tmp_path, environment="Blackjack-v1", fixed={})
    (line,) = [place for place, text in enumerate(Path(path).read_text().splitlines(), 1) if "Blackjack" in text]
    code, out, err = tuning("check", path)
    assert (code, err) == (0, "")
    note, *_, last = out.splitlines()
    assert note.startswith(f"{path}:{line}: note: environment: observations of Tuple(")
    assert note.endswith("flattened to 45 numbers")
    assert last == f"{path}: nothing is wrong; 8 trials of 200 each"


def test_a_check_as_json(tuning: Callable[..., Said], tmp_path: Path) -> None:
    path = sweeps.written(tmp_path, environment="Blackjack-v1", fixed={})
    code, out, err = tuning("check", path, "--json")
    note, *_ = (answer := json.loads(out))["notes"]
    assert (code, err) == (0, "")
    assert (answer["source"], answer["problems"], answer["trials"], answer["budget"]) == (path, [], 8, 200)
    assert (note["key_path"], note["warning"], note["place"]) == ("environment", False, f"{path}:3")
    code, out, err = tuning("check", path, "--json", "--set", "budget=0", "--set", "fixed.gama=1")
    assert (code, err) == (2, "")
    assert {each["key_path"] for each in json.loads(out)["problems"]} == {"budget", "fixed.gama"}


@pytest.mark.parametrize(
    ("source", "hint"), [("number-macth", "number-match"), ("nowhere.yaml", "nowhere.yaml"), ("nothing", "presets")]
)
def test_a_sweep_that_is_not_there(tuning: Callable[..., Said], source: str, hint: str) -> None:
    code, out, err = tuning("check", source)
    assert (code, out) == (2, "")
    assert hint in err
    assert len(err.splitlines()) == 1
