"""A tree of Parzen estimators (TPE) that proposes packs: Optuna's own, its model built once for all of a pack.

Bergstra et al. (2011), "Algorithms for Hyper-Parameter Optimization": one density l(x) is estimated from the promising
trials, another one g(x) from all others, and of candidates that are drawn from l the one with the largest l(x) / g(x)
is proposed.

Letters in shapes: N samples, D parameters, K kernels, of which each density is a mixture.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial
from scipy.special import logsumexp, ndtr

from tuning.search.borrowed import TPE, NumberKernels, ParzenEstimator, Samples

Floats = NDArray[np.float64]

CANDIDATES = 24
"""Drawn for each trial, as many as Optuna draws."""


class PackTPE(TPE):
    """A tree of Parzen estimators that models the study once for several trials.

    For each trial it draws as many candidates as ever and takes the most promising one, all from the same densities, as
    if the trials were asked for at the same moment. So the cost of a model is paid once a pack.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(Estimator, **settings)
        self._size = 1
        self._drawn: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        """For each group of parameters that are drawn together, the proposals that are not yet handed out."""

    def model_for(self, size: int) -> None:
        """Model the study anew, for this many trials."""
        self._size = size
        self._drawn.clear()

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next trial's parameters of this group."""
        left = self._drawn.setdefault(tuple(search_space), [])
        if not left:
            left += self._proposals(study, trial, search_space)
        return left.pop()

    def _proposals(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> list[dict[str, Any]]:
        samples, promise = self.candidates(study, trial, search_space, self._size * CANDIDATES)
        most = promise.reshape(self._size, CANDIDATES).argmax(axis=1)
        return [
            {name: each.to_external_repr(samples[name][place].item()) for name, each in search_space.items()}
            for place in np.arange(self._size) * CANDIDATES + most
        ]


class Estimator(ParzenEstimator):
    """Optuna's mixture of kernels; its density of many samples at once takes products of matrices where it can."""

    def log_pdf(self, samples_dict: Samples) -> Floats:
        """The logarithm of the density of each sample (N,).

        For the D numbers without steps the exponents are N K D squares; expanded, these are two products of matrices.
        What depends on a kernel alone is computed once for all samples.
        """
        samples = self.table(samples_dict)
        logs = np.tile(np.log(self.weights), (len(samples), 1))
        for column, probabilities in self.choices.items():
            logs += np.log(probabilities).T[samples[:, column].astype(np.int64)]
        continuous = []
        for column, kernels in self.numbers.items():
            values = samples[:, column]
            if kernels.step:
                logs += _log_masses(values, kernels)
            else:
                continuous.append((np.log(values) if kernels.is_log else values, kernels))
        if continuous:
            logs += _log_densities(continuous)
        density: Floats = logsumexp(logs, axis=1)
        return density


def _log_densities(numbers: Sequence[tuple[Floats, NumberKernels]]) -> Floats:
    """The logarithm of the density of each sample under each kernel (N, K), for D numbers without steps.

    numbers: of each number the samples (N,) and the kernels.
    """
    lows = np.array([kernels.adapted_low for _, kernels in numbers])
    widths = np.array([kernels.adapted_high for _, kernels in numbers]) - lows
    # As shares of their ranges, so that expanding the squares loses no digits.
    drawn = (np.stack([values for values, _ in numbers], axis=1) - lows) / widths - 0.5
    means = (np.stack([kernels.mu for _, kernels in numbers], axis=1) - lows) / widths - 0.5
    sigmas = np.stack([kernels.sigma for _, kernels in numbers], axis=1) / widths
    masses = _log_mass_within((-0.5 - means) / sigmas, (0.5 - means) / sigmas)
    constant = masses + np.log(sigmas * widths) + 0.5 * np.log(2 * np.pi) + 0.5 * (means / sigmas) ** 2
    densities: Floats = drawn @ (means / sigmas**2).T - (drawn**2) @ (0.5 / sigmas**2).T - constant.sum(axis=1)
    return densities


def _log_masses(values: Floats, kernels: NumberKernels) -> Floats:
    """The logarithm of the probability of each sample (N,) under each kernel (N, K), for a number with steps.

    It is the kernel's mass from half a step below the sample to half a step above.
    """
    different, places = np.unique(values, return_inverse=True)
    edges = different + kernels.step / 2 * np.array([[-1.0], [1.0]])
    low, high = ((np.log(edges) if kernels.is_log else edges)[..., None] - kernels.mu) / kernels.sigma
    # By symmetry on the left, where the function is small and the difference loses no digits.
    right = low > 0
    masses = ndtr(np.where(right, -low, high)) - ndtr(np.where(right, -high, low))
    whole = _log_mass_within(
        (kernels.adapted_low - kernels.mu) / kernels.sigma, (kernels.adapted_high - kernels.mu) / kernels.sigma
    )
    # A mass too small for a float is nothing beside that of the widest kernel, which is never small.
    logs: Floats = np.log(np.maximum(masses, np.finfo(np.float64).tiny)) - whole
    return logs[places]


def _log_mass_within(low: Floats, high: Floats) -> Floats:
    """The logarithm of the standard normal mass from low to high.

    low is at most 0 and high at least 0, since kernels lie within their range, so the difference loses no digits.
    """
    masses: Floats = np.log(ndtr(high) - ndtr(low))
    return masses
