"""Halving, driven by hand: who goes on, with whom, and what Optuna is told of those who do not."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import legs_by_hand
import mortal_storage
import pytest
import sweeps
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.trial import TrialState
from rich.console import Console

from trainables.messages import PackReport, PackRequest
from tuning.report import study_report
from tuning.study.study import Study

LADDER = (20, 60, 180)
HALVED: dict[str, Any] = {
    "budget": 180,
    "trials": 27,
    "pack_size": 9,
    "sampler": "random",
    "halving": {"reduction": 3, "minimum": 20},
    "search": {"learning_rate": {"low": 1e-4, "high": 1.0, "log": True}},
}
TWO_STRUCTURES: dict[str, Any] = {**HALVED["search"], "baseline": {"choices": ["none", "batch_mean"]}}


def halved(**changes: Any) -> Study:
    return mortal_storage.in_memory(mortal_storage.Mortal(), **{**HALVED, **changes})


def scored(score: Callable[[int, int], float], diverged: frozenset[int] = frozenset()) -> Any:
    """What a leg reports whose trials score by their number and by how far they are trained."""

    def result(leg: dict[str, Any]) -> dict[str, Any]:
        scores = {member.folder: score(legs_by_hand.trial_of(member), leg.until) for member in leg.members}
        places = [place for place, member in enumerate(leg.members) if legs_by_hand.trial_of(member) in diverged]
        return legs_by_hand.reports(leg, lambda member: scores[member.folder], places)

    return result


def by_until(legs: list[dict[str, Any]]) -> dict[int, list[list[int]]]:
    """The trials of each leg, by the budget that it goes to."""
    found: dict[int, list[list[int]]] = defaultdict(list)
    for leg in legs:
        found[leg.until].append(legs_by_hand.numbers(leg))
    return dict(found)


def test_the_best_of_each_leg_go_on_in_packs_as_full_as_the_first() -> None:
    study = halved()
    legs = by_until(legs_by_hand.driven(study, result=scored(lambda number, until: number % 9)))
    assert legs[20] == [[*range(9)], [*range(9, 18)], [*range(18, 27)]]
    # Three of nine and the default; then six of 18, of which three are of this leg; then nine of 27.
    assert legs[60] == [[0, 6, 7, 8, 15, 16, 17, 24, 25], [26]]
    # Of equals, 7, 16 and 25, the first.
    assert sorted(number for leg in legs[180] for number in leg) == [0, 7, 8, 17, 26]
    assert study.summary().count("complete") == 5
    assert study.summary().count("pruned") == 22


def test_who_is_promoted_waits_until_a_pack_is_full_or_no_new_trials_are_left() -> None:
    legs = legs_by_hand.driven(halved(trials=45, pack_size=4), workers=2, result=scored(lambda number, until: number))
    proposed: set[int] = set()
    for leg in legs:
        trials = legs_by_hand.numbers(leg)
        assert leg.until == 20 or len(trials) == 4 or len(proposed) == 45
        proposed |= {*trials}
    assert any(leg.until > 20 and len(legs_by_hand.numbers(leg)) == 4 for leg in legs)


def test_packs_made_afresh_have_one_structure() -> None:
    study = halved(search=TWO_STRUCTURES, pack_size=4, trials=64)
    legs = legs_by_hand.driven(study, workers=3, result=scored(lambda number, until: number * 7 % 11))
    assert all(len({member.config["baseline"] for member in leg.members}) == 1 for leg in legs)
    promoted = {leg.members[0].config["baseline"] for leg in legs if leg.until == 60 and len(leg.members) > 1}
    assert promoted == {"none", "batch_mean"}


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_pruned_trials_are_told_with_their_values_at_the_rungs(direction: str) -> None:
    sign = 1 if direction == "maximize" else -1
    study = halved(direction=direction, trials=9)
    legs_by_hand.driven(study, result=scored(lambda number, until: sign * (10.0 * until + number)))
    told = {trial.number: (trial.state, trial.intermediate_values) for trial in study.optuna.get_trials()}
    expected = {number: {until: sign * (10.0 * until + number) for until in LADDER} for number in range(9)}
    assert told[8] == (TrialState.COMPLETE, expected[8])
    assert told[0] == (TrialState.COMPLETE, expected[0]), "the default goes to the end"
    assert told[7] == (TrialState.COMPLETE, expected[7]), "two of four went on"
    assert told[6] == (TrialState.PRUNED, {until: expected[6][until] for until in (20, 60)})
    for number in range(1, 6):
        assert told[number] == (TrialState.PRUNED, {20: expected[number][20]})
    shown = {trial.number: trial for trial in study.summary().trials}
    assert (shown[3].value, shown[3].reason, shown[3].steps) == (None, "not among the best at 20", 20)


def test_who_diverged_is_told_without_values_and_never_goes_on() -> None:
    study = halved(trials=9)
    legs = legs_by_hand.driven(study, result=scored(lambda number, until: number, frozenset({0, 7, 8})))
    told = {trial.number: trial for trial in study.optuna.get_trials()}
    for number in (0, 7, 8):
        assert (told[number].state, told[number].intermediate_values) == (TrialState.PRUNED, {})
        assert study.summary().trials[number].diverged_at == 10
    assert by_until(legs)[60] == [[4, 5, 6]]


def test_who_diverges_later_is_told_without_the_values_from_before() -> None:
    study = halved(trials=9)

    def result(leg: dict[str, Any]) -> Any:
        return scored(lambda number, until: number, frozenset({8} if leg.until == 60 else ()))(leg)

    legs_by_hand.driven(study, result=result)
    told = study.optuna.get_trials()[8]
    assert (told.state, told.intermediate_values) == (TrialState.PRUNED, {})


def test_without_halving_a_trial_is_one_leg() -> None:
    study = halved(halving="off")
    legs = legs_by_hand.driven(study, workers=2, result=scored(lambda number, until: number))
    assert by_until(legs) == {180: [[*range(9)], [*range(9, 18)], [*range(18, 27)]]}
    assert study.summary().count("complete") == 27


def test_values_are_compared_within_a_bracket() -> None:
    """Brackets of Hyperband begin with 9, 5 and 3 trials; here each is far worse than the one before."""
    members = {0: [*range(9)], 1: [*range(9, 14)], 2: [*range(14, 17)]}
    bracket_of = {number: bracket for bracket, numbers in members.items() for number in numbers}
    study = halved(halving={"reduction": 3, "minimum": 20, "hyperband": True}, trials=17, pack_size=17)
    legs_by_hand.driven(study, result=scored(lambda number, until: number - 1_000 * bracket_of[number]))
    records = study.records.legs()
    assert all({bracket_of[number] for number in record.numbers} == {record.bracket} for record in records)
    first = {record.bracket: record for record in records if record.rung == 0}
    assert {bracket: record.numbers for bracket, record in first.items()} == members
    assert [first[bracket].until for bracket in range(3)] == [20, 60, 180]
    assert [[*first[bracket].promoted] for bracket in range(3)] == [[0, 6, 7, 8], [12, 13], []]
    assert {number for number, state in enumerate(study.summary().trials) if state.state == "complete"} == {
        *(0, 7, 8),
        *(12, 13),
        *(14, 15, 16),
    }


AUDITED: dict[str, Any] = {"reduction": 3, "minimum": 20, "audit_fraction": 0.4}


def late_bloomers(number: int, until: int) -> float:
    """Every fourth trial begins badly and ends best of all; the others are as good as their number, all the way."""
    return 1_000.0 * (1 if until == 180 else -1) + number if number % 4 == 1 else number


@pytest.mark.parametrize("workers", [1, 3])
def test_what_is_audited_goes_to_the_end_and_changes_nothing_for_the_others(workers: int) -> None:
    studies = [halved(trials=45), halved(trials=45, halving=AUDITED)]
    legs = [legs_by_hand.driven(study, workers, scored(late_bloomers)) for study in studies]
    plain, audited = (study.summary() for study in studies)
    chosen = [trial for trial in audited.trials if trial.given_up_at is not None]
    assert 5 < len(chosen) < 25
    assert {trial.given_up_at for trial in chosen} == {20, 60}
    for trial in chosen:
        assert plain.trials[trial.number].state == "pruned"
        assert plain.trials[trial.number].steps == trial.given_up_at
        assert (trial.state, trial.steps, trial.value) == ("complete", 180, late_bloomers(trial.number, 180))
    others = [trial for trial in audited.trials if trial not in chosen]
    # Workers' seconds are shared out in other packs.
    assert [replace(each, worker_s=0.0) for each in others] == [
        replace(plain.trials[each.number], worker_s=0.0) for each in others
    ]
    decided = [
        {(record.rung, *record.promoted) for record in study.records.legs() if record.promoted} for study in studies
    ]
    assert decided[0] == decided[1]
    numbers = {trial.number for trial in chosen}
    of_audit = [leg for leg in legs[1] if {*legs_by_hand.numbers(leg)} <= numbers and leg.until == 180]
    assert of_audit == legs[1][-len(of_audit) :], "nothing waits for them"
    assert all(len(leg.members) <= 9 for leg in legs[1])
    assert any(len(leg.members) > 1 for leg in of_audit)
    sweeps.assert_sound(studies[1], 45)


def test_what_is_audited_takes_the_places_that_are_left() -> None:
    study = halved(trials=27, halving=AUDITED)
    legs = by_until(legs_by_hand.driven(study, result=scored(late_bloomers)))
    given_up = {trial.number for trial in study.summary().trials if trial.given_up_at == 60}
    mixed = [leg for leg in legs[180] if {*leg} & given_up and {*leg} - given_up]
    assert mixed


def test_optuna_is_told_of_what_is_audited_as_it_is() -> None:
    study = halved(trials=27, halving=AUDITED)
    legs_by_hand.driven(study, result=scored(late_bloomers))
    chosen = {trial.number: trial.given_up_at for trial in study.summary().trials if trial.given_up_at is not None}
    for number, until in chosen.items():
        told = study.optuna.get_trials()[number]
        assert (told.state, told.value) == (TrialState.COMPLETE, late_bloomers(number, 180))
        rungs = [rung for rung in LADDER if rung <= (until or 0)] + [180]
        assert told.intermediate_values == {rung: late_bloomers(number, rung) for rung in rungs}


def test_what_is_audited_and_diverges_counts_as_rightly_given_up() -> None:
    study = halved(trials=27, halving={**AUDITED, "audit_fraction": 1.0})

    def result(leg: dict[str, Any]) -> Any:
        late = frozenset(n for n in legs_by_hand.numbers(leg) if n % 4 == 1) if leg.until == 180 else frozenset()
        return scored(late_bloomers, late)(leg)

    legs_by_hand.driven(study, result=result)
    summary = study.summary()
    assert summary.audit is not None
    assert summary.audit.trials == sum(trial.given_up_at is not None for trial in summary.trials) > 10
    assert summary.audit.missed == 0
    assert any(trial.diverged_at is not None for trial in summary.trials)


def test_the_end_says_what_halving_saved_and_missed(capsys: pytest.CaptureFixture[str]) -> None:
    study = halved(trials=45, halving={**AUDITED, "audit_fraction": 1.0})
    legs_by_hand.driven(study, result=scored(late_bloomers))
    summary = study.summary()
    assert summary.saved == (0.0, 0), "all went to the end"
    bloomers = [n for n in range(45) if n % 4 == 1]
    assert summary.audit is not None
    assert (summary.audit.missed, summary.audit.best) == (len(bloomers), len(bloomers))
    shown = summary.as_json()["halving"]
    assert shown["audit"] == {"trials": summary.audit.trials, "missed": 11, "best": 11, "top": summary.audit.top}
    study_report.show(summary, Console(width=80))
    told = " ".join(capsys.readouterr().out.split())
    share = (
        f"11 ({11 / summary.audit.trials:.0%}) would have been among the best {summary.audit.top}, 11 better than all."
    )
    assert f"of {summary.audit.trials} pruned trials trained on to the end {share}" in told


def test_without_an_audit_only_what_was_saved_is_said() -> None:
    study = halved(trials=9)
    legs_by_hand.driven(study, result=scored(lambda number, until: number))
    # Five end at 20, one at 60, three go to the end.
    spent = 5 * 20 + 60 + 3 * 180
    assert study.summary().as_json()["halving"] == {
        "saved": 1 - spent / (9 * 180),
        "saved_steps": 9 * 180 - spent,
        "audit": None,
    }
    assert halved(halving="off").summary().as_json()["halving"] is None


FAULTS = st.sampled_from([0.0, 0.2, 0.6])


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    workers=st.integers(1, 3),
    trials=st.integers(1, 30),
    size=st.integers(1, 8),
    seeds=st.integers(1, 2),
    hyperband=st.booleans(),
    failing=FAULTS,
    diverging=FAULTS,
    audited=FAULTS,
)
def test_whatever_happens_no_trial_is_lost_or_ended_twice(
    seed: int,
    workers: int,
    trials: int,
    size: int,
    seeds: int,
    hyperband: bool,
    failing: float,
    diverging: float,
    audited: float,
) -> None:
    def chance(number: int, *more: object) -> float:
        return random.Random(f"{seed}/{number}/{more}").random()

    def result(leg: PackRequest) -> PackReport | str:
        numbers, until = legs_by_hand.numbers(leg), leg.until
        if any(chance(number, until, "fails") < failing / 3 for number in numbers):
            return "the worker died"
        diverged = frozenset(number for number in numbers if chance(number, until, "diverges") < diverging / 3)
        answer: dict[str, Any] = scored(lambda number, until: round(10 * chance(number, until)), diverged)(leg)
        return answer

    recorder = legs_by_hand.Recorder()
    study = halved(
        trials=trials,
        pack_size=size * seeds,
        seeds=seeds,
        seed=seed,
        search=TWO_STRUCTURES,
        halving={"reduction": 3, "minimum": 20, "hyperband": hyperband, "audit_fraction": audited},
    )
    legs = legs_by_hand.driven(study, workers, result, [recorder], random.Random(seed))
    assert sorted(recorder.ended) == list(range(trials))
    sweeps.assert_sound(study, trials)
    for leg in legs:
        assert len(leg.members) <= size * seeds
        assert len({member.config["baseline"] for member in leg.members}) == 1
