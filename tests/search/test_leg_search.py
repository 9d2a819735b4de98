"""The search, driven by hand: what it hands out, in which packs, and what becomes of what it is told."""

import math
import statistics
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from optuna.trial import TrialState

from trainables.base.report import Report
from trainables.base.training_config import structure
from trainables.base.trivial_answer import TrivialAnswer
from trainables.loops.registry import LOOPS
from trainables.messages import PackReport, PackRequest
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.packing import trials_in_pack

STRUCTURAL: dict[str, Any] = {**sweeps.TINY["search"], "batch_size": {"choices": [4, 10, 20]}}
"""Two structural fields, baseline and batch_size; the default batch size, 16, is none of the choices."""


def without(*names: str) -> dict[str, Any]:
    """What the tiny sweep fixes, but for these."""
    return {name: value for name, value in sweeps.TINY["fixed"].items() if name not in names}


@pytest.mark.parametrize(
    ("changes", "workers", "expected"),
    [
        ({"trials": 64}, 2, 8),
        ({"trials": 8}, 2, 4),
        ({"trials": 9}, 2, 5),
        ({"trials": 1}, 8, 1),
        ({"trials": 1_000}, 2, 16),
        ({"trials": 2_000}, 2, 31),
        ({"trials": 10_000}, 2, 64),
        ({"trials": 64, "seeds": 4}, 2, 4),
        ({"trials": 64, "seeds": 100}, 2, 1),
        ({"trials": 64, "pack_size": 5}, 2, 5),
        ({"trials": 64, "pack_size": 6, "seeds": 3}, 2, 2),
        ({"trials": 64, "pack_size": 7, "seeds": 3}, 2, 2),
        ({"trials": 64, "pack_size": 2, "seeds": 3}, 2, 1),
    ],
)
def test_pack_size_counts_members_and_every_worker_gets_several_packs(
    changes: dict[str, Any], workers: int, expected: int
) -> None:
    assert trials_in_pack(sweeps.tiny(**changes), workers) == expected


def test_the_first_trial_is_the_loops_default_configuration(runs: Path) -> None:
    study = sweeps.created(runs, pack_size=4)
    legs = legs_by_hand.driven(study)
    config = LOOPS["reinforce"].Config
    expected = config(**{"budget": 200, "environment": "NumberMatch-v0", **sweeps.TINY["fixed"]})
    assert legs[0].members[0].config == {**expected.model_dump(mode="json"), "seed": study.training_seeds(0)[0]}
    default = study.summary().default
    assert default is not None
    assert (default.number, default.params) == (
        0,
        {"learning_rate": 0.001, "schedule": "fixed", "baseline": "batch_mean"},
    )
    assert [trial.number for trial in study.summary().trials if trial.default] == [0]


def test_the_default_leads_a_full_pack_where_its_structure_lies_in_the_search(runs: Path) -> None:
    legs = legs_by_hand.driven(sweeps.created(runs, pack_size=4, trials=8))
    assert [len(leg.members) for leg in legs] == [4, 4]
    assert {member.config["baseline"] for member in legs[0].members} == {"batch_mean"}


def test_a_default_whose_structure_lies_outside_the_search_gets_a_pack_of_its_own(runs: Path) -> None:
    study = sweeps.created(runs, pack_size=4, trials=9, search=STRUCTURAL, fixed=without("batch_size"))
    legs = legs_by_hand.driven(study)
    assert [len(leg.members) for leg in legs] == [1, 4, 4]
    assert legs[0].members[0].config["batch_size"] == 16
    assert {member.config["batch_size"] for leg in legs[1:] for member in leg.members} <= {4, 10, 20}
    default = study.summary().default
    assert default is not None
    assert default.params["batch_size"] == 16


def test_a_default_whose_tunable_value_lies_outside_the_search_is_tried_all_the_same(runs: Path) -> None:
    search = {**sweeps.TINY["search"], "learning_rate": {"low": 0.1, "high": 0.2}}
    study = sweeps.created(runs, pack_size=4, search=search)
    legs = legs_by_hand.driven(study)
    assert legs[0].members[0].config["learning_rate"] == 0.001
    assert all(0.1 <= member.config["learning_rate"] <= 0.2 for leg in legs for member in leg.members[leg is legs[0] :])


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_members_of_a_pack_share_their_structure_and_differ_in_the_rest(runs: Path, kind: str) -> None:
    changes: dict[str, Any] = {
        "search": STRUCTURAL,
        "fixed": without("batch_size"),
        "trials": 31,
        "pack_size": 5,
        "sampler": kind,
    }
    legs = legs_by_hand.driven(sweeps.created(runs, **changes), workers=2)
    config = LOOPS["reinforce"].Config
    seen: Counter[tuple[Any, Any]] = Counter()
    for leg in legs:
        members = [each.config for each in leg.members]
        structures = [structure(config(**member)) for member in members]
        assert all(each == structures[0] for each in structures)
        rates = {member["learning_rate"] for member in members}
        assert len(rates) == len(members)
        seen[members[0]["baseline"], members[0]["batch_size"]] += 1
    assert len(seen) > 2, "packs differ from each other in structure"


def test_an_option_that_is_structural_is_shared_and_its_settings_are_not(runs: Path) -> None:
    options = {"choices": {"adam": {}, "sgd": {"momentum": {"low": 0.0, "high": 0.9}}}}
    search = {**sweeps.TINY["search"], "optimizer": options}
    legs = legs_by_hand.driven(sweeps.created(runs, search=search, pack_size=4, trials=32))
    kinds = [{member.config["optimizer"]["kind"] for member in leg.members} for leg in legs]
    assert all(len(each) == 1 for each in kinds)
    assert {"adam"} in kinds
    assert {"sgd"} in kinds
    for leg in legs:
        if leg.members[0].config["optimizer"]["kind"] == "sgd":
            assert len({member.config["optimizer"]["momentum"] for member in leg.members}) > 1


@pytest.mark.parametrize(
    ("trials", "size", "sizes"),
    [(8, 4, [4, 4]), (10, 4, [4, 4, 2]), (3, 16, [3]), (1, 1, [1]), (5, 1, [1, 1, 1, 1, 1])],
)
def test_as_many_trials_as_were_asked_for(runs: Path, trials: int, size: int, sizes: list[int]) -> None:
    study = sweeps.created(runs, trials=trials, pack_size=size)
    legs = legs_by_hand.driven(study, workers=2)
    assert [len(leg.members) for leg in legs] == sizes
    assert [trial.number for trial in study.summary().trials] == list(range(trials))
    assert study.summary().count("complete") == trials
    assert len(study.optuna.get_trials()) == trials


@pytest.mark.parametrize(
    ("changes", "full"),
    [
        ({"trials": 10}, [4, 4, 4]),
        ({"trials": 10, "seeds": 2, "pack_size": 8}, [8, 8, 8]),
        ({"trials": 3}, [0]),
    ],
)
def test_what_is_left_over_may_be_filled_up_to_the_full_packs_of_its_structure(
    runs: Path, changes: dict[str, Any], full: list[int]
) -> None:
    search = {"learning_rate": {"low": 1e-3, "high": 1e-1}}
    legs = legs_by_hand.driven(sweeps.created(runs, **{"pack_size": 4, "search": search, **changes}))
    assert [leg.full_pack for leg in legs] == full


def test_packs_of_a_structure_that_none_is_full_of_are_filled_up_to_no_full_one(runs: Path) -> None:
    search = {"learning_rate": {"choices": [1e-3, 1e-2, 1e-1]}, "batch_size": {"choices": [4, 8]}}
    made = {"search": search, "fixed": without("batch_size"), "sampler": "grid", "pack_size": 4, "trials": 7}
    legs = legs_by_hand.driven(sweeps.created(runs, **made))
    assert [(len(leg.members), leg.full_pack) for leg in legs] == [(1, 0), (3, 0), (3, 0)]


def test_whoever_was_in_a_pack_that_failed_is_in_none_that_is_filled_up(runs: Path) -> None:
    study = sweeps.created(runs, trials=8, pack_size=4, search={"learning_rate": {"low": 1e-3, "high": 1e-1}})
    search = legs_by_hand.Searching(study, 1, [])
    assert search.next("first").full_pack == 4
    search.failed("first", "out of memory")
    assert search.next("half").full_pack == 0
    again = legs_by_hand.Searching(sweeps.opened(runs), 1, [])
    left = [again.next(name) for name in ("half", "other half", "second")]
    assert [(legs_by_hand.numbers(leg), leg.full_pack) for leg in left] == [([0, 1], 0), ([2, 3], 0), ([4, 5, 6, 7], 4)]


def test_it_says_later_while_legs_are_under_way_and_finished_when_none_is(runs: Path) -> None:
    search = legs_by_hand.Searching(sweeps.created(runs, trials=8, pack_size=4), 2, [])
    first, second = search.next("first"), search.next("second")
    assert search.next("third") is None
    search.trained("second", legs_by_hand.reports(second))
    assert search.next("third") is None
    assert search.policy.unfinished
    search.trained("first", legs_by_hand.reports(first))
    assert search.exhausted
    assert (search.policy.unfinished, search.policy.stopped, search.policy.ended) == (False, None, True)


def test_a_leg_is_a_config_of_the_trainable_and_every_member_has_a_folder_and_a_seed(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4, seeds=2)
    legs = legs_by_hand.driven(study)
    assert [(leg.name, leg.until) for leg in legs] == [("leg-00000", 200), ("leg-00001", 200)]
    members = [member for leg in legs for member in leg.members]
    assert [member.config["seed"] for member in members] == [
        seed for number in range(4) for seed in study.training_seeds(number)
    ]
    assert [member.folder for member in members] == [
        str(runs / "studies" / "tiny-1" / "trials" / f"{number:05d}" / f"seed-{place}")
        for number in range(4)
        for place in range(2)
    ]


def test_seeds_of_one_trial_have_one_configuration_and_their_mean_is_its_value(runs: Path) -> None:
    study = sweeps.created(runs, trials=4, pack_size=4, seeds=2)

    def result(leg: PackRequest) -> PackReport:
        first = leg.members[0].config["seed"]
        return legs_by_hand.reports(leg, lambda member: 1.0 if member.config["seed"] == first else 2.0)

    legs = legs_by_hand.driven(study, result=result)
    for leg in legs:
        for one, other in zip(leg.members[::2], leg.members[1::2], strict=True):
            assert {**one.config, "seed": 0} == {**other.config, "seed": 0}
    assert [trial.value for trial in study.summary().trials] == [1.5, 2.0, 1.5, 2.0]


@pytest.mark.parametrize("kind", ["tpe", "random"])
def test_the_same_seed_proposes_the_same_and_another_does_not(runs: Path, tmp_path: Path, kind: str) -> None:
    def proposed(root: Path, seed: int) -> list[dict[str, Any]]:
        study = sweeps.created(root, trials=16, pack_size=4, seed=seed, sampler=kind)
        legs_by_hand.driven(study, workers=2)
        return [trial.params for trial in study.summary().trials]

    first = proposed(runs, 3)
    assert first == proposed(tmp_path / "again", 3)
    assert first[1:] != proposed(tmp_path / "other", 4)[1:]


def test_proposals_come_nearer_to_what_scores_well(runs: Path) -> None:
    search = {"learning_rate": {"low": 1e-4, "high": 1.0, "log": True}}

    def result(leg: PackRequest) -> PackReport:
        return legs_by_hand.reports(leg, lambda member: -abs(math.log10(member.config["learning_rate"]) + 1))

    study = sweeps.created(runs, trials=48, pack_size=4, search=search)
    legs_by_hand.driven(study, workers=2, result=result)
    distances = [-trial.value for trial in study.summary().trials if trial.value is not None]
    # Chance alone comes to 1.25.
    assert statistics.mean(distances[16:]) < 0.8


ANSWERS = [TrivialAnswer("a random policy", -1.25, -1.0), TrivialAnswer("always action 1", -1.0, -0.9)]


def test_one_worker_is_asked_what_trivial_answers_score_and_it_is_kept(runs: Path) -> None:
    study = sweeps.created(runs, trials=10, pack_size=2)
    search = legs_by_hand.Searching(study, 3)
    first, second = search.leg("first"), search.leg("second")
    assert (first.trivial, second.trivial) == (True, False)
    # Its worker dies before it has said anything: another one is asked.
    search.failed("first", "the worker died")
    assert [search.leg(ticket).trivial for ticket in ("third", "fourth")] == [True, False]
    assert study.attributes.trivial is None
    search.reported("third", replace(legs_by_hand.reports(first), trivial=ANSWERS, members=[Report(0, [])]))
    assert study.attributes.trivial == study.summary().trivial == ANSWERS
    search.trained("second", legs_by_hand.reports(second))
    assert search.leg("fifth").trivial is False
    assert legs_by_hand.Searching(sweeps.opened(runs)).leg().trivial is False


def test_where_workers_die_of_it_no_more_are_asked(runs: Path) -> None:
    search = legs_by_hand.Searching(sweeps.created(runs, trials=12, pack_size=2), 1)
    asked = []
    for leg in range(4):
        asked.append(search.leg(f"leg {leg}").trivial)
        search.failed(f"leg {leg}", "hung in environment.step")
    assert asked == [True, True, False, False]


def test_reports_are_gathered_over_a_leg_and_passed_on(runs: Path) -> None:
    recorder, study = legs_by_hand.Recorder(), sweeps.created(runs, trials=2, pack_size=2)
    search = legs_by_hand.Searching(study, 1, [recorder])
    leg = search.next("leg")
    for steps, scores in ((100, (-3.0, -1.0)), (200, (-2.0, -4.0))):
        points = [[(steps, {"evaluation/return_mean": score})] for score in scores]
        members = [
            replace(each, steps=steps, points=point)
            for each, point in zip(legs_by_hand.reports(leg).members, points, strict=True)
        ]
        result = PackReport(members, 0.25)
        if steps < 200:
            search.reported("leg", result)
        else:
            search.trained("leg", result)
    assert [plan.number for plan in recorder.begun_with[0].plans] == [0, 1]
    assert [(number, place, points[0][0]) for number, place, points, _ in recorder.points] == [
        (0, 0, 100),
        (1, 0, 100),
        (0, 0, 200),
        (1, 0, 200),
    ]
    expected = [
        MemberResult(200, -2.0, 200, seconds=0.5, share_s=0.25, average=-2.5, points=2, last_point=200),
        MemberResult(200, -1.0, 100, seconds=0.5, share_s=0.25, average=-2.5, points=2, last_point=200),
    ]
    assert [recorder.ended[number] for number in (0, 1)] == [
        (Outcome("complete", member.value), [member]) for member in expected
    ]
    assert [(trial.value, trial.steps, trial.seconds) for trial in study.summary().trials] == [
        (-2.0, 200, 0.5),
        (-1.0, 200, 0.5),
    ]


def test_diverged_members_are_told_as_pruned_and_the_others_never_notice(runs: Path) -> None:
    recorder, study = legs_by_hand.Recorder(), sweeps.created(runs, trials=8, pack_size=4)

    def result(leg: PackRequest) -> PackReport:
        return legs_by_hand.reports(leg, diverged=(1, 3))

    legs_by_hand.driven(study, result=result, observers=[recorder])
    states = [trial.state for trial in study.optuna.get_trials()]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED] * 4
    for trial in study.summary().trials:
        expected = (None, 100, "the loss is not finite") if trial.number % 2 else (trial.value, None, None)
        assert (trial.value, trial.diverged_at, trial.reason) == expected
        assert recorder.ended[trial.number][0].diverged_at == expected[1]


def test_one_diverged_seed_prunes_its_trial(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=4, seeds=2)
    legs_by_hand.driven(study, result=lambda leg: legs_by_hand.reports(leg, diverged=(3,)))
    assert [trial.state for trial in study.summary().trials] == ["complete", "pruned"]


def test_a_search_in_which_everything_diverges_goes_on_to_its_end(runs: Path) -> None:
    study = sweeps.created(runs, trials=16, pack_size=4)
    legs_by_hand.driven(study, workers=2, result=lambda leg: legs_by_hand.reports(leg, diverged=range(4)))
    assert study.summary().count("pruned") == 16
    assert study.summary().best is None


def test_a_metric_that_is_never_finite_fails_the_trial_and_says_so(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    legs_by_hand.driven(study, result=lambda leg: legs_by_hand.reports(leg, lambda member: math.nan))
    assert [(trial.state, trial.reason) for trial in study.summary().trials] == [
        ("failed", "the metric was never a finite number")
    ] * 2


@pytest.mark.parametrize("failing", [(), (0,), (2,), (3, 4), (0, 1, 2, 3), (0, 3, 7)])
@pytest.mark.parametrize("workers", [1, 3])
def test_a_leg_that_fails_is_halved_until_the_trials_that_fail_are_alone(
    runs: Path, failing: tuple[int, ...], workers: int
) -> None:
    recorder, study = legs_by_hand.Recorder(), sweeps.created(runs, trials=8, pack_size=4)

    def result(leg: PackRequest) -> PackReport | str:
        return "ValueError: no such thing" if {*legs_by_hand.numbers(leg)} & {*failing} else legs_by_hand.reports(leg)

    legs = [legs_by_hand.numbers(leg) for leg in legs_by_hand.driven(study, workers, result, [recorder])]
    expected = ["failed" if number in failing else "complete" for number in range(8)]
    assert [trial.state for trial in study.summary().trials] == expected
    assert [recorder.ended[number][0].state for number in range(8)] == expected
    assert all([number] in legs for number in failing)
    whole = [place for place in (0, 4) if not {*range(place, place + 4)} & {*failing}]
    assert all([*range(place, place + 4)] in legs for place in whole)
    # A trial that does not fail is begun again at most as often as its pack can be halved.
    assert max(Counter(number for leg in legs for number in leg).values()) <= 3


def test_the_halves_of_a_leg_that_fails_keep_its_order_and_their_members(runs: Path) -> None:
    study = sweeps.created(runs, trials=5, pack_size=10, seeds=2)

    def result(leg: PackRequest) -> PackReport | str:
        return "it broke" if 1 in legs_by_hand.numbers(leg) else legs_by_hand.reports(leg)

    legs = legs_by_hand.driven(study, result=result)
    assert [legs_by_hand.numbers(leg) for leg in legs] == [[0, 1, 2, 3, 4], [0, 1], [2, 3, 4], [0], [1]]
    assert len({leg.name for leg in legs}) == 5
    by_folder = {member.folder: member for member in legs[0].members}
    assert all(by_folder[member.folder] == member for leg in legs for member in leg.members)


def test_after_the_time_limit_no_leg_is_begun_and_those_under_way_are_kept(runs: Path) -> None:
    now = 1_000.0
    study = sweeps.created(runs, trials=12, pack_size=4, time_limit="10s")
    search = legs_by_hand.Searching(study, 2, [], lambda: now)
    leg = search.leg("first")
    now = 1_009.0
    assert search.next("second") is not None
    now = 1_011.0
    assert search.next("third") is None
    search.trained("first", legs_by_hand.reports(leg))
    assert search.next("third") is None
    assert not search.policy.ended
    search.trained("second", legs_by_hand.reports(leg))
    assert search.exhausted
    assert (search.policy.unfinished, search.policy.stopped, search.policy.ended) == (True, "time_limit", True)
    assert study.summary().count("complete") == len(study.summary().trials) == 8


def test_what_was_under_way_when_a_search_was_cut_off_waits_with_how_far_it_came(runs: Path) -> None:
    study = sweeps.created(runs, trials=12, pack_size=4)
    search = legs_by_hand.Searching(study, 2, [])
    done, half = search.next("done"), search.next("half")
    search.trained("done", legs_by_hand.reports(done))
    members = [replace(each, steps=100) for each in legs_by_hand.reports(half).members]
    search.reported("half", PackReport(members, 1.0))
    search.policy.put_back()
    trials = study.summary().trials
    assert [trial.state for trial in trials] == ["complete"] * 4 + ["waiting"] * 4
    assert [trial.steps for trial in trials] == [200] * 4 + [100] * 4
    assert {trial.state for trial in study.optuna.get_trials()} == {TrialState.COMPLETE, TrialState.WAITING}
