"""Confirmation, driven by hand: who is trained afresh, in which packs, and what the scores come to."""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import pytest
import sweeps
from commands import Said
from mlflow.tracking import MlflowClient
from rich.console import Console

from trainables.base.trivial_answer import TrivialAnswer
from tuning import runner
from tuning.report import confirmation, sentences, study_report
from tuning.search.confirm_plan import conclusion, planned
from tuning.search.confirm_search import ConfirmPolicy
from tuning.search.leg_source import LegSource
from tuning.study.seeds import SEARCH_SEEDS, fresh_seeds
from tuning.study.study import Study
from tuning.study.summary import Confirmation
from tuning.sweep.sections import Confirm
from tuning.tracking.audit import differences

WANTED = Confirm(top=2, seeds=6, episodes=20)
Score = Callable[[int, int], float]
"""(trial, which of its fresh seeds) -> what the training scores"""


def searched(root: Path, **changes: Any) -> Study:
    """A study whose search has ended; the default is trial 0."""
    study = sweeps.created(root, trials=6, pack_size=3, sampler="random", **changes)
    legs_by_hand.driven(study)
    return study


class Watching:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.steps: dict[tuple[int, int], int] = {}
        self.ended: list[tuple[int, int]] = []
        self.expected = 0

    def reported(self, pack: Mapping[tuple[int, int], int], seconds: float) -> None:
        assert seconds == 0.5
        self.steps.update(pack)

    def scored(self, members: Sequence[tuple[int, int]]) -> None:
        self.ended += members

    def more(self, count: int) -> None:
        self.expected += count


def confirmed(
    study: Study,
    score: Score,
    wanted: Confirm = WANTED,
    diverged: Sequence[int] = (),
    failing: Callable[[int, int], bool] = lambda trial, seed: False,
    failures: dict[tuple[int, int], str] | None = None,
) -> list[list[int]]:
    """Train whatever is missing, without training anything; returns the trials of each pack.

    failing: which trainings, by trial and place of the seed, kill their worker; failures: is filled with them.
    """
    plan = planned(study, study.summary(), wanted)
    policy = ConfirmPolicy(study, plan, 2, Watching())
    search = LegSource(policy)
    packs = []
    while (leg := search.next("pack")) is not None:
        keys = [(legs_by_hand.trial_of(member), plan.seeds.index(member.config["seed"])) for member in leg.members]
        packs.append([trial for trial, _ in keys])
        if any(failing(*key) for key in keys):
            search.failed("pack", "the worker died")
        else:
            places = [place for place, (trial, _) in enumerate(keys) if trial in diverged]
            scores = [score(*key) for key in keys]
            search.trained("pack", replace(legs_by_hand.reports(leg, diverged=places), confirmed=scores))
    assert set(plan.missing(study.attributes.scores())) == set(policy.failures)
    if failures is not None:
        failures |= policy.failures
    return packs


def concluded(
    study: Study, wanted: Confirm = WANTED, failures: Mapping[tuple[int, int], str] | None = None
) -> Confirmation:
    """What the scores that are kept come to; kept, too."""
    found = conclusion(study, planned(study, study.summary(), wanted), failures or {})
    study.attributes.set_confirmation(found)
    return found


def best_of(study: Study) -> int:
    """The best that is not the default."""
    return next(trial.number for trial in study.summary().ranked() if not trial.default)


def test_the_best_and_the_default_are_trained_on_seeds_that_no_search_has_used(runs: Path) -> None:
    study = searched(runs)
    plan = planned(study, study.summary(), WANTED)
    chosen = [trial.number for trial in plan.candidates]
    assert set(chosen) == {*[trial.number for trial in study.summary().ranked()[:2]], 0}
    assert plan.missing({}) == [(number, seed) for number in chosen for seed in plan.seeds], "the same seeds for each"
    assert all(SEARCH_SEEDS <= seed < 2 * SEARCH_SEEDS for seed in plan.seeds)
    assert len(set(plan.seeds)) == 6


def test_members_are_packed_by_structure(runs: Path) -> None:
    study = searched(runs)
    structures = {plan.number: study.sweep.structure_of(plan.values) for plan in study.records.plans().values()}
    packs = confirmed(study, lambda trial, seed: 0.0)
    assert all(len({structures[trial] for trial in pack}) == 1 for pack in packs)
    assert sum(map(len, packs)) == 6 * len(planned(study, study.summary(), WANTED).candidates)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_trial_that_is_clearly_better_is_champion(runs: Path, direction: str) -> None:
    study, sign = searched(runs, direction=direction), 1 if direction == "maximize" else -1
    best = best_of(study)
    confirmed(study, lambda trial, seed: sign * (10.0 * (trial == best) + 0.1 * seed))
    found = concluded(study)
    assert (found.champion, found.leader, found.tied) == (best, best, [])
    of_best = next(each for each in found.candidates if each.number == best)
    # The scores are 10.0, 10.1 ... 10.5; without the lowest and the highest the mean is the same.
    assert of_best.mean == pytest.approx(sign * 10.25)
    assert of_best.improvement == 1.0
    assert of_best.searched == study.summary().trials[best].value
    assert confirmation.verdict(found, "tiny-1") == f"Champion: trial {best}."
    summary = sweeps.opened(runs).summary()
    assert summary.confirmation == found
    shown = json.loads(json.dumps(summary.as_json()))
    assert (shown["champion"], shown["confirmation"]["seeds"]) == (best, 6)


@pytest.mark.parametrize(
    ("value", "beaten_from", "beaten"),
    # The best comes to 10.25 and its interval begins above 10.
    [(9.9, 10.2, True), (10.2, 10.2, False), (9.9, 10.3, False), (11.0, 11.0, False)],
)
def test_who_does_not_beat_a_trivial_answer_is_no_champion(
    runs: Path, value: float, beaten_from: float, beaten: bool
) -> None:
    study = searched(runs)
    study.attributes.set_trivial([TrivialAnswer("always action 1", value, beaten_from)])
    best = best_of(study)
    confirmed(study, lambda trial, seed: 10.0 * (trial == best) + 0.1 * seed)
    found, summary = concluded(study), study.summary()
    assert (found.champion, found.unbeaten) == ((best, None) if beaten else (None, "always action 1"))
    shown = summary.as_json()
    assert (shown["champion"], shown["unbeaten"]) == (found.champion, found.unbeaten)
    assert shown["trivial"] == [{"name": "always action 1", "value": value, "beaten_from": beaten_from}]
    assert confirmation.verdict(found, "tiny-1").startswith(
        "Champion: " if beaten else f"No winner: trial {best} leads, and "
    )


def test_where_candidates_can_not_be_told_apart_there_is_no_champion(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = searched(runs)
    confirmed(study, lambda trial, seed: float((seed * 7 + trial) % 6))
    found = concluded(study)
    assert found.champion is None
    assert found.tied
    assert confirmation.verdict(found, "tiny-1").startswith(("No winner: ", "Undecided: "))
    study_report.show(sweeps.opened(runs).summary(), Console(width=80))
    assert "Confirmed on 6 fresh seeds" in capsys.readouterr().out


def test_more_seeds_are_added_to_those_that_are_there(runs: Path) -> None:
    study = searched(runs)
    confirmed(study, lambda trial, seed: float((seed * 7 + trial) % 6))
    concluded(study)
    before = study.attributes.scores()
    more = WANTED.model_copy(update={"seeds": 9})
    best = best_of(study)
    packs = confirmed(sweeps.opened(runs), lambda trial, seed: 50.0 * (trial == best), more)
    assert sum(map(len, packs)) == 3 * len(planned(study, study.summary(), WANTED).candidates)
    after = sweeps.opened(runs).attributes.scores()
    assert {key: after[key] for key in before} == before
    assert concluded(sweeps.opened(runs), more).seeds == 9
    assert planned(study, study.summary(), WANTED).missing(after) == [], "fewer need nothing new"


def test_a_trial_that_diverges_on_fresh_seeds_is_no_champion(runs: Path) -> None:
    study = searched(runs)
    best = best_of(study)
    confirmed(study, lambda trial, seed: 10.0 * (trial == best), diverged=[best])
    found = concluded(study)
    assert next(each.scores for each in found.candidates if each.number == best) == [None] * 6
    assert found.champion != best


def test_in_a_pack_that_fails_only_the_member_that_kills_its_worker_has_no_score(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, failures = searched(runs), {}
    best = best_of(study)
    packs = confirmed(
        study, lambda trial, seed: 1.0, failing=lambda trial, seed: (trial, seed) == (best, 2), failures=failures
    )
    seed = fresh_seeds(study.sweep.seed, 6)[2]
    assert failures == {(best, seed): "the worker died"}
    assert [best] in packs
    assert set(study.attributes.scores().values()) == {1.0}
    found = concluded(study, failures=failures)
    scores = {each.number: each.scores for each in found.candidates}
    assert scores.pop(best) == [1.0, 1.0, None, 1.0, 1.0, 1.0]
    assert all(each == [1.0] * 6 for each in scores.values())
    study_report.show(study.summary(), Console(width=120))
    said = f"1 of 6 trainings of trial {best} failed, and count as diverged until `tuning confirm` tries again: the"
    assert said in capsys.readouterr().out
    # Asked again, they are trained again.
    assert confirmed(study, lambda trial, seed: 2.0) == [[best]]


def test_where_no_trial_can_be_trained_there_is_no_champion(runs: Path) -> None:
    study, failures = searched(runs), {}
    confirmed(study, lambda trial, seed: 1.0, failing=lambda trial, seed: True, failures=failures)
    assert study.attributes.scores() == {}
    assert concluded(study, failures=failures).champion is None
    json.dumps(study.summary().as_json(), allow_nan=False)


@pytest.mark.parametrize("known", [False, True])
def test_where_nothing_could_be_confirmed_it_is_said_and_no_trial_is_first(
    runs: Path, capsys: pytest.CaptureFixture[str], known: bool
) -> None:
    study = searched(runs)
    best = best_of(study)
    if known:
        confirmed(study, lambda trial, seed: 1.0 * (trial == best), WANTED)

    class Dying:
        """Workers whose disk is full."""

        count = 1

        def train(self, study: Study, source: LegSource[Any]) -> None:
            while source.next("pack") is not None:
                source.failed("pack", "the disk is full")

    wanted, console = WANTED.model_copy(update={"seeds": 8}), Console(width=200)
    after = runner.confirm(study, wanted, console=console, hire=lambda wanted, address: nullcontext(Dying()))
    said = "nothing could be confirmed: the disk is full; `tuning confirm tiny-1` tries again"
    assert (said in capsys.readouterr().out) != known
    assert (after.confirmation is None) != known
    assert after.chosen is not None
    assert after.chosen.number == best


def test_a_member_that_leaves_its_pack_has_no_score_and_its_error_is_kept(runs: Path) -> None:
    study = searched(runs)
    policy = ConfirmPolicy(study, planned(study, study.summary(), WANTED), 2, Watching())
    search = LegSource(policy)
    leg = search.next("pack")
    assert leg is not None
    result = legs_by_hand.reports(leg)
    result.members[1] = replace(result.members[1], error="the environment broke")
    scores = [1.0, float("nan"), *[1.0] * (len(leg.members) - 2)]
    search.trained("pack", replace(result, confirmed=scores))
    assert list(policy.failures.values()) == ["the environment broke"]
    assert set(study.attributes.scores().values()) == {1.0}


def test_a_score_that_is_not_finite_counts_as_none(runs: Path) -> None:
    study = searched(runs)
    confirmed(study, lambda trial, seed: float("nan") if seed == 2 else 1.0)
    missing_seed = fresh_seeds(study.sweep.seed, 6)[2]
    assert {score for (_, seed), score in study.attributes.scores().items() if seed == missing_seed} == {None}


def test_a_watcher_is_told_of_steps_and_of_scores(runs: Path) -> None:
    study = searched(runs)
    watching = Watching()
    search = LegSource(ConfirmPolicy(study, planned(study, study.summary(), WANTED), 1, watching))
    leg = search.next("pack")
    assert leg is not None
    search.reported("pack", legs_by_hand.reports(replace(leg, until=50)))
    assert set(watching.steps.values()) == {50}
    assert watching.ended == []
    search.trained("pack", replace(legs_by_hand.reports(leg), confirmed=[1.0] * len(leg.members)))
    assert watching.ended == list(watching.steps) == list(study.attributes.scores())
    assert len(watching.ended) == len(leg.members)


def test_an_interrupted_confirmation_says_so_and_goes_on(runs: Path, tuning: Callable[..., Said]) -> None:
    study = searched(runs, tracking="off", workers=1)
    options = ("--seeds", "8", "--top", "1", "--root", str(runs))
    code, out, err = tuning("confirm", "tiny-1", *options, hire=legs_by_hand.ByHand(legs=2))
    kept = study.attributes.scores()
    left = 16 - len(kept)
    assert (code, out) == (130, "")
    assert err == (
        f"the confirmation of 'tiny-1' was interrupted with {left} of its trainings to go; "
        "the others' scores are kept, and `tuning confirm tiny-1` goes on\n"
    )
    assert 0 < left < 16
    code, out, err = tuning("confirm", "tiny-1", "--root", str(runs), "--json", hire=legs_by_hand.ByHand())
    assert (code, err) == (0, "")
    found = json.loads(out)["confirmation"]
    assert (found["seeds"], [len(each["scores"]) for each in found["candidates"]]) == (8, [8, 8]), "as asked before"
    assert {key: score for key, score in study.attributes.scores().items() if key in kept} == kept


def test_what_was_asked_for_last_stands_when_the_study_goes_on(runs: Path, tuning: Callable[..., Said]) -> None:
    study, hire = searched(runs, tracking="off", workers=1, confirm={"top": 2, "seeds": 3}), legs_by_hand.ByHand()
    assert tuning("resume", "--root", str(runs), hire=hire)[0] == 0
    first = sweeps.opened(runs).summary().confirmation
    assert first is not None
    assert first.seeds == 3
    assert tuning("confirm", "--seeds", "8", "--top", "1", "--root", str(runs), hire=hire)[0] == 0
    asked = sweeps.opened(runs).summary().confirmation
    assert asked is not None
    assert asked.seeds == 8
    trained = len(study.attributes.scores())
    assert tuning("resume", "--root", str(runs), hire=hire)[0] == 0
    assert (sweeps.opened(runs).summary().confirmation, len(study.attributes.scores())) == (asked, trained)
    assert tuning("resume", "--trials", "+20", "--root", str(runs), hire=hire)[0] == 0
    after = sweeps.opened(runs).summary()
    assert after.confirmation is not None
    assert after.confirmation.seeds == 8
    assert [each.number for each in after.confirmation.candidates] == [
        each.number for each in planned(study, after, Confirm(top=1)).candidates
    ], "of the trials that are the best now"


@pytest.mark.slow
def test_a_real_sweep_is_confirmed_and_more_seeds_later(tmp_path: Path) -> None:
    path = sweeps.written(tmp_path, trials=4, pack_size=4, confirm={"top": 2, "seeds": 3, "episodes": 8})
    done = commands.tuning("run", path, "--root", "runs", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    first = json.loads(done.stdout)["confirmation"]
    assert {len(each["scores"]) for each in first["candidates"]} == {3}
    assert all(-3 <= score <= 0 for each in first["candidates"] for score in each["scores"])
    more = commands.tuning("confirm", "--seeds", "5", "--root", "runs", "--json", cwd=tmp_path)
    assert more.returncode == 0, more.stderr
    second = json.loads(more.stdout)["confirmation"]
    assert (second["seeds"], [each["scores"][:3] for each in second["candidates"]]) == (
        5,
        [each["scores"] for each in first["candidates"]],
    )
    study = sweeps.opened(tmp_path / "runs")
    assert differences(study) == []
    client = MlflowClient(tracking_uri=study.home.tracking_uri)
    for each in second["candidates"]:
        metrics = client.get_run(study.attributes.runs()[each["number"]]).data.metrics
        assert (metrics["confirmed/mean"], metrics["confirmed/low"]) == (each["mean"], each["interval"][0])
    own = client.get_run(study.summary().tracking["run_id"])
    assert (own.info.status, own.data.tags["lockstep.leader"]) == ("FINISHED", str(second["leader"]))
    again = commands.tuning("confirm", "--seeds", "5", "--root", "runs", "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["confirmation"] == second
    folders = sorted(each.name for each in (tmp_path / "runs/studies/tiny-1/confirm").iterdir())
    assert folders == [f"{each['number']:05d}" for each in sorted(second["candidates"], key=lambda one: one["number"])]


AUTO = Confirm(top=2, episodes=20)


def test_candidates_that_can_not_be_told_apart_get_more_seeds_and_the_one_behind_does_not(runs: Path) -> None:
    study = searched(runs)
    best, second = (trial.number for trial in study.summary().ranked()[:2] if not trial.default)
    spread = {
        best: lambda seed: 100.0 + 12 * (seed % 3),
        second: lambda seed: 100.0 + 9 * (seed % 4),
        0: lambda seed: 1.0,
    }
    packs = confirmed(study, lambda trial, seed: spread[trial](seed), AUTO)
    found = concluded(study, AUTO)
    assert {each.number: len(each.scores) for each in found.candidates} == {best: 20, second: 20, 0: 5}
    assert sum(map(len, packs)) == 45
    assert (found.seeds, found.seeds_told) == (20, "5 to 20")


def test_an_interrupted_race_goes_on_where_it_stood(runs: Path) -> None:
    study = searched(runs)
    watching = Watching()
    search = LegSource(ConfirmPolicy(study, planned(study, study.summary(), AUTO), 1, watching))
    leg = search.next("pack")
    assert leg is not None
    search.trained("pack", replace(legs_by_hand.reports(leg), confirmed=[0.0] * len(leg.members)))
    there = set(study.attributes.scores())
    packs = confirmed(study, lambda trial, seed: float(seed % 3), AUTO)
    assert sum(map(len, packs)) + len(there) == len(study.attributes.scores())


def test_a_training_that_fails_does_not_hold_up_the_race(runs: Path) -> None:
    study = searched(runs)
    worst_place = 2
    failures: dict[tuple[int, int], str] = {}
    best = best_of(study)
    confirmed(
        study,
        lambda trial, seed: 100.0 if trial == best else float(trial),
        AUTO,
        failing=lambda trial, seed: (trial, seed) == (best, worst_place),
        failures=failures,
    )
    found = concluded(study, AUTO, failures)
    assert [len(each.errors) for each in found.candidates if each.number == best] == [1]


def test_asked_for_a_number_of_seeds_after_a_race_all_candidates_get_as_many(runs: Path) -> None:
    study = searched(runs)
    confirmed(study, lambda trial, seed: float(trial), AUTO)
    before = len(study.attributes.scores())
    confirmed(study, lambda trial, seed: float(trial), WANTED)
    assert all(len(each.scores) == 6 for each in concluded(study, WANTED).candidates)
    assert len(study.attributes.scores()) >= before


def test_a_better_trial_that_came_after_the_confirmation_is_named_beside_it(runs: Path) -> None:
    study = searched(runs)
    confirmed(study, lambda trial, seed: float(trial))
    concluded(study)
    summary = study.summary()
    assert summary.came_later is None
    best = summary.ranked()[0]
    assert best.value is not None
    later = replace(best, number=99, value=best.value + 1000 * (1 if summary.sweep.direction == "maximize" else -1))
    grown = replace(summary, trials=[*summary.trials, later])
    assert grown.came_later is later
    said = sentences.winners(grown)
    assert [line for line in said if line.startswith("Trial 99 came later, with ")] == [
        line for line in said if line.endswith("is not confirmed yet: `tuning confirm tiny-1` does it.")
    ]
    assert any(line.startswith("Trial 99 came later") for line in said)
