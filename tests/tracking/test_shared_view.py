"""The prepared page of a study: what MLflow's tag holds, and, in a browser, what a person sees."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sweeps
from mlflow_pages import BROWSER, seen, served
from report_cases import CONFIRMED, SUMMARY
from tracked import Runs, searched

from tuning.study.summary import StudySummary
from tuning.tracking import shared_view


def opened(view: str) -> dict[str, Any]:
    """The state of a page as MLflow unpacks it."""
    kind, _, packed = json.loads(view)["state"].partition(";")
    assert kind == "deflate"
    state: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed)))
    return state


def state_of(summary: StudySummary) -> dict[str, Any]:
    name, view = shared_view.tag(summary, "abc", 0)
    assert name == "mlflow.sharedViewState.lockstep-abc"
    assert len(view) < 5_000
    return opened(view)


def test_a_study_that_has_ended_has_the_best_first_and_the_columns_that_matter() -> None:
    state = state_of(CONFIRMED)
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`rank`", True)
    assert state["searchFilter"] == "tags.`lockstep.key` = 'abc' AND tags.`lockstep.trial` != ''"
    assert state["selectedColumns"] == [
        *(f"metrics.`{name}`" for name in ("rank", "value", "confirmed/mean", "confirmed/low", "confirmed/high")),
        *("tags.`lockstep.state`", "tags.`lockstep.verdict`"),
        *(f"params.`{name}`" for name in ("learning_rate", "baseline", "schedule")),
    ]
    assert state["compareRunSections"][0]["name"] == "#1 champion: 0.5 (0.4 to 0.6)"


@pytest.mark.parametrize(("direction", "rising"), [("maximize", False), ("minimize", True)])
def test_while_it_runs_the_best_value_comes_first(direction: str, rising: bool) -> None:
    state = state_of(replace(SUMMARY, state="running", trials=[], sweep=sweeps.tiny(direction=direction)))
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`value`", rising)
    assert state["compareRunSections"][0]["name"] == "tiny-1"


def test_the_charts_are_of_all_trials() -> None:
    curves, parallel, *scattered = state_of(SUMMARY)["compareRunCharts"]
    assert (curves["type"], curves["metricKey"]) == ("LINE", "evaluation/return_mean")
    assert (parallel["selectedParams"], parallel["showAllRuns"]) == (["learning_rate", "baseline", "schedule"], True)
    assert [chart["xaxis"]["key"] for chart in scattered] == ["learning_rate", "baseline"]
    assert state_of(SUMMARY)["runsHiddenMode"] == "SHOW_ALL"


def test_it_is_kept_with_the_experiment_and_brought_up_to_date(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4)
    searched(study)
    told, best = Runs(study), study.summary().best
    assert best is not None
    tags = told.client.get_experiment(told.own.info.experiment_id).tags
    state = opened(tags[f"mlflow.sharedViewState.lockstep-{study.attributes.key}"])
    assert state["orderByKey"] == "metrics.`rank`"
    assert state["compareRunSections"][0]["name"].startswith(f"#{best.number} is best: -")


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is to be found")
def test_in_a_browser_the_leader_is_on_top_in_the_mode_for_training(runs: Path) -> None:
    study = sweeps.created(runs, trials=6, pack_size=3)
    searched(study)
    best = study.summary().best
    assert best is not None
    with served(runs, "tiny-1") as (_, page):
        shown = seen(page, runs)
    names = [f"#{trial.number}" for trial in study.summary().ranked()]
    places = [shown.index(f">{name} ") for name in names]
    assert places[0] == min(places), "the leader comes first"
    assert f"#{best.number} leader" in shown
    assert f"#{best.number} is best: " in shown
    assert "Error loading shared view" not in shown
