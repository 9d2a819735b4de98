"""The page of a study in MLflow, prepared: its trials with the columns that matter, the best first, and its charts.

MLflow keeps such views, which people save and share, as tags of the experiment (seen in 3.17.2, internal): the state of
its page as JSON, compressed. Where another version does not understand it, it says so and shows its page as ever.
"""

import base64
import json
import zlib
from collections.abc import Sequence
from typing import Any

from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary
from tuning.sweep.dimensions import Dimension, Options
from tuning.tracking.run_names import setting

TAG = "mlflow.sharedViewState."
"""A tag of an experiment is called so, and behind it as the view."""

MOST_COLUMNS, MOST_SCATTERED = 8, 2
"""Searched parameters that have a column; and that have a chart of the value against them."""

MODE = "workflowType=machine_learning"
"""Has an address of MLflow's show its pages for model training, not those for language models."""

SHAPE = {"columns": 2, "cardHeight": 300}
"""Of the charts: on a screen of 1600 x 1000 four of them are seen at once, beside MLflow's assistant too."""


def view_id(key: str) -> str:
    """What the view of a study is called. key: the study's own name among all there are."""
    return f"lockstep-{key}"


def address(experiment_id: str, key: str) -> str:
    """Where the view of a study is, behind the address of the server."""
    return f"/#/experiments/{experiment_id}/runs?{MODE}&viewStateShareKey={view_id(key)}&compareRunsMode=CHART"


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
    sections = [(_headline(summary, searched), _charts(metric, searched)), *_of_options(summary, searched)]
    own = {"deleted": False, "isGenerated": False}
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
        "compareRunSections": [
            {"uuid": f"lockstep-{place}", "name": name, "display": True, "isReordered": True, **SHAPE, **own}
            for place, (name, _) in enumerate(sections)
        ],
        "compareRunCharts": [
            {"uuid": f"lockstep-{place}-{number}", "metricSectionId": f"lockstep-{place}", **own, **chart}
            for place, (_, charts) in enumerate(sections)
            for number, chart in enumerate(charts)
        ],
    }
    return state


def _headline(summary: StudySummary, searched: Sequence[str]) -> str:
    """Which trial to use, how sure that is, and its settings, which come last: MLflow cuts off what is too long."""
    chosen, confirmed = summary.chosen, summary.confirmation
    if chosen is None:
        return summary.name
    if confirmed is None:
        first = f"#{chosen.number} is best: {chosen.value:.3g}"
    else:
        low, high = (f"{end:.3g}" for end in _of(chosen, confirmed).interval)
        how = "champion" if confirmed.champion == chosen.number else "leads"
        first = f"#{chosen.number} {how}: {_of(chosen, confirmed).mean:.3g} ({low} to {high})"
    return " · ".join([first, *(setting(name, chosen.params[name]) for name in searched if name in chosen.params)])


def _of(trial: TrialSummary, confirmed: Confirmation) -> Candidate:
    return next(each for each in confirmed.candidates if each.number == trial.number)


def _columns(summary: StudySummary, searched: Sequence[str]) -> list[str]:
    confirmed = ["confirmed/mean", "confirmed/low", "confirmed/high"] if summary.confirmation else []
    second = ["second"] if summary.sweep.second else []
    metrics = [f"metrics.`{name}`" for name in ("rank", "value", *second, *confirmed)]
    tags = [f"tags.`lockstep.{name}`" for name in ("state", "verdict")]
    return [*metrics, *tags, *(f"params.`{name}`" for name in searched[:MOST_COLUMNS])]


def _charts(metric: str, searched: Sequence[str]) -> list[dict[str, Any]]:
    curves = {"metricKey": metric, "selectedMetricKeys": [metric], "xAxisKey": "step", "runsCountToCompare": 100}
    return [
        {"type": "LINE", **curves},
        _parallel(searched),
        *(
            {
                "type": "SCATTER",
                "xaxis": {"key": name, "type": "PARAM"},
                "yaxis": {"key": "value", "type": "METRIC"},
                "runsCountToCompare": 100,
            }
            for name in searched[:MOST_SCATTERED]
        ),
    ]


def _parallel(names: Sequence[str]) -> dict[str, Any]:
    return {"type": "PARALLEL", "selectedParams": list(names), "selectedMetrics": ["value"], "showAllRuns": True}


def _of_options(summary: StudySummary, searched: Sequence[str]) -> list[tuple[str, list[dict[str, Any]]]]:
    """A section for each option that has settings of its own: its name, and the chart of the trials that have them.

    Among all trials they have no place: parallel coordinates leaves out trials without a number where most have one,
    and whatever stood for a setting that does not count would be drawn as if it did.
    """
    sections = []
    for name, dimension in summary.sweep.space.dimensions.items():
        if not isinstance(dimension, Options) or len(dimension.choices) == 1:
            continue
        for kind in dimension.choices:
            if own := _settings(name, dimension, kind):
                others = [each for each in searched if each != name]
                sections.append((f"Trials with {name} {kind}", [_parallel([*own, *others])]))
    return sections


def _settings(name: str, options: Options, kind: str) -> list[str]:
    """The parameters that all trials with an option have beside it."""
    return [f"{name}.{kind}.{key}" for key, each in options.choices[kind].items() if isinstance(each, Dimension)]


def _searched(summary: StudySummary) -> list[str]:
    """The parameters that all trials have, the most important first: parallel lines end where one is missing.

    Of a field that has one option only, its settings are searched and not the field.
    """
    names: list[str] = []
    for name, dimension in summary.sweep.space.dimensions.items():
        if isinstance(dimension, Options) and len(dimension.choices) == 1:
            names += _settings(name, dimension, *dimension.choices)
        else:
            names.append(name)
    return sorted(names, key=lambda name: -summary.importances.get(name, 0.0))
