"""A search that is cut off at any of its writes, and goes on in another process."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import legs_by_hand
import mortal_storage
import pytest
import sweeps
from optuna.trial import TrialState

from trainables.messages import PackReport, PackRequest
from tuning.study.legs import LegRecord
from tuning.study.study import Study

SMALL: dict[str, Any] = {
    "budget": 180,
    "trials": 13,
    "pack_size": 4,
    "sampler": "random",
    "halving": {"reduction": 3, "minimum": 20},
    "search": {
        "learning_rate": {"low": 1e-4, "high": 1.0, "log": True},
        "baseline": {"choices": ["none", "batch_mean"]},
    },
}
CASES: dict[str, dict[str, Any]] = {
    "halving": SMALL,
    "hyperband": {**SMALL, "halving": {"reduction": 3, "minimum": 20, "hyperband": True}},
    "audited": {**SMALL, "halving": {"reduction": 3, "minimum": 20, "audit_fraction": 0.5}},
    "whole": {**SMALL, "halving": "off"},
    "seeds": {**SMALL, "seeds": 2, "pack_size": 8, "trials": 9},
}
FAILS, DIVERGES = (2, 9), (5,)


def result(leg: PackRequest) -> PackReport | str:
    """Later trials score higher; two of them fail, one diverges."""
    numbers = legs_by_hand.numbers(leg)
    if {*numbers} & {*FAILS}:
        return "the worker died"
    places = [place for place, member in enumerate(leg.members) if legs_by_hand.trial_of(member) in DIVERGES]
    return legs_by_hand.reports(leg, lambda member: float(legs_by_hand.trial_of(member)), places)


def ended(study: Study) -> dict[int, TrialState]:
    return {trial.number: trial.state for trial in study.optuna.get_trials() if trial.state.is_finished()}


def decided(study: Study) -> list[LegRecord]:
    return [record for record in study.records.legs() if record.state == "closed"]


def before_writes(case: str) -> list[bytes]:
    """The database before each write of a search from its beginning to its end."""
    kept = mortal_storage.Mortal()
    study = mortal_storage.in_memory(kept, **CASES[case])
    kept.before_writes = found = list[bytes]()
    legs_by_hand.driven(study, workers=2, result=result)
    return found


def killed_at(kept: mortal_storage.Mortal, write: int, **changes: Any) -> bool:
    """Drive the search up to this write, at which it is killed; whether there was one."""
    study = mortal_storage.in_memory(kept, **changes)
    kept.left = write
    try:
        legs_by_hand.driven(study, workers=2, result=result)
    except mortal_storage.Killed:
        return True
    finally:
        kept.left = float("inf")
    return False


def gone_on(kept: mortal_storage.Mortal, trials: int) -> None:
    """Another process opens the study, and goes on to a sound end."""
    recorder, study = legs_by_hand.Recorder(), mortal_storage.in_memory(kept)
    had_ended, had_decided = ended(study), decided(study)
    legs_by_hand.driven(study, workers=2, result=result, observers=[recorder])
    sweeps.assert_sound(study, trials)
    assert recorder.ended.keys() == {*range(trials)} - had_ended.keys()
    assert ended(study) == {**ended(study), **had_ended}
    assert [record for record in decided(study) if record in had_decided] == had_decided
    states = {number: trial.state for number, trial in enumerate(study.summary().trials)}
    assert [number for number, state in states.items() if state == "failed"] == [n for n in FAILS if n < trials]


@pytest.mark.parametrize("apart", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_a_search_cut_off_at_any_write_goes_on_to_the_same_number_of_trials(case: str, apart: int) -> None:
    left = before_writes(case)
    assert len(left) > 15
    for database in left[::apart]:
        gone_on(mortal_storage.Mortal(database), CASES[case]["trials"])


@pytest.mark.parametrize("case", ["whole", "halving", "seeds"])
def test_the_time_of_a_leg_before_it_was_cut_off_counts(runs: Path, case: str) -> None:
    study = sweeps.created(runs, **CASES[case])
    study.attributes.set_trivial([])  # else each process asks for it anew, in its first legs
    search = legs_by_hand.Searching(study, 1, [])
    while (leg := search.leg()).until < study.sweep.budget:
        search.trained("leg", legs_by_hand.reports(leg))
    numbers = set(legs_by_hand.numbers(leg))
    took = {number: members[0].seconds for number, members in study.records.standing().items()}
    search.reported("leg", replace(legs_by_hand.reports(replace(leg, until=leg.until // 2)), train_s=30.0))
    search.policy.put_back()
    # A second one, before anything is reported.
    cut_off = legs_by_hand.Searching(sweeps.opened(runs), 1, [])
    cut_off.next("leg")
    cut_off.policy.put_back()

    gone_on = legs_by_hand.Searching(sweeps.opened(runs), 1, [])
    again = gone_on.next("leg")
    assert again == leg
    gone_on.trained("leg", replace(legs_by_hand.reports(again), train_s=2.0))
    for number in numbers:
        for member in sweeps.opened(runs).records.members(number):
            assert member.seconds >= took[number] + 32.0
            assert member.share_s == pytest.approx(member.seconds / len(leg.members), abs=1.0)


@pytest.mark.parametrize("apart", [1, 4, 12])
def test_a_search_cut_off_again_and_again_comes_to_its_end(apart: int) -> None:
    kept, cuts = mortal_storage.Mortal(), 0
    mortal_storage.in_memory(kept, **SMALL)
    # Each life makes a few writes more than the one before: what is only begun may be begun again.
    while killed_at(kept, apart + 3 * cuts):
        cuts += 1
        assert cuts < 200
    assert cuts > 1
    sweeps.assert_sound(mortal_storage.in_memory(kept), 13)


def test_more_trials_are_added_to_what_is_finished() -> None:
    kept = mortal_storage.Mortal()
    study = mortal_storage.in_memory(kept, **SMALL)
    legs_by_hand.driven(study, result=result)
    had_ended, had_decided = ended(study), decided(study)
    study.change(sweeps.tiny(**{**SMALL, "trials": 17}))
    again = mortal_storage.in_memory(kept)
    recorder = legs_by_hand.Recorder()
    legs_by_hand.driven(again, result=result, observers=[recorder])
    sweeps.assert_sound(again, 17)
    assert sorted(recorder.ended) == [13, 14, 15, 16]
    assert {number: ended(again)[number] for number in had_ended} == had_ended
    assert decided(again)[: len(had_decided)] == had_decided


def test_a_trial_that_waited_goes_on_from_where_it_was(runs: Path) -> None:
    """The one case in a real storage: what was put back by Ctrl-C."""
    study = sweeps.created(runs, **SMALL)
    search = legs_by_hand.Searching(study, 1, [])
    first = search.next("first")
    search.trained("first", legs_by_hand.reports(first))
    half = search.next("half")
    search.policy.put_back()
    assert {trial.state for trial in study.summary().trials} <= {"waiting", "pruned", "failed", "complete"}
    again = sweeps.opened(runs)
    legs = legs_by_hand.driven(again, result=legs_by_hand.reports)
    assert legs[0] == half
    sweeps.assert_sound(again, 13)
    assert max(trial.steps for trial in again.summary().trials) == 180
