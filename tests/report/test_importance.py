"""What mattered, of studies of which the answer is known."""

import math
import random
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tuning.report.importance import FEWEST_TRIALS, importances
from tuning.sweep.model import Sweep
from tuning.sweep.space import suggest

optuna.logging.set_verbosity(optuna.logging.WARNING)

BASE: dict[str, Any] = {
    "name": "any",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 20_000,
    "search": {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "warmup": {"low": 0.0, "high": 0.5},
        "target_interval": {"low": 100, "high": 900, "step": 100},
    },
}
CONDITIONAL = {
    "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
    "schedule": {"choices": {"fixed": {}, "cosine": {"floor": {"low": 0.0, "high": 0.1}}}},
    "warmup": {"low": 0.0, "high": 0.5},
}


def sweep(**search: Any) -> Sweep:
    return Sweep.model_validate({**BASE, "search": search or BASE["search"]})


def finished(of: Sweep, count: int, score: Any, seed: int = 0, gave_up: float = 0.0) -> optuna.Study:
    """Random trials; a share is given up at a third of the budget, where all have a tenth of what they come to."""
    study = optuna.create_study(direction="maximize")
    chance, luck = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed)), random.Random(seed)
    for _ in range(count):
        trial = chance.ask()
        suggest(of.space, trial)
        value, pruned = score(trial.params), luck.random() < gave_up
        curve = {6_666: value / 10} | ({} if pruned else {20_000: value})
        study.add_trial(
            create_trial(
                state=TrialState.PRUNED if pruned else TrialState.COMPLETE,
                value=None if pruned else value,
                params=trial.params,
                distributions=trial.distributions,
                intermediate_values=curve if gave_up else {},
            )
        )
    return study


def rate(params: dict[str, Any]) -> float:
    """What depends on the learning rate alone."""
    return -abs(math.log10(params["learning_rate"]) + 3)


def mostly_warmup(params: dict[str, Any]) -> float:
    return 10 * float(params["warmup"]) + 0.1 * rate(params)


@pytest.mark.parametrize("search", [{}, CONDITIONAL], ids=["plain", "conditional"])
@pytest.mark.parametrize("gave_up", [0.0, 0.7])
@pytest.mark.parametrize(("score", "name"), [(rate, "learning_rate"), (mostly_warmup, "warmup")])
def test_what_alone_decides_matters_most(search: dict[str, Any], gave_up: float, score: Any, name: str) -> None:
    of = sweep(**search)
    found = importances(finished(of, 60, score, gave_up=gave_up), of.space)
    assert next(iter(found)) == name
    assert found[name] > 0.5
    assert sum(found.values()) == pytest.approx(1)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_settings_of_an_option_are_weighed_too() -> None:
    of = sweep(**CONDITIONAL)
    found = importances(finished(of, 60, rate), of.space)
    assert found.keys() == {"learning_rate", "schedule", "schedule.cosine.floor", "warmup"}


def test_a_default_outside_the_search_does_not_count() -> None:
    of = sweep()
    study = finished(of, 40, rate)
    before = importances(study, of.space)
    study.add_trial(create_trial(value=1e9))
    assert importances(study, of.space) == before
    assert before.keys() == of.search.keys()


@pytest.mark.parametrize("count", [0, 1, FEWEST_TRIALS - 1])
def test_of_few_trials_nothing_is_said(count: int) -> None:
    assert importances(finished(sweep(), count, rate), sweep().space) == {}


def test_where_all_are_equal_nothing_is_said() -> None:
    assert importances(finished(sweep(), 30, lambda params: 1.0), sweep().space) == {}
