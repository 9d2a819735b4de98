"""The prepared page of a study: what MLflow's tag holds; what a person sees of it: test_mlflow_pages.py."""

import base64
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sweeps
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


def charts_of(state: dict[str, Any], place: int) -> list[dict[str, Any]]:
    """The charts of the section that stands there."""
    section = state["compareRunSections"][place]["uuid"]
    return [chart for chart in state["compareRunCharts"] if chart["metricSectionId"] == section]


def test_a_study_that_has_ended_has_the_best_first_and_the_columns_that_matter() -> None:
    state = state_of(CONFIRMED)
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`rank`", True)
    assert state["searchFilter"] == "tags.`lockstep.key` = 'abc' AND tags.`lockstep.trial` != ''"
    assert state["selectedColumns"] == [
        *(f"metrics.`{name}`" for name in ("rank", "value", "confirmed/mean", "confirmed/low", "confirmed/high")),
        *("tags.`lockstep.state`", "tags.`lockstep.verdict`"),
        *(f"params.`{name}`" for name in ("learning_rate", "baseline", "schedule")),
    ]
    leads = "#1 champion: 0.5 (0.4 to 0.6) · lr 0.1 · baseline none · schedule cosine"
    assert state["compareRunSections"][0]["name"] == leads


@pytest.mark.parametrize(("direction", "rising"), [("maximize", False), ("minimize", True)])
def test_while_it_runs_the_best_value_comes_first(direction: str, rising: bool) -> None:
    state = state_of(replace(SUMMARY, state="running", trials=[], sweep=sweeps.tiny(direction=direction)))
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`value`", rising)
    assert state["compareRunSections"][0]["name"] == "tiny-1"


def test_the_charts_are_of_all_trials() -> None:
    state = state_of(SUMMARY)
    curves, parallel, *scattered = charts_of(state, 0)
    assert (curves["type"], curves["metricKey"]) == ("LINE", "evaluation/return_mean")
    assert (parallel["selectedParams"], parallel["showAllRuns"]) == (["learning_rate", "baseline", "schedule"], True)
    assert [chart["xaxis"]["key"] for chart in scattered] == ["learning_rate", "baseline"]
    assert state["runsHiddenMode"] == "SHOW_ALL"


def test_settings_that_some_trials_have_are_drawn_of_those_alone() -> None:
    state = state_of(SUMMARY)
    assert [section["name"] for section in state["compareRunSections"][1:]] == ["Trials with schedule cosine"]
    (parallel,) = charts_of(state, 1)
    assert parallel["selectedParams"] == ["schedule.cosine.floor", "learning_rate", "baseline"]
    assert len({chart["uuid"] for chart in state["compareRunCharts"]}) == len(state["compareRunCharts"])


def test_of_a_field_with_one_option_the_settings_are_drawn() -> None:
    search: dict[str, Any] = {"learning_rate": {"low": 1e-3, "high": 1e-1}}
    search["schedule"] = {"choices": {"cosine": {"floor": {"low": 0.0, "high": 0.5}}}}
    state = state_of(replace(SUMMARY, sweep=sweeps.tiny(search=search)))
    assert len(state["compareRunSections"]) == 1
    assert charts_of(state, 0)[1]["selectedParams"] == ["learning_rate", "schedule.cosine.floor"]


def test_it_is_kept_with_the_experiment_and_brought_up_to_date(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4)
    searched(study)
    told, best = Runs(study), study.summary().best
    assert best is not None
    tags = told.client.get_experiment(told.own.info.experiment_id).tags
    state = opened(tags[f"mlflow.sharedViewState.lockstep-{study.attributes.key}"])
    assert state["orderByKey"] == "metrics.`rank`"
    assert state["compareRunSections"][0]["name"].startswith(f"#{best.number} is best: -")
