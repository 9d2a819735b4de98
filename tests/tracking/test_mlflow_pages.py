"""MLflow's pages on a study, in a browser: what a person sees who opens the address that `tuning ui` prints."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import browser
import legs_by_hand
import pytest
import sweeps
from mlflow.entities import Run
from mlflow_pages import served
from real_weights import trained
from tracked import Runs, client_of

from trainables.messages import PackRequest
from tuning import runner
from tuning.report.material import material
from tuning.report.study_page import study_page
from tuning.study.paths import Home
from tuning.study.study import Study
from tuning.study.summary import TrialSummary
from tuning.tracking import report_file

pytestmark = [pytest.mark.slow, pytest.mark.skipif(browser.FOUND is None, reason="no Chromium is to be found")]

TRIALS = 24
LINES = """
    window.lines = 0
    const { stroke, clearRect } = CanvasRenderingContext2D.prototype
    const drawn = (canvas) => canvas.classList.contains("foreground")
    CanvasRenderingContext2D.prototype.stroke = function (...given) {
        window.lines += drawn(this.canvas)
        return stroke.apply(this, given)
    }
    CanvasRenderingContext2D.prototype.clearRect = function (...given) {
        if (drawn(this.canvas)) window.lines = 0
        return clearRect.apply(this, given)
    }
"""
"""Counts the lines that parallel coordinates have drawn."""


def networks_left(leg: PackRequest) -> None:
    """What a worker leaves of a leg of the search; one that confirms leaves nothing."""
    if all(member.folder is not None for member in leg.members):
        trained(leg)


@dataclass(frozen=True)
class Shown:
    """A study that MLflow shows, and the page of the browser that looks at it."""

    page: browser.Page
    study: Study
    printed: str
    """The address that `tuning ui` has printed."""

    def open(self, place: str) -> None:
        """Go to a page of MLflow's, in the mode for training."""
        server = self.printed.partition("/#/")[0]
        self.page.open(f"{server}/#/{place}{'&' if '?' in place else '?'}workflowType=machine_learning")

    @property
    def best(self) -> list[TrialSummary]:
        """The trials, the leader first."""
        return self.study.summary().ranked()

    def runs(self, *trials: TrialSummary) -> list[Run]:
        told = Runs(self.study).of_trial
        return [told[trial.number] for trial in trials]

    @property
    def experiment(self) -> str:
        return str(self.study.attributes.tracking["experiment_id"])


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("pages")
    root = folder / "runs"
    client_of(root)
    sweep = sweeps.tiny(trials=TRIALS, pack_size=6, sampler="random", confirm={"top": 3, "seeds": 5})
    runner.run(sweep, Home.at(root), hire=legs_by_hand.ByHand(leave=networks_left))
    study = sweeps.opened(root)
    assert report_file.keep(study, study_page(material(study)).as_html()) is None
    with served(root, study.name) as (_, printed), browser.page(folder / "browser") as opened:
        opened.run_first(LINES)
        yield Shown(opened, study, printed)


def test_the_printed_address_says_which_one_and_how_sure_and_shows_the_search(shown: Shown) -> None:
    leader, confirmed = shown.study.summary().chosen, shown.study.summary().confirmation
    assert leader is not None
    assert confirmed is not None
    (mean, low, high) = next((c.mean, *c.interval) for c in confirmed.candidates if c.number == leader.number)
    shown.page.open(shown.printed)
    shown.page.awaited_text(f"#{leader.number} leader", f"{TRIALS} matching runs")
    shown.page.awaited("document.querySelectorAll('.js-plotly-plot').length >= 3")
    text = shown.page.text
    assert f"{mean:.3g} ({low:.3g} to {high:.3g}) · lr " in text
    names = [f"\n#{trial.number}" for trial in shown.best]
    assert min(names, key=lambda name: _place(text, name)) == f"\n#{leader.number}", "the leader comes first"
    assert "Error loading shared view" not in text
    _assert_for_training(shown.page)
    tops = "[...document.querySelectorAll('.js-plotly-plot, .parcoords')].map((e) => e.getBoundingClientRect().top)"
    assert sum(0 < top < browser.HEIGHT - 200 for top in shown.page.asked(tops)) >= 4, "four charts above the fold"


def test_parallel_coordinates_draw_every_trial(shown: Shown) -> None:
    """Though some have settings that others have not."""
    with_floor = [trial for trial in shown.best if "schedule.cosine.floor" in trial.params]
    assert 0 < len(with_floor) < TRIALS
    shown.page.open(shown.printed)
    shown.page.awaited(f"window.lines === {TRIALS}")


def test_a_run_is_shown_for_training_where_the_descriptions_link_to_it(shown: Shown) -> None:
    (leader,) = shown.runs(shown.best[0])
    link = f"#/experiments/{shown.experiment}/runs/{leader.info.run_id}?workflowType=machine_learning"
    assert link in Runs(shown.study).own.data.tags["mlflow.note.content"]
    shown.page.open(f"{shown.printed.partition('/#/')[0]}/{link}")
    shown.page.awaited_text("About this run", "The trial to use")
    _assert_for_training(shown.page)


def test_the_report_is_shown_as_an_artifact(shown: Shown) -> None:
    own = Runs(shown.study).own.info.run_id
    shown.open(f"experiments/{shown.experiment}/runs/{own}/artifacts/report.html")
    shown.page.awaited("!!document.querySelector('iframe')")
    time.sleep(5)
    # Who is logged in can't be told by a server without logins.
    assert [said for said in shown.page.errors if "/users/current" not in said] == []


def test_the_registered_model_has_its_alias(shown: Shown) -> None:
    shown.open("models/tiny")
    shown.page.awaited_text("Version 1", "candidate")


def test_sorted_by_value_the_best_comes_first(shown: Shown) -> None:
    by_value = f"orderByKey={quote('metrics.`value`')}&orderByAsc=false"
    ours = quote("tags.`lockstep.trial` != ''")
    shown.open(f"experiments/{shown.experiment}/runs?{by_value}&searchFilter={ours}")
    shown.page.awaited_text(*(f"#{trial.number}" for trial in shown.best[:5]))
    text = shown.page.text
    best = max(shown.study.summary().trials, key=lambda trial: trial.value or float("-inf"))
    assert min((f"\n#{t.number}" for t in shown.best), key=lambda name: _place(text, name)) == f"\n#{best.number}"


def test_five_runs_compared_show_what_was_searched(shown: Shown) -> None:
    five = quote(json.dumps([run.info.run_id for run in shown.runs(*shown.best[:5])]))
    shown.open(f"compare-runs?runs={five}&experiments={quote(json.dumps([shown.experiment]))}")
    shown.page.awaited_text("Comparing 5 Runs", "learning_rate", "schedule", "baseline")
    assert "fixed.gamma" not in shown.page.text, "what all have in common is no parameter of a trial's"


def _assert_for_training(page: browser.Page) -> None:
    assert "Observability" not in page.text, "that is in the mode for language models alone"
    assert "Model registry" in page.text


def _place(text: str, name: str) -> int:
    """Where a run stands in a table; behind all others if it does not."""
    found = [place for end in (" ", "\n") if (place := text.find(name + end)) >= 0]
    return min(found, default=len(text))
