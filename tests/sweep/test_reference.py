"""`tuning fields`: every key and every field is there, with what a file may say of it."""

import json
from collections.abc import Callable

import pytest
from commands import Said

from trainables.loops.registry import LOOPS, loop_of
from tuning.errors import SweepError
from tuning.sweep import reference
from tuning.sweep.model import Sweep


def test_all_keys_of_a_sweep() -> None:
    entries = {each.name: each for each in reference.of_sweep()}
    assert {name for name in entries if "." not in name} == set(Sweep.model_fields)
    assert entries["confirm.seeds"].default == "auto"
    assert entries["budget"].default is None
    assert entries["trials"].takes == "at least 1, at most 1_000_000"
    assert entries["sampler"].takes == "tpe, gp, cmaes, random, qmc, grid or nsga2"
    assert entries["pack_size"].takes == "auto or a whole number"
    assert all(each.meaning for each in entries.values())


@pytest.mark.parametrize("loop", LOOPS)
def test_all_fields_of_a_loop(loop: str) -> None:
    entries = {each.name: each for each in reference.of_loop(loop)}
    config = loop_of(loop).Config
    own = set(config.model_fields) - {"budget", "environment", "data", "seed"}
    assert {name for name in entries if "." not in name} == own
    assert all(each.meaning and each.searched for each in entries.values())
    assert (entries["learning_rate"].searched, entries["hidden"].searched, entries["reports"].searched) == (
        "yes",
        "pack",
        "no",
    )
    assert entries["schedule.cosine.floor"].default == "0.0"
    assert entries["optimizer.adam.beta1"].searched == "yes"


@pytest.mark.parametrize("loop", LOOPS)
def test_what_is_said_to_be_searched_can_be(loop: str) -> None:
    """The check of a sweep file says the same of every field."""
    subject = {"data": "conjunction-risk"} if loop == "supervised" else {"environment": "CartPole-v1"}
    for each in reference.of_loop(loop):
        if "." not in each.name:
            search = {each.name: {"choices": [each.default]}}
            with pytest.raises(SweepError) as caught:
                Sweep(name="x", loop=loop, budget=0, search=search, **subject)
            barred = f"search.{each.name}: can't be searched" in str(caught.value)
            assert barred == (each.searched == "no"), each.name


def test_for_a_person_it_fits_a_terminal(tuning: Callable[..., Said], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (["fields"], *(["fields", loop] for loop in LOOPS)):
        code, out, err = tuning(*arguments)
        assert (code, err) == (0, "")
        assert max(map(len, out.splitlines())) <= 80
    assert "of the optimizer, before" in out


def test_for_a_script(tuning: Callable[..., Said]) -> None:
    code, out, _ = tuning("fields", "dqn", "--json")
    assert code == 0
    found = {each["name"]: each for each in json.loads(out)}
    assert found["double"] | {"meaning": ""} == {
        "name": "double",
        "default": "false",
        "takes": "",
        "meaning": "",
        "searched": "pack",
    }


def test_a_loop_that_is_none_is_answered_with_one(tuning: Callable[..., Said]) -> None:
    code, out, err = tuning("fields", "dqm")
    assert (code, out) == (2, "")
    assert err.startswith("loop: should be dqn, reinforce or supervised")
    assert err.rstrip().endswith("did you mean dqn?")


def test_loops_of_ones_own(tuning: Callable[..., Said]) -> None:
    assert "of the valley's walls" in tuning("fields", "rosenbrock:Rosenbrock")[1]
    assert "climbing:Climber takes any" in tuning("fields", "climbing:Climber")[1]
