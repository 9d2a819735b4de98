"""Limits that end a sweep before its last trial, what may be changed while it rests, and one that starts from it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import pytest
import sweeps
from commands import Said

from tuning.errors import SweepError
from tuning.study.attributes import START
from tuning.sweep.kept_sweep import changed


@pytest.mark.parametrize(
    ("setting", "path", "message"),
    [
        (
            "budget=400",
            "budget",
            "is 400, the study has 200; the trials that are there were compared at other budgets; ",
        ),
        ("sampler=random", "sampler", "is 'random', the study has 'tpe'; only "),
        (
            "fixed.gamma=0.5",
            "fixed.gamma",
            "is 0.5, the study has 1.0; all trials that are there were trained with that",
        ),
        ("second=steps", "second", "could not be compared with those to come; only "),
        ("max_steps=100", "max_steps", "should be at least 200, what a single trial takes, is 100"),
        ("target=high", "target", "should be a number, is 'high'"),
        ("tries=0", "tries", "should be at least 1, is 0"),
        ("max_stepps=3", "max_stepps", "did you mean max_steps?"),
    ],
)
def test_what_can_not_change_while_a_study_rests_is_refused(setting: str, path: str, message: str) -> None:
    with pytest.raises(SweepError) as caught:
        changed(sweeps.tiny(), None, None, [setting])
    found = {problem.key_path: problem.message for problem in caught.value.problems}
    named = next(each for key, each in found.items() if key == path or key.startswith(f"{path}."))
    assert message in named


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["max_steps=1000"], {"max_steps": 1_000}),
        (["max_steps=null"], {"max_steps": None}),
        (["target=-0.5", "tries=4"], {"target": -0.5, "tries": 4}),
        (["tracking=off", "workers=3"], {"tracking": "off"}),
        (["confirm={top: 2}"], {"confirm": {"top": 2, "seeds": "auto", "episodes": 100}}),
        (["confirm=off"], {"confirm": "off"}),
    ],
)
def test_what_may_change_while_a_study_rests_changes(settings: list[str], expected: dict[str, Any]) -> None:
    before = sweeps.tiny(max_steps=400)
    after = changed(before, "+4", "10m", settings).model_dump(mode="json")
    told = {**before.model_dump(mode="json"), "trials": 12, "time_limit": 600.0, **expected}
    told["workers"] = after["workers"]
    assert after == told


def test_a_search_stops_at_its_steps_and_goes_on_with_more(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=2, max_steps=500)
    search = legs_by_hand.Searching(study, 1, [])
    while (leg := search.next("leg")) is not None:
        search.trained("leg", legs_by_hand.reports(leg))
    assert (search.policy.stopped, search.policy.unfinished, len(study.summary().trials)) == ("max_steps", True, 4)
    study.change(changed(study.sweep, None, None, ["max_steps=900"]))
    again = legs_by_hand.Searching(sweeps.opened(runs), 1, [])
    assert not again.policy.stopped, "what was spent before is counted, and there is more"
    again.trained("leg", legs_by_hand.reports(again.next("leg")))
    assert again.policy.stopped


def test_a_search_stops_at_its_target_and_goes_on_with_a_higher_one(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=2, target=-1.0)
    search = legs_by_hand.Searching(study, 1, [])
    search.trained("leg", legs_by_hand.reports(search.next("leg"), lambda member: -0.5))
    assert search.policy.stopped == "target"
    assert legs_by_hand.Searching(sweeps.opened(runs), 1, []).policy.stopped, "it was reached before"
    study.change(changed(study.sweep, None, None, ["target=1.0"]))
    legs_by_hand.driven(sweeps.opened(runs))
    assert study.summary().count("complete") == 8


def test_fewer_trials_than_there_are_is_refused(runs: Path, tuning: Callable[..., Said]) -> None:
    legs_by_hand.driven(sweeps.created(runs, trials=12, pack_size=4, sampler="random"))
    code, out, err = tuning("resume", "tiny-1", "--trials", "2", "--root", str(runs))
    assert (code, out) == (2, "")
    assert err == "trials: 'tiny-1' has 12 already; should be at least 12, or +2 for so many more; is 2\n"
    assert sweeps.opened(runs).sweep.trials == 12
    study = sweeps.opened(runs)
    study.change(changed(study.sweep, "12", "1m"))
    assert sweeps.opened(runs).sweep.time_limit == 60


@pytest.mark.slow
def test_a_real_sweep_without_tracking_stops_goes_on_and_is_started_from(tmp_path: Path) -> None:
    def tuning(*arguments: str) -> dict[str, Any]:
        done = commands.tuning(*arguments, "--root", "runs", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        shown: dict[str, Any] = json.loads(done.stdout)
        return shown

    small: dict[str, Any] = {"pack_size": 2, "workers": 1, "tracking": "off"}
    stopped = tuning("run", sweeps.written(tmp_path, trials=6, max_steps=600, **small))
    assert (stopped["state"], stopped["counts"]["complete"], stopped["member_steps"]) == ("finished", 4, 800)
    assert {trial["run_id"] for trial in stopped["trials"]} == {None}
    more = tuning("resume", "--set", "max_steps=null", "--set", "target=5.0")
    assert (more["counts"]["complete"], more["trials"][:4]) == (6, stopped["trials"])
    assert not (tmp_path / "runs" / "mlflow.db").exists()
    following = sweeps.written(tmp_path / "next", name="next", trials=4, start_from="tiny-1", **small)
    started = tuning("run", following)
    best = sorted(more["trials"], key=lambda trial: (-trial["value"], trial["number"]))
    default = started["trials"][0]["params"]
    expected = [trial["params"] for trial in best if trial["params"] != default][:3]
    assert [trial["params"] for trial in started["trials"][1:]] == expected
    assert sweeps.opened(tmp_path / "runs", "next-1").optuna.user_attrs[START]
    refused = commands.tuning("resume", "tiny-1", "--root", "runs", "--set", "budget=400", cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("budget: is 400, the study has 200; ")
