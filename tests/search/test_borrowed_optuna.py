"""Private parts of Optuna still are what tuning/search/borrowed.py takes them for."""

from typing import Any

import numpy as np
import optuna
import pytest
import scipy.special
import scipy.stats
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial

from tuning.search.borrowed import TPE, Floats, ParzenEstimator, Samples, put_in_place, scipys_log_ndtr, storage_of
from tuning.search.samplers import experiments

SPACE: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "kind": CategoricalDistribution(["adam", "sgd", "rmsprop"]),
    "even": IntDistribution(0, 20, step=2),
    "share": FloatDistribution(0.0, 1.0),
}
SETTINGS: dict[str, Any] = {"seed": 3, "multivariate": True, "group": True, "constant_liar": True}


def test_a_study_tells_its_storage() -> None:
    storage = InMemoryStorage()
    assert storage_of(optuna.create_study(storage=storage)) is storage


def test_a_trial_in_memory_gives_way_to_another() -> None:
    storage = InMemoryStorage()
    study = optuna.create_study(storage=storage)
    number = study.ask(SPACE).number
    other = study.get_trials()[0]
    other.params, other.distributions = {"share": 0.5}, {"share": SPACE["share"]}
    put_in_place(storage, other._trial_id, other)
    study.tell(number, 1.0)
    (told,) = study.get_trials()
    assert (told.params, told.value) == ({"share": 0.5}, 1.0)


def seen(count: int) -> optuna.Study:
    """A study with this many random trials of the space."""
    study = optuna.create_study(sampler=RandomSampler(seed=5))
    for number in range(count):
        study.tell(study.ask(SPACE), number % 7)
    return study


def asked(sampler: BaseSampler, study: optuna.Study) -> dict[str, Any]:
    study.sampler = sampler
    return study.ask(SPACE).params


class Looked(ParzenEstimator):
    """Computes the density from what it shows of itself, and compares it with Optuna's."""

    compared = 0

    def log_pdf(self, samples_dict: Samples) -> Floats:
        densities = np.tile(self.weights, (len(samples_dict["rate"]), 1))
        table = self.table(samples_dict)
        for column, probabilities in self.choices.items():
            densities *= probabilities.T[table[:, column].astype(int)]
        for column, kernels in self.numbers.items():
            values = np.log(table[:, column]) if kernels.is_log else table[:, column]
            ends = [(end - kernels.mu) / kernels.sigma for end in (kernels.adapted_low, kernels.adapted_high)]
            truncated = scipy.stats.truncnorm(*ends, loc=kernels.mu, scale=kernels.sigma)
            above, below = (truncated.cdf(values[:, None] + half * kernels.step / 2) for half in (1, -1))
            densities *= above - below if kernels.step else truncated.pdf(values[:, None])
        optunas: Floats = super().log_pdf(samples_dict)
        assert np.log(densities.sum(axis=1)) == pytest.approx(optunas, rel=1e-9)
        type(self).compared += 1
        return optunas


def test_the_kernels_that_an_estimator_shows_make_up_its_density() -> None:
    Looked.compared = 0
    with experiments():
        asked(TPE(Looked, **SETTINGS), seen(40))
    assert Looked.compared == 2


def test_tpe_proposes_what_optunas_does() -> None:
    with experiments():
        ours, optunas = TPE(ParzenEstimator, **SETTINGS), TPESampler(**SETTINGS)
    assert asked(ours, seen(40)) == pytest.approx(asked(optunas, seen(40)))


class Judged(TPE):
    """Proposes the most promising of its candidates, as Optuna's does."""

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        samples, promise = self.candidates(study, trial, search_space, 24)
        assert {name: len(values) for name, values in samples.items()} == dict.fromkeys(search_space, len(promise))
        best = {name: values[promise.argmax()].item() for name, values in samples.items()}
        return {name: each.to_external_repr(best[name]) for name, each in search_space.items()}


def test_candidates_are_those_that_optuna_chooses_from() -> None:
    with experiments():
        ours, optunas = Judged(ParzenEstimator, **SETTINGS), TPESampler(**SETTINGS, n_ei_candidates=24)
    assert asked(ours, seen(40)) == pytest.approx(asked(optunas, seen(40)))


def test_scipys_logarithm_is_optunas_own_where_that_is_taken() -> None:
    places = np.linspace(-300, 300, 601)
    own = _truncnorm._log_ndtr(places)
    with scipys_log_ndtr():
        assert _truncnorm._log_ndtr is scipy.special.log_ndtr
        assert _truncnorm._log_ndtr(places) == pytest.approx(own, rel=1e-9)
        quantiles = _truncnorm.ppf(np.array([0.3]), -1.0, 2.0)
    assert quantiles == pytest.approx(_truncnorm.ppf(np.array([0.3]), -1.0, 2.0), rel=1e-9)


def test_optuna_has_its_own_logarithm_again_afterwards() -> None:
    own = _truncnorm._log_ndtr
    assert own is not scipy.special.log_ndtr
    with scipys_log_ndtr(), scipys_log_ndtr():
        pass
    assert _truncnorm._log_ndtr is own
    with pytest.raises(KeyboardInterrupt), scipys_log_ndtr():
        raise KeyboardInterrupt
    assert _truncnorm._log_ndtr is own


def test_samples_are_drawn_with_scipys_logarithm(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    draw = _truncnorm.rvs
    monkeypatch.setattr(_truncnorm, "rvs", lambda **given: taken.append(_truncnorm._log_ndtr) or draw(**given))
    with experiments():
        asked(TPE(ParzenEstimator, **SETTINGS), seen(40))
    assert taken == [scipy.special.log_ndtr]
    assert _truncnorm._log_ndtr is not scipy.special.log_ndtr
