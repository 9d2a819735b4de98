"""Studies side by side: what each found, what differs, and what follows."""

import io
from dataclasses import replace
from typing import Any

import made_study
import pytest
import sweeps
from rich.console import Console

from tuning.report import comparison, comparison_page
from tuning.study.summary import StudySummary


def named(name: str, low: float | None = None, high: float | None = None, **changes: Any) -> StudySummary:
    """A study; low, high: the interval of its leader on fresh seeds."""
    summary = made_study.confirmed(made_study.study())
    found = summary.confirmation
    assert found is not None
    if low is None or high is None:
        summary = replace(summary, confirmation=None)
    else:
        leader = replace(found.candidates[0], mean=(low + high) / 2, interval=(low, high))
        summary = replace(summary, confirmation=replace(found, candidates=[leader, *found.candidates[1:]]))
    return replace(summary, name=name, sweep=sweeps.tiny(**changes))


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        (named("a", 1, 2), named("b", 3, 4), "b has the best trial: its interval on fresh seeds lies apart"),
        (
            named("a", 1, 3),
            named("b", 2, 4),
            "b has the best trial on fresh seeds, but its interval overlaps that of a",
        ),
        (named("a", 1, 3), named("b"), "Not known on fresh seeds of all of them: `tuning confirm b`"),
        (
            named("a", 1, 3),
            named("b", 2, 4, metric="evaluation/return_max"),
            "They compare their trials by different metrics",
        ),
        (
            named("a", 1, 2, direction="minimize"),
            named("b", 3, 4, direction="minimize"),
            "a has the best trial: its interval",
        ),
    ],
)
def test_what_follows_is_said(one: StudySummary, other: StudySummary, verdict: str) -> None:
    assert comparison.compared([one, other]).verdict.startswith(verdict)


def test_what_differs_in_their_sweeps_is_told_by_key_path() -> None:
    wider = {**sweeps.TINY["search"], "learning_rate": {"low": 1e-4, "high": 1.0, "log": True}}
    found = comparison.compared(
        [named("a", 1, 2), named("b", 1, 2, budget=400, search=wider, fixed={**sweeps.TINY["fixed"], "gamma": 0.9})]
    )
    assert list(found.differences) == [
        *("budget", "fixed.gamma", "search.learning_rate.low", "search.learning_rate.high")
    ]
    assert found.differences["budget"] == ["200", "400"]
    assert comparison.compared([named("a"), named("b")]).differences == {}


def test_it_fits_a_terminal_and_goes_as_json() -> None:
    found = comparison.compared([named("number-match-as-asked-1", 1, 2), named("b", 3, 4, budget=400)])
    said = io.StringIO()
    Console(file=said, width=80).print(comparison.shown(found, 80), highlight=False)
    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "1.5" in said.getvalue()
    data = found.as_json()
    assert [each["name"] for each in data["studies"]] == ["number-match-as-asked-1", "b"]
    assert data["studies"][1]["confirmed"] == 3.5
    assert data["studies"][0]["default"] == -0.6


def test_its_page_draws_the_searches_over_each_other() -> None:
    summaries = [named("a", 1, 2), named("b", 3, 4)]
    page = comparison_page.page(summaries, comparison.compared(summaries))
    assert [plot.name for plot in page.plots] == ["intervals", "best-by-trials", "best-by-seconds"]
    assert [each.name for each in page.plots[1].figure.data] == ["a", "b"]
    assert "a and b" in page.as_html()


def test_searches_by_different_metrics_are_not_drawn_over_each_other() -> None:
    summaries = [named("a", 1, 2), named("b", 3, 4, metric="evaluation/return_max")]
    assert comparison_page.page(summaries, comparison.compared(summaries)).plots == []
