"""The page of a study in MLflow, prepared: its trials with the columns that matter, the best first, and its charts.

MLflow keeps such views, which people save and share, as tags of the experiment (seen in 3.17.2, internal): the state of
its page as JSON, compressed. Where another version does not understand it, it says so and shows its page as ever.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary

TAG = "mlflow.sharedViewState."
"""A tag of an experiment is called so, and behind it as the view."""

MOST_COLUMNS, MOST_SCATTERED = 8, 2
"""Searched parameters that have a column; and that have a chart of the value against them."""


def view_id(key: str) -> str:
    """What the view of a study is called. key: the study's own name among all there are."""
    return f"lockstep-{key}"


def address(experiment_id: str, key: str) -> str:
    """Where the view of a study is, behind the address of the server."""
    return (
        f"/#/experiments/{experiment_id}/runs?workflowType=machine_learning&viewStateShareKey={view_id(key)}"
        "&compareRunsMode=CHART"
    )


def tag(summary: StudySummary, key: str, now_ms: int) -> tuple[str, str]:
    """The experiment's tag that holds the view of a study: its name, and what it holds.

    key: the study's own name among all there are.
    """
    text = json.dumps(_state(summary, key), separators=(",", ":"))
    packed = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    view = {"name": summary.name, "createdAt": now_ms, "updatedAt": now_ms, "state": f"deflate;{packed}"}
    return f"{TAG}{view_id(key)}", json.dumps(view)


def _state(summary: StudySummary, key: str) -> dict[str, Any]:
    metric, ended = str(summary.sweep.metric), summary.state == "finished"
    searched = _searched(summary)
    section = {"uuid": "lockstep", "name": _headline(summary), "display": True, "isReordered": True}
    state: dict[str, Any] = {
        "searchFilter": f"tags.`lockstep.key` = '{key}' AND tags.`lockstep.trial` != ''",
        # While it runs nobody has a place yet.
        "orderByKey": "metrics.`rank`" if ended else "metrics.`value`",
        "orderByAsc": ended or summary.sweep.direction == "minimize",
        "selectedColumns": _columns(summary, searched),
        # All of them: of the first ten no chart could show what the search looked like.
        "runsHiddenMode": "SHOW_ALL",
        "hideEmptyCharts": True,
        "isAccordionReordered": True,
        "compareRunSections": [{**section, "deleted": False, "isGenerated": False}],
        "compareRunCharts": [
            {
                "uuid": f"lockstep-{place}",
                "metricSectionId": "lockstep",
                "deleted": False,
                "isGenerated": False,
                **chart,
            }
            for place, chart in enumerate(_charts(metric, searched))
        ],
    }
    return state


def _headline(summary: StudySummary) -> str:
    """Which trial to use, and how sure that is: in few characters, as MLflow cuts off what is longer."""
    chosen, confirmed = summary.chosen, summary.confirmation
    if chosen is None:
        return summary.name
    if confirmed is None:
        return f"#{chosen.number} is best: {chosen.value:.3g}"
    low, high = (f"{end:.3g}" for end in _of(chosen, confirmed).interval)
    first = "champion" if confirmed.champion == chosen.number else "leads"
    return f"#{chosen.number} {first}: {_of(chosen, confirmed).mean:.3g} ({low} to {high})"


def _of(trial: TrialSummary, confirmed: Confirmation) -> Candidate:
    return next(each for each in confirmed.candidates if each.number == trial.number)


def _columns(summary: StudySummary, searched: Sequence[str]) -> list[str]:
    confirmed = ["confirmed/mean", "confirmed/low", "confirmed/high"] if summary.confirmation else []
    second = ["second"] if summary.sweep.second else []
    metrics = [f"metrics.`{name}`" for name in ("rank", "value", *second, *confirmed)]
    tags = [f"tags.`lockstep.{name}`" for name in ("state", "verdict")]
    return [*metrics, *tags, *(f"params.`{name}`" for name in searched[:MOST_COLUMNS])]


def _charts(metric: str, searched: Sequence[str]) -> list[dict[str, Any]]:
    parallel: Mapping[str, Any] = {"selectedParams": list(searched), "selectedMetrics": ["value"], "showAllRuns": True}
    value = {"key": "value", "type": "METRIC"}
    curves = {"metricKey": metric, "selectedMetricKeys": [metric], "xAxisKey": "step", "runsCountToCompare": 100}
    return [
        {"type": "LINE", **curves, "displayName": "Learning curves"},
        {"type": "PARALLEL", **parallel, "displayName": "All trials"},
        *(
            {
                "type": "SCATTER",
                "xaxis": {"key": name, "type": "PARAM"},
                "yaxis": value,
                "runsCountToCompare": 100,
                "displayName": f"value against {name}",
            }
            for name in searched[:MOST_SCATTERED]
        ),
    ]


def _searched(summary: StudySummary) -> list[str]:
    """The parameters that all trials have, the most important first: parallel lines end where one is missing."""
    return sorted(summary.sweep.space.dimensions, key=lambda name: -summary.importances.get(name, 0.0))
