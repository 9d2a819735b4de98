"""The proposer counts its trials, begins with the default, and goes on where an earlier process ended."""

import math
from pathlib import Path

import mortal_storage
import pytest
import sweeps
from optuna.trial import TrialState

from tuning.search.proposer import Proposer


def test_it_counts_what_is_left_and_begins_with_the_default(runs: Path) -> None:
    proposer = Proposer(sweeps.created(runs, trials=8))
    assert (proposer.asked, proposer.left) == (0, 8)
    plans = proposer.ask(3)
    assert [plan.number for plan in plans] == [0, 1, 2]
    assert [plan.default for plan in plans] == [True, False, False]
    assert (proposer.asked, proposer.left) == (3, 5)


def test_more_trials_than_are_wanted_are_none_left(runs: Path) -> None:
    study = sweeps.created(runs, trials=8)
    Proposer(study).ask(8)
    study.change(sweeps.tiny(trials=4))
    assert Proposer(sweeps.opened(runs)).left == 0


@pytest.mark.parametrize("kind", ["tpe", "cmaes", "nsga2", "qmc", "random"])
def test_who_is_begun_anew_goes_on_counting_and_proposes_nothing_twice(runs: Path, kind: str) -> None:
    study = sweeps.created(runs, trials=8, sampler=kind)
    before = Proposer(study).ask(4)
    again = Proposer(sweeps.opened(runs))
    assert (again.asked, again.left) == (4, 4)
    after = again.ask(4)
    assert [plan.number for plan in after] == [4, 5, 6, 7]
    assert not any(plan.default for plan in after)
    rates = [plan.params["learning_rate"] for plan in (*before, *after)]
    assert len(set(rates)) == 8


@pytest.mark.parametrize("planned", [0, 1, 3])
def test_a_trial_that_was_asked_for_and_never_planned_is_planned_now(planned: int) -> None:
    kept = mortal_storage.Mortal()
    study = mortal_storage.in_memory(kept, trials=8)
    kept.left = planned
    with pytest.raises(mortal_storage.Killed):
        Proposer(study).ask(8)
    kept.left = math.inf
    again = mortal_storage.in_memory(kept)
    proposer = Proposer(again)
    plans = proposer.ask(proposer.left)
    assert plans[0].number == planned
    assert plans[0].default == (planned == 0)
    while proposer.left:
        plans += proposer.ask(proposer.left)
    assert [plan.number for plan in plans] == list(range(planned, 8))
    trials = again.optuna.get_trials()
    assert [trial.number for trial in trials] == list(range(8))
    assert {trial.state for trial in trials} == {TrialState.RUNNING}
