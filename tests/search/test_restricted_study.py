"""A study that shows some of its trials: what a sampler reads of it, and what it writes to it."""

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from tuning.search.borrowed import storage_of
from tuning.search.restricted_study import restricted


@pytest.fixture
def study() -> optuna.Study:
    made = optuna.create_study(directions=["maximize", "minimize"])
    for number in range(4):
        trial = made.ask()
        trial.suggest_float("rate", 0, 1)
        made.tell(trial, [number, number])
    made.ask()
    return made


def numbers(trials: list[FrozenTrial]) -> list[int]:
    return [each.number for each in trials]


def test_only_these_trials_are_seen(study: optuna.Study) -> None:
    seen = restricted(study, study.trials[2:])
    assert numbers(seen.trials) == [2, 3, 4]
    assert numbers(seen.get_trials(states=[TrialState.RUNNING])) == [4]
    assert seen.trials[0] is not seen.get_trials(deepcopy=False)[0]
    assert seen.directions == study.directions
    assert len(study.trials) == 5


def test_what_a_sampler_writes_reaches_the_study(study: optuna.Study) -> None:
    seen = restricted(study, [])
    seen.set_user_attr("generation", 3)
    storage, running = storage_of(study), 4
    study_id = storage.get_study_id_from_name(study.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, running)
    storage_of(seen).set_trial_system_attr(trial_id, "parents", [1, 2])
    assert study.user_attrs == {"generation": 3}
    assert study.trials[running].system_attrs == {"parents": [1, 2]}
