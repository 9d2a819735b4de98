"""Sweeps of a second or two, and their studies."""

import time
from pathlib import Path
from typing import Any

import yaml

from tuning.study import catalogue
from tuning.study.clock import Now
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.sweep.model import Sweep
from tuning.tracking import experiments

TINY: dict[str, Any] = {
    "name": "tiny",
    "loop": "reinforce",
    "environment": "NumberMatch-v0",
    "budget": 200,
    "trials": 8,
    "workers": 2,
    "halving": "off",
    "confirm": "off",
    "fixed": {
        "environment_args": {"n": 4, "one_hot": True},
        "batch_size": 10,
        "hidden": [8],
        "reports": 4,
        "evaluation_episodes": 8,
        "gamma": 1.0,
    },
    "search": {
        "learning_rate": {"low": 1e-3, "high": 1e-1, "log": True},
        "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.5}}}},
        "baseline": {"choices": ["none", "batch_mean"]},
    },
}
"""Twenty updates a trial, reported at 50, 100, 150 and 200 steps. The loop's defaults lie inside the search."""


def tiny(**changes: Any) -> Sweep:
    """The tiny sweep with some of its keys changed."""
    return Sweep.model_validate({**TINY, **changes})


def written(folder: Path, **changes: Any) -> str:
    """The path of a file that holds the tiny sweep with some of its keys changed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return str(path)


def created(root: Path, called: str | None = None, **changes: Any) -> Study:
    """A new study of the tiny sweep."""
    home = Home.at(root)
    sweep, url = tiny(**changes), home.storage_url
    start = [] if sweep.start_from is None else experiments.beginnings(home, url, sweep.start_from, sweep)
    return catalogue.create(home, url, sweep, called, start)


def opened(root: Path, name: str | None = None, now: Now = time.monotonic) -> Study:
    """The study as another process would see it; now: what its seconds are counted by."""
    home = Home.at(root)
    return catalogue.opened(home, home.storage_url, name, now)


def assert_sound(study: Study, trials: int) -> None:
    """A search that has come to its end has as many trials as it should, and its records and Optuna agree on each."""
    told = study.optuna.get_trials()
    assert [trial.number for trial in told] == list(range(trials))
    records = study.records.legs()
    for place, record in enumerate(records):
        later = {number for each in records[place + 1 :] for number in each.numbers}
        assert record.state != "open" or {*record.numbers} <= later, "a leg is open that nobody trains"
    plans, ends = study.records.plans(), study.records.ends()
    for trial in told:
        way = [record for record in records if record.state == "closed" and trial.number in record.numbers]
        assert len({record.bracket for record in way}) == 1, "brackets are never mixed"
        found = ends[trial.number][0]
        audited = [record for record in way if trial.number in record.audited]
        judged = way if not audited else way[:-1]
        assert [record.until for record in judged] == [*study.sweep.ladders[way[0].bracket][: len(judged)]]
        assert all(trial.number in record.promoted for record in judged[:-1])
        assert trial.number not in judged[-1].promoted
        if audited:
            assert audited == [judged[-1]]
            assert (way[-1].until, found.given_up_at) == (study.sweep.budget, judged[-1].until)
            assert trial.number not in way[-1].promoted
        assert trial.state.name == {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}[found.state]
        assert (found.state == "complete") <= (way[-1].until == study.sweep.budget)
        assert trial.value == found.value or found.state == "pruned"
        values = {record.until: record.values.get(trial.number) for record in way}
        shown = {until: value for until, value in values.items() if value is not None}
        assert trial.intermediate_values == ({} if found.diverged_at is not None else shown)
        if plans[trial.number].default and found.state == "pruned":
            assert found.diverged_at is not None, "the default goes to the end, whatever its place"
