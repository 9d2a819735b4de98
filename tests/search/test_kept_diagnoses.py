"""What ails a trial is found at its end, from what it has reported, and kept with the trial: once, whatever happens."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import legs_by_hand
import pytest
import sweeps

from trainables.messages import PackReport, PackRequest
from tuning import runner
from tuning.diagnosis.verdict import Diagnosis
from tuning.rules.ledger import Spent
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Plan
from tuning.study.observer import Observer
from tuning.study.paths import Home
from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.sweep.model import Sweep

HALVED = {"trials": 8, "pack_size": 4, "halving": {"reduction": 2, "rungs": 2}}


def flat(leg: PackRequest) -> PackReport:
    """A leg whose members score the same every time, at ten points or twenty, told from the first one on."""
    until = leg.until or 200
    points = [(step, {"evaluation/return_mean": -2.0}) for step in range(10, until + 1, 10)]
    said = legs_by_hand.reports(leg)
    return replace(said, members=[replace(each, points=points) for each in said.members])


class Told(Observer):
    """Remembers which diagnoses it is told, and that each comes before its trial's end."""

    def __init__(self) -> None:
        self.words: dict[int, str] = {}
        self.ended: list[int] = []

    def diagnosed(self, plan: Plan, found: Diagnosis) -> None:
        assert plan.number not in self.words
        assert plan.number not in self.ended
        self.words[plan.number] = found.word

    def finished(self, plan: Plan, found: Outcome, members: Sequence[MemberResult]) -> None:
        self.ended.append(plan.number)


def words(study: Study) -> dict[int, str | None]:
    return {trial.number: trial.verdict for trial in study.summary().trials}


def test_every_trial_that_ended_has_one_and_whoever_observes_is_told(runs: Path) -> None:
    study, told, again = sweeps.created(runs, **HALVED), Told(), Told()
    legs_by_hand.driven(study, result=flat, observers=[told])
    assert words(study) == told.words == dict.fromkeys(range(8), "no_reward")
    assert {trial.state for trial in study.summary().trials} == {"complete", "pruned"}
    replay(sweeps.opened(runs).records, again)
    assert again.words == told.words


def test_it_is_kept_in_full(runs: Path) -> None:
    study = sweeps.created(runs, trials=1)
    legs_by_hand.driven(study, result=flat)
    kept = sweeps.opened(runs).summary().trials[0].diagnosis
    assert kept is not None
    assert not kept.healthy
    (verdict,) = (each for each in kept.verdicts if each.fault)
    assert (verdict.name, verdict.step, verdict.patch) == ("no_reward", None, {"entropy_weight": 0.1})
    assert kept == study.records.diagnoses()[0]


def test_one_that_goes_on_or_failed_has_none(runs: Path) -> None:
    study = sweeps.created(runs, **HALVED)
    search = legs_by_hand.Searching(study)
    search.trained("leg", flat(search.leg()))
    search.leg("other")
    while search.divided("other"):
        search.leg("other")
    search.failed("other", "the worker died")
    found = {trial.number: (trial.state, trial.verdict) for trial in study.summary().trials}
    assert {state for state, verdict in found.values() if verdict is not None} == {"pruned"}
    assert {state for state, verdict in found.values() if verdict is None} >= {"failed"}


def test_of_a_trial_that_goes_on_in_another_life_the_whole_curve_counts(runs: Path) -> None:
    study = sweeps.created(runs, trials=1)
    search = legs_by_hand.Searching(study)
    leg = search.leg()
    search.reported("leg", flat(replace(leg, until=100)))
    search.policy.put_back()
    search = legs_by_hand.Searching(sweeps.opened(runs))
    # Whoever goes on from a checkpoint tells all of the curve again.
    search.trained("leg", flat(search.leg()))
    assert words(study) == {0: "no_reward"}


def test_a_diagnosis_that_fails_ends_no_search(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("tuning.search.running_curves.diagnosis.of_trial", broken)
    study = sweeps.created(runs, trials=4, pack_size=2)
    legs_by_hand.driven(study)
    assert words(study) == dict.fromkeys(range(4))
    assert {trial.state for trial in study.summary().trials} == {"complete"}


def test_what_is_trained_again_after_a_worker_died_is_lost_and_counted(runs: Path) -> None:
    study = sweeps.created(runs, trials=2, pack_size=2)
    search = legs_by_hand.Searching(study)
    leg = search.leg()
    half = legs_by_hand.reports(replace(leg, until=100))
    search.reported("leg", replace(half, began_at=0))
    # Its last checkpoint is of 60 steps.
    search.reported("leg", replace(legs_by_hand.reports(replace(leg, until=120)), began_at=60))
    search.trained("leg", legs_by_hand.reports(leg))
    spent = study.summary().spent
    # Half a second a report and pack: 0.25 s a member for 100 steps, of which 40 are lost.
    assert spent["lost"] == Spent(2, 80, pytest.approx(0.2))
    assert spent["complete"] == Spent(2, 400, pytest.approx(1.3))


def test_what_confirms_is_counted_with_its_scores(runs: Path) -> None:
    sweep = Sweep.model_validate({**sweeps.TINY, "trials": 4, "pack_size": 2, "confirm": {"top": 1, "seeds": 5}})
    summary = runner.run(sweep, Home.at(runs), hire=legs_by_hand.ByHand())
    confirmed = summary.spent["confirmation"]
    assert summary.confirmation is not None
    trainings = 5 * len(summary.confirmation.candidates)
    assert (confirmed.count, confirmed.steps) == (trainings, 200 * trainings)
    assert confirmed.seconds == pytest.approx(0.5 * -(-trainings // 2), abs=0.6)
    assert summary.as_json()["ledger"]["confirmation"]["count"] == trainings
