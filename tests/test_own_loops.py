"""Loops that people bring: the examples of the documentation run, and what is wrong with others is said."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import commands
import legs_by_hand
import pytest
from commands import Said
from rosenbrock import Rosenbrock

from trainables.base import checkpoint
from trainables.base.own_classes import Unimportable
from trainables.loops.registry import LOOPS, loop_of
from trainables.tune import trainable_of
from tuning.errors import SweepError
from tuning.sweep.model import Sweep

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"


CHANGES = ("--trials", "6", "--set", "confirm=off", "--set", "tracking=off")


@pytest.mark.slow
def test_the_example_of_a_packed_loop_runs_as_its_document_says(runs: Path) -> None:
    """With workers that import it; those of Ray's own Trainables are in test_ray_trainable_loop.py."""
    ended = commands.tuning("run", "rosenbrock.yaml", "--root", str(runs), *CHANGES, "--json", cwd=EXAMPLES)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["state"], found["counts"]["failed"], len(found["trials"])) == ("finished", 0, 6)


def test_the_example_of_a_packed_loop_is_a_sweep_and_is_confirmed(runs: Path, tuning: Callable[..., Said]) -> None:
    source = str(EXAMPLES / "rosenbrock.yaml")
    code, out, err = tuning(
        "run", source, "--root", str(runs), *CHANGES, "--json", hire=legs_by_hand.ByHand(trains=True)
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["state"] == "finished"
    assert found["counts"]["failed"] == 0
    assert sum(found["counts"].values()) == 6
    assert 0 <= found["best"]["value"] <= found["default"]["value"]
    code, out, err = tuning(
        "confirm", "--top", "1", "--seeds", "2", "--root", str(runs), "--json", hire=legs_by_hand.ByHand(trains=True)
    )
    assert code == 0, err
    scores = [score for each in json.loads(out)["confirmation"]["candidates"] for score in each["scores"]]
    assert len(scores) in (2, 4)
    assert None not in scores
    best = checkpoint.read(Path(found["best"]["checkpoint"]))
    assert best is not None
    assert best["score"]["value"] == pytest.approx(found["best"]["value"])


def test_a_name_of_the_platform_is_its_loop_and_any_other_is_imported() -> None:
    assert all(loop_of(name) is loop for name, loop in LOOPS.items())
    assert loop_of("rosenbrock:Rosenbrock") is Rosenbrock
    assert trainable_of("rosenbrock:Rosenbrock").loop is Rosenbrock


class WithoutMethods(Rosenbrock):
    train = None
    best = None


class WithAnyConfig(Rosenbrock):
    Config = dict


class Sideways(Rosenbrock):
    direction: ClassVar[Any] = "sideways"


class Elsewhere(Rosenbrock):
    scores = ("validation/accuracy",)


class Empty:
    """Nothing of a loop."""


NOT_LOOPS = {
    "rosenbrock": "should be dqn, reinforce or supervised, or package.module:Class, is 'rosenbrock'",
    "no_such_module:Loop": "no_such_module can't be imported: No module named 'no_such_module'",
    "rosenbrock:Rosenbrok": "rosenbrock:Rosenbrok: rosenbrock has no Rosenbrok",
    "test_own_loops:EXAMPLES": "test_own_loops:EXAMPLES: should be a class",
    "test_own_loops:WithoutMethods": "has no train(), best(); what a loop has is in docs/own-loops.md",
    "test_own_loops:Empty": "has no Config, score, direction, unit, metrics, train(), state(), load()",
    "test_own_loops:WithAnyConfig": "its Config should be a subclass of trainables.loop.Config",
    "test_own_loops:Sideways": "its direction should be maximize or minimize",
    "test_own_loops:Elsewhere": "its scores should be some of its metrics, and its score one of them",
}


@pytest.mark.parametrize(("name", "message"), NOT_LOOPS.items())
def test_what_is_wrong_with_a_loop_is_told_at_its_key(name: str, message: str) -> None:
    with pytest.raises(SweepError) as raised:
        Sweep.model_validate({"name": "own", "loop": name, "budget": 10, "search": {"x": {"low": 0, "high": 1}}})
    (problem,) = [each for each in raised.value.problems if each.key_path == "loop"]
    assert message in problem.message
    if ":" in name:
        with pytest.raises(Unimportable):
            loop_of(name)


def test_a_sweep_of_an_own_loop_is_held_against_its_config() -> None:
    with pytest.raises(SweepError) as raised:
        Sweep.model_validate(
            {
                "name": "own",
                "loop": "rosenbrock:Rosenbrock",
                "environment": "CartPole-v1",
                "budget": 5,
                "metric": "loss",
                "fixed": {"steepness": -1, "steepnes": 3},
                "search": {"momentum": {"low": 0, "high": 1}},
            }
        )
    found = {problem.key_path: problem.message for problem in raised.value.problems}
    assert found.keys() == {
        "environment",
        "budget",
        "metric",
        "fixed.steepness",
        "fixed.steepnes",
        "search.momentum.high",
    }
    assert "did you mean steepness?" in found["fixed.steepnes"]
    assert "should be below 1" in found["search.momentum.high"]
    assert "takes none" in found["environment"]
