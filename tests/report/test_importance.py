"""Importances and edges, of studies of which the answer is known."""

import math
import random
from typing import Any

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from tuning.report.importance import FEWEST_TRIALS, Edge, edges, importances
from tuning.sweep import space as spaces
from tuning.sweep.model import Sweep

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
        spaces.suggest(of.space, trial)
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


def trials(name: str, *values: float) -> list[dict[str, Any]]:
    """Trials in the middle of every range but this one, where they have these values, the best first."""
    middle = {"learning_rate": 1e-3, "warmup": 0.25, "target_interval": 500}
    return [{**middle, name: value} for value in values]


@pytest.mark.parametrize(
    ("name", "values", "edge"),
    [
        # The upper end, the lower end; log, linear, whole numbers with steps.
        ("learning_rate", [1e-2, 9e-3], Edge("learning_rate", 1e-2, 1e-4, 1e-2, 1e-3, 0.1)),
        ("learning_rate", [1e-4, 1.1e-4], Edge("learning_rate", 1e-4, 1e-4, 1e-2, 1e-5, 1e-3)),
        ("warmup", [0.5, 0.48, 0.46], Edge("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("target_interval", [900, 900], Edge("target_interval", 900, 100, 900, 500, 1300)),
        # Within 5 %, and just not.
        ("warmup", [0.4751, 0.45], Edge("warmup", 0.4751, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.4749, 0.5], None),
        ("learning_rate", [10**-2.09] * 3, Edge("learning_rate", 10**-2.09, 1e-4, 1e-2, 1e-3, 0.1)),
        ("learning_rate", [10**-2.11] * 3, None),
        # The best alone is an accident; most of the best five are not; the sixth is not asked.
        ("warmup", [0.5], Edge("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.5, 0.2, 0.1], None),
        ("warmup", [0.5, 0.2], None),
        ("warmup", [0.5, 0.45, 0.42, 0.1, 0.1], Edge("warmup", 0.5, 0.0, 0.5, 0.25, 0.75)),
        ("warmup", [0.5, 0.45, 0.1, 0.1, 0.1, 0.5, 0.5], None),
        ("warmup", [0.5, 0.0, 0.0], None),
        # The middle is no end, and neither is what lies beyond it.
        ("warmup", [0.25, 0.25], None),
        ("warmup", [0.7, 0.7], None),
        # No warmup is shorter than none.
        ("warmup", [0.0, 0.0], None),
    ],
)
def test_edges(name: str, values: list[float], edge: Edge | None) -> None:
    assert edges(sweep(), trials(name, *values)) == ([] if edge is None else [edge])


@pytest.mark.parametrize(
    ("search", "params", "tried"),
    [
        # As far as the field allows.
        ({"gamma": {"low": 0.9, "high": 1.0}}, {"gamma": 1.0}, None),
        ({"gamma": {"low": 0.0, "high": 0.8}}, {"gamma": 0.8}, (0.4, 1.0)),
        ({"warmup": {"low": 0.0, "high": 0.8}}, {"warmup": 0.8}, (0.4, 0.9)),
        ({"max_norm": {"low": 1, "high": 9}}, {"max_norm": 1.0}, (0.5, 5.0)),
        # A setting of an option.
        (CONDITIONAL, {"schedule": "cosine", "schedule.cosine.floor": 0.1}, (0.05, 0.15)),
        (CONDITIONAL, {"schedule": "cosine", "schedule.cosine.floor": 0.0}, None),
        (CONDITIONAL, {"schedule": "fixed"}, None),
        # Whole numbers.
        ({"gradient_steps": {"low": 1, "high": 16, "log": True}}, {"gradient_steps": 16}, (4, 64)),
        ({"gradient_steps": {"low": 1, "high": 16, "log": True}}, {"gradient_steps": 1}, None),
        ({"gradient_steps": {"low": 1, "high": 2}}, {"gradient_steps": 2}, (1, 3)),
    ],
)
def test_the_range_to_try_next_is_one_that_the_field_takes(
    search: dict[str, Any], params: dict[str, Any], tried: tuple[float, float] | None
) -> None:
    found = edges(sweep(**search), [params, params])
    assert [(edge.try_low, edge.try_high) for edge in found] == ([] if tried is None else [tried])
    for edge in found:
        if "." not in edge.name:
            assert sweep(**{**search, edge.name: {"low": edge.try_low, "high": edge.try_high}})


def test_of_no_trials_there_are_no_edges() -> None:
    assert edges(sweep(), []) == []
