"""Ray Tune's side of a search: what it hands to Tune and takes from it, as Tune calls it."""

import copy
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import legs_by_hand
import pytest
import sweeps
from ray.tune.search import Searcher

from trainables.messages import PackReport, PackRequest, Parcel
from tuning.study.study import Study
from tuning.workers.leg_overseer import LegOverseer
from tuning.workers.leg_searcher import LegSearcher
from tuning.workers.tune_callbacks import LegErrors
from tuning.workers.watch import Watch


@pytest.fixture
def study(runs: Path) -> Study:
    return sweeps.created(runs, trials=8, pack_size=4)


def searching(study: Study, workers: int = 1) -> LegSearcher:
    watch, source = Watch("auto", False, study.home.signs(study.name, 0)), legs_by_hand.Searching(study, workers)
    overseer = LegOverseer(watch, source, study.sweep.workers)
    return LegSearcher(source, watch, overseer, None, study.sweep.metric, study.sweep.direction)


def received(config: dict[str, Any]) -> PackRequest:
    """What a worker finds in its copy of a config."""
    there: Parcel[PackRequest] = pickle.loads(pickle.dumps(config))["request"]
    return there.take()


def result(leg: PackRequest) -> dict[str, Any]:
    return {"report": Parcel(legs_by_hand.reports(leg)), "evaluation/return_mean": 0.0}


def test_it_says_later_while_legs_are_under_way_and_finished_when_none_is(study: Study) -> None:
    search = searching(study, 2)
    first, second = received(search.suggest("first")), received(search.suggest("second"))
    assert search.suggest("third") is None
    search.on_trial_complete("second", result(second))
    assert search.suggest("third") is None
    search.on_trial_complete("first", result(first))
    assert search.suggest("third") == Searcher.FINISHED
    assert study.summary().count("complete") == 8


def test_tune_keeps_nothing_of_a_leg_that_has_ended_nor_of_a_report_that_was_read(study: Study) -> None:
    search = searching(study)
    config = search.suggest("leg")
    kept = copy.deepcopy(config)
    leg, big = received(config), len(pickle.dumps(kept))
    told = result(leg)
    search.on_trial_result("leg", told)
    assert len(pickle.dumps(told)) < 300
    assert received(kept) == leg, "a worker that takes the place of one that died is told again"
    last = result(leg)
    search.on_trial_complete("leg", last)
    assert len(pickle.dumps(kept)) < 300 < big
    assert len(pickle.dumps(last)) < 300


def test_why_a_leg_failed_is_learned_from_tune(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=1)
    search = searching(study, 2)
    search.suggest("lost")
    kept = received(search.suggest("kept"))
    said = runs / "error.txt"
    said.write_text('Traceback ...\n  File "x.py"\nValueError: no such thing\n')
    lost: Any = SimpleNamespace(trial_id="lost", error_file=str(said), path="/studies/ray/leg-00000")
    # The order in which Tune tells of it.
    search.on_trial_complete("lost", error=True)
    LegErrors(search).on_trial_error(0, [lost], lost)
    search.on_trial_complete("kept", result(kept))
    first, second = study.summary().trials
    assert (first.state, second.state) == ("failed", "complete")
    assert first.reason == "ValueError: no such thing (all of it: /studies/ray/leg-00000/error.txt)"


def test_a_leg_that_the_cluster_fails_again_and_again_is_left_for_another_time(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=1)
    watch, source = Watch(None, False, study.home.signs(study.name, 0)), legs_by_hand.Searching(study, 2)
    overseer = LegOverseer(watch, source, study.sweep.workers)
    search = LegSearcher(source, watch, overseer, None, study.sweep.metric, study.sweep.direction)
    search.suggest("left")
    kept = received(search.suggest("kept"))
    while not overseer.is_left("left"):
        assert not overseer.counts("left", "cluster")
    said = runs / "error.txt"
    said.write_text("StorageAway: checkpoints can't be kept\n")
    left: Any = SimpleNamespace(trial_id="left", error_file=str(said), path="/ray/leg-00000")
    search.on_trial_complete("left", error=True)
    LegErrors(search).on_trial_error(0, [left], left)
    assert source.waits_for == "StorageAway: checkpoints can't be kept (all of it: /ray/leg-00000/error.txt)"
    search.on_trial_complete("kept", result(kept))
    assert search.suggest("more") == Searcher.FINISHED
    source.policy.put_back()
    assert [trial.state for trial in study.summary().trials] == ["waiting", "complete"]
    again = legs_by_hand.Searching(sweeps.opened(runs), 2)
    assert legs_by_hand.numbers(again.leg()) == [0], "it is begun with"


def test_a_leg_that_was_only_stopped_is_not_ended(study: Study) -> None:
    search = searching(study)
    search.suggest("leg")
    search.on_trial_complete("leg")
    assert study.summary().count("running") + study.summary().count("waiting") == 4


def test_a_parcel_is_taken_once() -> None:
    parcel = Parcel(PackReport())
    parcel.take()
    with pytest.raises(ValueError, match="the parcel is empty"):
        parcel.take()
