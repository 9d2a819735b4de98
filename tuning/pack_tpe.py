"""A tree of Parzen estimators that proposes packs: Optuna's own, its model built once for all of a pack."""

from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.trial import FrozenTrial
from scipy.special import log_ndtr

# Optuna does without SciPy, and takes the logarithm of the normal distribution number by number in Python: ten thousand
# times an ask where a range of whole numbers is searched, which is three quarters of the ask.
_truncnorm._log_ndtr = log_ndtr


class PackTPE(TPESampler):
    """A tree of Parzen estimators that models the study once for several trials.

    For each of them it draws as many candidates as ever, and takes the one that promises most: what is drawn is drawn
    from the same densities, as if the trials were asked for at the same moment. What a model costs is paid once.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._size = 1
        self._drawn: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        """Of each group of parameters that are drawn together: what has not been handed out."""

    def model_for(self, size: int) -> None:
        """Model the study anew, for so many trials."""
        self._size = size
        self._drawn.clear()

    def _sample(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        left = self._drawn.setdefault(tuple(search_space), [])
        if not left:
            left += self._sample_several(study, trial, search_space)
        return left.pop()

    def _sample_several(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> list[dict[str, Any]]:
        trials = [each for each in study._get_trials(deepcopy=False) if each.number != trial.number]
        finished = sum(each.state.is_finished() for each in trials)
        gamma = default_gamma if len(study.directions) == 1 else default_gamma_multiobjective
        promising, others = _split_trials(study, trials, gamma(finished))
        good = self._build_parzen_estimator(study, search_space, promising, handle_below=True)
        poor = self._build_parzen_estimator(study, search_space, others, handle_below=False)
        candidates = good.sample(self._rng.rng, self._size * self._n_ei_candidates)
        promise = self._compute_acquisition_func(candidates, good, poor).reshape(self._size, -1)
        first = np.arange(self._size) * promise.shape[1]
        chosen = first + promise.argmax(axis=1)
        return [
            {name: each.to_external_repr(candidates[name][place].item()) for name, each in search_space.items()}
            for place in chosen
        ]
