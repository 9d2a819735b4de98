"""The sweep that a study keeps: shown without its loop, gone on with, changed."""

import json
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sweep_cases import DQN, changed, problems

from trainables.loops.supervised import EARLIER_DEFAULTS, SupervisedLoop
from tuning.errors import SweepError
from tuning.sweep import kept_sweep
from tuning.sweep.model import Sweep

STORED = Path(__file__).parents[1] / "fixtures" / "studies-2918cbd.tar.xz"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("fixed.priority_alpha", 0.5),
        ("search.replay_capacity", {"choices": [32, 5_000]}),
        ("search.learning_starts", {"choices": [10, 20]}),
    ],
)
def test_a_study_goes_on_and_is_changed_although_its_sweep_would_no_longer_be_begun(path: str, value: Any) -> None:
    data = changed({**DQN, "budget": 1_000, "fixed": {"learning_starts": 10}}, path, value)
    if "learning_starts" in path:
        data["fixed"] = {}
    assert problems(data)
    read = kept_sweep.to_go_on(data)
    assert kept_sweep.changed(read, "+8", None).trials == read.trials + 8
    with pytest.raises(SweepError, match="did you mean gamma"):
        kept_sweep.to_go_on(changed(data, "fixed.gama", 0.9))


SUPERVISED = {**DQN, "loop": "supervised", "data": "conjunction-risk", "budget": 60, "fixed": {}}
del SUPERVISED["environment"]
EARLIER = {"standardise_targets": False, "split": "random"}


@pytest.mark.parametrize(
    ("data", "fixed"),
    [
        (SUPERVISED, EARLIER),
        ({**SUPERVISED, "fixed": {"standardise_targets": True}}, {**EARLIER, "standardise_targets": True}),
        ({**SUPERVISED, "loop": "own_loops:Own"}, EARLIER),
        (DQN, {**DQN["fixed"], "evaluation_share": None}),
    ],
    ids=["supervised", "said by the sweep", "own", "no targets"],
)
def test_a_study_keeps_what_its_fields_were_by_default_when_it_was_begun(
    data: dict[str, Any], fixed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = type("Own", (SupervisedLoop,), {})
    monkeypatch.setitem(sys.modules, "own_loops", SimpleNamespace(Own=own))
    assert kept_sweep.to_go_on(data, kept_as=1).fixed == fixed
    assert kept_sweep.to_go_on(data).fixed == data["fixed"]


def test_a_supervised_training_and_its_study_go_back_to_the_same_defaults() -> None:
    assert EARLIER_DEFAULTS.items() <= kept_sweep.FORMER_DEFAULTS[1].items()


def test_sweeps_of_an_earlier_version_are_read_alike_to_be_shown_and_to_be_gone_on_with(tmp_path: Path) -> None:
    found = list(earlier(tmp_path))
    assert len(found) == 2
    for data in found:
        assert kept_sweep.to_show(data) == kept_sweep.to_go_on(data)
        shown = kept_sweep.to_show(data).model_dump(mode="json")
        # What was not known then has its default.
        assert shown["workers"].pop("stall_timeout") == "auto"
        assert shown == data


@pytest.mark.parametrize(
    ("loop", "fixed", "expected"),
    [
        ("dqn", {}, {"evaluation_share": None}),
        ("dqn", {"evaluation_share": 0.5, "gamma": 0.9}, {"evaluation_share": 0.5, "gamma": 0.9}),
        ("rosenbrock:Rosenbrock", {"steepness": 10.0}, {"steepness": 10.0}),
    ],
)
def test_what_an_earlier_version_left_to_its_defaults_stays_so(
    loop: str, fixed: dict[str, Any], expected: dict[str, Any]
) -> None:
    own = {"loop": loop, "environment": "CartPole-v1"} if loop == "dqn" else {"loop": loop}
    data = {"name": "old", **own, "budget": 2_000, "fixed": fixed, "search": {"learning_rate": {"low": 0.1, "high": 1}}}
    data |= {} if loop == "dqn" else {"halving": "off"}
    assert kept_sweep.to_go_on(data, 1).fixed == expected
    assert kept_sweep.to_go_on(data).fixed == fixed


def earlier(folder: Path) -> Iterator[dict[str, Any]]:
    with tarfile.open(STORED) as stored:
        stored.extractall(folder, filter="data")
    with closing(sqlite3.connect(folder / "runs" / "studies.db")) as database:
        rows = database.execute("select value_json from study_user_attributes where key = 'sweep'")
        yield from (json.loads(value) for (value,) in rows)


SHOWN = """
import json, sys
from tuning.sweep import kept_sweep
sweep = kept_sweep.to_show(json.load(sys.stdin))
print(sweep.directions, sweep.reduction, sweep.search, sweep.to_yaml())
loaded = {"torch", "ray", "optuna", "numpy", "rosenbrock"}.intersection(sys.modules)
assert not loaded, loaded
"""


@pytest.mark.parametrize("loop", ["dqn", "rosenbrock:Rosenbrock", "no_such_module:Loop"])
def test_a_sweep_is_shown_without_its_loop(loop: str) -> None:
    kept = json.dumps({**Sweep.model_validate(DQN).model_dump(mode="json"), "loop": loop})
    subprocess.run([sys.executable, "-c", SHOWN], input=kept, text=True, check=True, timeout=200)


@pytest.mark.parametrize(
    ("loop", "why"),
    [
        ("dqn", None),
        ("rosenbrock:Rosenbrock", None),
        ("no_such_module:Loop", "loop: no_such_module:Loop: no_such_module can't be imported"),
        ("rosenbrock:Nothing", "loop: rosenbrock:Nothing: rosenbrock has no Nothing"),
    ],
)
def test_a_loop_of_ones_own_that_is_not_here_is_said(loop: str, why: str | None) -> None:
    flaw = kept_sweep.flaw(Sweep.model_validate(DQN).model_copy(update={"loop": loop}))
    assert flaw is None if why is None else str(flaw).startswith(why)
