"""The page of a study: it needs nothing else, shows everything, and shows nobody's names as anything but text."""

import json
import re
from dataclasses import replace

import made_study
import pytest

from tuning.errors import Note
from tuning.report.material import MOST_SHOWN, Material
from tuning.report.page.page import Page
from tuning.report.study_page import study_page
from tuning.study.summary import StudySummary

MOST_BYTES = 3_000_000


def page_of(summary: StudySummary) -> Page:
    return study_page(made_study.material(summary))


@pytest.fixture(scope="module")
def confirmed() -> StudySummary:
    return made_study.confirmed(made_study.study())


def test_the_answer_comes_first(confirmed: StudySummary) -> None:
    best = confirmed.best
    assert best is not None
    page = page_of(confirmed)
    assert page.answer.first == (
        f"Use trial {best.number}: return mean -0.15 (-0.2 to -0.1) on 3 fresh seeds; the default -0.6."
    )
    text = page.as_html()
    assert text.index(page.answer.first) < text.index("<main")
    assert f"load_best(trial={best.number})" in text


def test_the_page_asks_for_nothing_else_and_is_small(confirmed: StudySummary) -> None:
    text = page_of(confirmed).as_html()
    assert len(text.encode()) < MOST_BYTES
    assert not re.findall(r"""<(?:script|img|link|iframe)[^>]+(?:src|href)=""", text)
    assert not re.findall(r"""@import|url\(""", text)


def test_the_page_of_ten_thousand_trials_is_no_larger_than_it_may_be() -> None:
    summary = made_study.study(10_000)
    page = study_page(Material(summary, {}))
    assert len(page.as_html().encode()) < MOST_BYTES
    best = summary.best
    assert best is not None
    lines = next(plot for plot in page.plots if plot.name == "parallel-coordinates")
    assert f"The best is trial {best.number}" in lines.sentence
    assert len(lines.figure.data[0].dimensions[0]["values"]) <= MOST_SHOWN


def test_every_plot_is_there_with_its_numbers_and_its_words(confirmed: StudySummary) -> None:
    page = page_of(confirmed)
    text = page.as_html()
    data = re.findall(r'<script type="application/json" data-plot="([^"]+)">(.*?)</script>', text, re.DOTALL)
    assert [name for name, _ in data] == [plot.name for plot in page.plots]
    assert len(page.plots) == 10
    assert len({plot.name for plot in page.plots}) == 10
    assert all(json.loads(figure)["data"] for _, figure in data)
    for plot in page.plots:
        assert f'id="{plot.name}" role="img" aria-label="' in text
    assert text.count("<caption>") == sum(bool(plot.rows) for plot in page.plots) + len(page.tables)


def test_names_and_messages_are_text_and_no_markup(confirmed: StudySummary) -> None:
    evil = "</script><script>alert(1)</script>"
    trials = [replace(each, params={**each.params, "baseline": evil}) for each in confirmed.trials]
    trials[2] = replace(trials[2], params={**trials[2].params, "baseline": "none"})
    text = page_of(replace(confirmed, name=evil, trials=trials, notes=[Note("", evil, warning=True)])).as_html()
    assert evil not in text
    assert "&lt;/script&gt;" in text


def test_a_study_without_values_says_why() -> None:
    summary = made_study.study()
    failed = [replace(each, value=None, state="failed", rungs={}, reason="no number") for each in summary.trials]
    page = page_of(replace(summary, trials=failed, importances={}, state="interrupted"))
    text = page.as_html()
    assert page.answer.first == "No trial has a value."
    assert page.plots == []
    assert "trial 0: no number" in text
    assert "tuning resume tiny-1" in text
    assert "library" not in re.findall(r'<script[^>]* id="(\w+)"', text), "without plots nothing draws them"


def test_before_a_confirmation_it_says_that_fresh_seeds_are_not_known() -> None:
    page = page_of(made_study.study())
    assert "on fresh seeds not yet known" in page.answer.first
    assert ("tuning confirm tiny-1", "trains the best and the default on fresh seeds") in page.answer.commands


def test_the_table_has_all_trials_that_came_anywhere_best_first(confirmed: StudySummary) -> None:
    *_, table = page_of(confirmed).tables
    assert [row[0] for row in table.rows] == [str(rank) for rank in range(1, 30)]
    values = [float(row[3]) for row in table.rows[:10]]
    assert values == sorted(values, reverse=True)
    assert {row[2] for row in table.rows[:10]} == {"complete"}
