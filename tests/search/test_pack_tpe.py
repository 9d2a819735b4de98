"""The tree of Parzen estimators for packs against Optuna's own: its logarithm, its densities, its proposals."""

from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from optuna.trial import TrialState

from tuning.search.pack_tpe import Estimator, PackTPE
from tuning.search.samplers import experiments

KINDS: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "far from zero": FloatDistribution(1e6, 1e6 + 1),
    "share": FloatDistribution(0.0, 1.0),
    "tenths": FloatDistribution(0.0, 1.0, step=0.1),
    "steps": IntDistribution(10, 5_000, log=True),
    "even": IntDistribution(0, 20, step=2),
    "choice": CategoricalDistribution(["adam", "sgd", "rmsprop"]),
}


def drawn(kind: BaseDistribution, count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """Values as the model keeps them, a choice by its place."""
    alone = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=int(generator.integers(2**31))))
    values = [alone.ask({"it": kind}).params["it"] for _ in range(count)]
    return np.array([kind.to_internal_repr(value) for value in values], dtype=np.float64)


@pytest.mark.parametrize("observed", [0, 1, 30])
@pytest.mark.parametrize("names", [[name] for name in KINDS] + [list(KINDS)], ids=lambda names: "+".join(names))
def test_its_density_is_that_of_optunas_mixture(names: list[str], observed: int) -> None:
    generator, space = np.random.default_rng(observed), {name: KINDS[name] for name in names}
    with experiments():
        settings = TPESampler(multivariate=True)._parzen_estimator_parameters
    seen = {name: drawn(kind, observed, generator) for name, kind in space.items()}
    candidates = {name: drawn(kind, 50, generator) for name, kind in space.items()}
    ours, optunas = (kind(seen, space, settings).log_pdf(candidates) for kind in (Estimator, _ParzenEstimator))
    assert ours == pytest.approx(optunas, rel=1e-9, abs=1e-9)


@given(st.floats(-3e2, 3e2))
def test_the_logarithm_that_tpe_takes_is_optunas_own(place: float) -> None:
    taken = _truncnorm._log_ndtr(np.array([place]))
    assert taken == pytest.approx([_truncnorm._log_ndtr_single(place)], rel=1e-9)


def proposed(sampler: BaseSampler) -> list[dict[str, Any]]:
    """The parameters of thirty trials, one after the other, some of them pruned and some left running."""
    study = optuna.create_study(sampler=sampler)
    for number in range(30):
        trial = study.ask()
        rate = trial.suggest_float("rate", 1e-4, 1e-2, log=True)
        trial.suggest_int("steps", 5, 40)
        if trial.suggest_categorical("schedule", ["fixed", "cosine"]) == "cosine":
            trial.suggest_float("floor", 0.0, 0.5)
        if number % 3:
            trial.report(rate, 1)
            pruned = number % 5 == 0
            study.tell(trial, None if pruned else rate, TrialState.PRUNED if pruned else None)
    return [trial.params for trial in study.get_trials(deepcopy=False)]


def test_modelled_for_one_trial_it_proposes_what_optunas_does() -> None:
    with experiments():
        settings: dict[str, Any] = {"seed": 3, "multivariate": True, "group": True, "constant_liar": True}
        ours, optunas = PackTPE(**settings), TPESampler(**settings)
    assert proposed(ours) == proposed(optunas)
