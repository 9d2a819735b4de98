"""The tree of Parzen estimators for packs against Optuna's own: its densities, its proposals, its one model a pack."""

from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.trial import TrialState

from tuning.search import pack_tpe
from tuning.search.borrowed import TPE, Floats, ParzenEstimator, Samples
from tuning.search.pack_tpe import Estimator, PackTPE
from tuning.search.samplers import experiments

SETTINGS: dict[str, Any] = {"seed": 3, "multivariate": True, "group": True, "constant_liar": True}
KINDS: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(1e-4, 1e-2, log=True),
    "far from zero": FloatDistribution(1e6, 1e6 + 1),
    "share": FloatDistribution(0.0, 1.0),
    "tenths": FloatDistribution(0.0, 1.0, step=0.1),
    "steps": IntDistribution(10, 5_000, log=True),
    "even": IntDistribution(0, 20, step=2),
    "choice": CategoricalDistribution(["adam", "sgd", "rmsprop"]),
}


class Compared(Estimator):
    """Compares its densities with Optuna's."""

    times = 0

    def log_pdf(self, samples_dict: Samples) -> Floats:
        ours = super().log_pdf(samples_dict)
        assert ours == pytest.approx(ParzenEstimator.log_pdf(self, samples_dict), rel=1e-9, abs=1e-9)
        Compared.times += 1
        return ours


@pytest.mark.parametrize("observed", [0, 1, 30])
@pytest.mark.parametrize("names", [[name] for name in KINDS] + [list(KINDS)], ids=lambda names: "+".join(names))
def test_its_density_is_that_of_optunas_mixture(names: list[str], observed: int) -> None:
    space, study = {name: KINDS[name] for name in names}, optuna.create_study(sampler=RandomSampler(seed=observed))
    for number in range(observed):
        study.tell(study.ask(space), number)
    with experiments():
        study.sampler = TPE(Compared, n_startup_trials=0, n_ei_candidates=50, **SETTINGS)
    before = Compared.times
    study.ask(space)
    assert Compared.times >= before + 2


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
        ours, optunas = PackTPE(**SETTINGS), TPESampler(**SETTINGS)
    # Their logarithms of the normal distribution differ in the last digit.
    assert proposed(ours) == [pytest.approx(params) for params in proposed(optunas)]


def test_one_model_serves_a_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    models = []

    class Counted(Estimator):
        def __init__(self, *given: Any, **more: Any) -> None:
            models.append(self)
            super().__init__(*given, **more)

    monkeypatch.setattr(pack_tpe, "Estimator", Counted)
    space = {"rate": KINDS["rate"]}
    with experiments():
        sampler = PackTPE(**SETTINGS)
    study = optuna.create_study(sampler=sampler)
    for number in range(20):
        study.tell(study.ask(space), number)
    rates = []
    for _ in range(2):
        models.clear()
        sampler.model_for(8)
        rates += [study.ask(space).params["rate"] for _ in range(8)]
        # That of the promising trials, and that of the others.
        assert len(models) == 2
    assert len(set(rates)) == 16
