"""A tree of Parzen estimators that proposes packs: Optuna's own, its model built once for all of a pack."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from optuna.samplers._tpe.probability_distributions import _BatchedCategoricalDistributions
from optuna.samplers._tpe.sampler import _split_trials, default_gamma, default_gamma_multiobjective
from optuna.trial import FrozenTrial
from scipy.special import log_ndtr, logsumexp, ndtr

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
        self._parzen_estimator_cls = Estimator
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


class Estimator(_ParzenEstimator):
    """Optuna's mixture of kernels; its density of many candidates at once takes matrix products where it can."""

    def log_pdf(self, samples_dict: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
        """The logarithm of the density of each of N samples, the values of a parameter each (N,) -> (N,).

        Of K kernels and their D numbers without steps the exponents are N K D squares; expanded, two products of
        matrices. What depends on the kernel alone is computed once for all samples.
        """
        mixture, samples = self._mixture_distribution, self._transform(samples_dict)
        logs = np.tile(np.log(mixture.weights), (len(samples), 1))
        normal = []
        for place, kernels in enumerate(mixture.distributions):
            if isinstance(kernels, _BatchedCategoricalDistributions):
                logs += np.log(kernels.weights).T[samples[:, place].astype(np.int64)]
            elif kernels.step:
                logs += _log_masses(samples[:, place], kernels)
            else:
                normal.append((np.log(samples[:, place]) if kernels.is_log else samples[:, place], kernels))
        if normal:
            logs += _log_densities(normal)
        density: NDArray[np.float64] = logsumexp(logs, axis=1)
        return density


class _Normals(Protocol):
    """The kernels (K,) of a number: normal distributions truncated to its range, of the logarithm where `is_log`."""

    @property
    def mu(self) -> NDArray[np.float64]: ...
    @property
    def sigma(self) -> NDArray[np.float64]: ...
    @property
    def adapted_low(self) -> float: ...
    @property
    def adapted_high(self) -> float: ...
    @property
    def is_log(self) -> bool: ...
    @property
    def step(self) -> float: ...


def _log_densities(numbers: Sequence[tuple[NDArray[np.float64], _Normals]]) -> NDArray[np.float64]:
    """Of each sample by each kernel (N, K), of D numbers: the samples of each (N,) and its kernels."""
    lows = np.array([kernels.adapted_low for _, kernels in numbers])
    widths = np.array([kernels.adapted_high for _, kernels in numbers]) - lows
    # As shares of their ranges, so that nothing is lost where squares are taken apart.
    drawn = (np.stack([values for values, _ in numbers], axis=1) - lows) / widths - 0.5
    means = (np.stack([kernels.mu for _, kernels in numbers], axis=1) - lows) / widths - 0.5
    sigmas = np.stack([kernels.sigma for _, kernels in numbers], axis=1) / widths
    masses = _truncnorm._log_gauss_mass((-0.5 - means) / sigmas, (0.5 - means) / sigmas)
    constant = masses + np.log(sigmas * widths) + 0.5 * np.log(2 * np.pi) + 0.5 * (means / sigmas) ** 2
    densities: NDArray[np.float64] = (
        drawn @ (means / sigmas**2).T - (drawn**2) @ (0.5 / sigmas**2).T - constant.sum(axis=1)
    )
    return densities


def _log_masses(values: NDArray[np.float64], kernels: _Normals) -> NDArray[np.float64]:
    """Of each sample (N,) by each kernel (N, K), of a number with steps: the kernel's share in the sample's step."""
    different, places = np.unique(values, return_inverse=True)
    edges = different + kernels.step / 2 * np.array([[-1.0], [1.0]])
    low, high = ((np.log(edges) if kernels.is_log else edges)[..., None] - kernels.mu) / kernels.sigma
    # By symmetry on the left, where the function is small and nothing is lost in the difference.
    right = low > 0
    masses = ndtr(np.where(right, -low, high)) - ndtr(np.where(right, -high, low))
    whole = _truncnorm._log_gauss_mass(
        (kernels.adapted_low - kernels.mu) / kernels.sigma, (kernels.adapted_high - kernels.mu) / kernels.sigma
    )
    # What is too small for a number is nothing beside the widest kernel, which is never small.
    logs: NDArray[np.float64] = np.log(np.maximum(masses, np.finfo(np.float64).tiny)) - whole
    return logs[places]
