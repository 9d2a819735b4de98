"""Private parts of Optuna that no public way leads around.

Each says why it is needed and in which version it was seen; tests/search/test_borrowed_optuna.py fails where a new
version has changed one of them. Optuna's tables, which tuning/study/optuna_tables.py writes, have a test of their own.

Letters in shapes: N samples, D parameters, K kernels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator
from optuna.samplers._tpe.probability_distributions import _BatchedCategoricalDistributions
from optuna.storages import BaseStorage, InMemoryStorage
from optuna.trial import FrozenTrial
from scipy.special import log_ndtr

Floats = NDArray[np.float64]
Samples = dict[str, NDArray[Any]]
"""The values of N samples, those of each parameter (N,) as Optuna's model keeps them: a choice is its place."""


def storage_of(study: optuna.Study) -> BaseStorage:
    """Where a study keeps its trials; Optuna 5.0.0.

    Samplers write what they have to remember to the storage of the study that they are handed. A study that shows them
    only some of the trials has to hand those writes on, and the storage has no public name.
    """
    return study._storage


def put_in_place(storage: InMemoryStorage, trial_id: int, trial: FrozenTrial) -> None:
    """Have a trial in memory be another one of its number; Optuna 5.0.0.

    Parameters of a trial can be set, and can't be taken away again. A configuration that was tried already is replaced
    before it is trained, and may have had parameters that the other one lacks.
    """
    storage._set_trial(trial_id, trial)


class NumberKernels(Protocol):
    """The kernels (K,) of a number: normal distributions truncated to its range, of the logarithm where `is_log`.

    step: between the values that the number takes, 0 where it takes all.
    """

    @property
    def mu(self) -> Floats: ...
    @property
    def sigma(self) -> Floats: ...
    @property
    def adapted_low(self) -> float: ...
    @property
    def adapted_high(self) -> float: ...
    @property
    def is_log(self) -> bool: ...
    @property
    def step(self) -> float: ...


class ParzenEstimator(_ParzenEstimator):
    """Optuna's mixture of kernels, which can be looked into; Optuna 5.0.0.

    Optuna computes the density of each sample kernel by kernel. A whole pack asks for hundreds of samples at once, for
    which products of matrices are several times as fast; they need the kernels.
    """

    @property
    def weights(self) -> Floats:
        """Of each kernel (K,)."""
        weights: Floats = self._mixture_distribution.weights
        return weights

    def table(self, samples: Samples) -> Floats:
        """Samples as one table (N, D)."""
        table: Floats = self._transform(samples)
        return table

    @property
    def choices(self) -> dict[int, Floats]:
        """Of each choice, by its column in the table, the probabilities that the kernels give it (K, options)."""
        return {
            column: kernels.weights
            for column, kernels in enumerate(self._mixture_distribution.distributions)
            if isinstance(kernels, _BatchedCategoricalDistributions)
        }

    @property
    def numbers(self) -> dict[int, NumberKernels]:
        """Of each number, by its column in the table, the kernels."""
        return {
            column: kernels
            for column, kernels in enumerate(self._mixture_distribution.distributions)
            if not isinstance(kernels, _BatchedCategoricalDistributions)
        }

    def sample(self, rng: np.random.RandomState, size: int) -> Samples:
        """Draw so many samples."""
        with scipys_log_ndtr():
            return super().sample(rng, size)


_OPTUNAS_LOG_NDTR = _truncnorm._log_ndtr


@contextmanager
def scipys_log_ndtr() -> Iterator[None]:
    """Within, Optuna takes the logarithm of the normal distribution from SciPy; Optuna 5.0.0.

    Optuna does without SciPy and computes it number by number in Python, which is a quarter of the time that the
    proposals of a pack take. The function has no parameter to hand another one in by.
    """
    _truncnorm._log_ndtr = log_ndtr
    try:
        yield
    finally:
        # Not what was found here, which may be SciPy's while another thread is within.
        _truncnorm._log_ndtr = _OPTUNAS_LOG_NDTR


class TPE(TPESampler):
    """Optuna's tree of Parzen estimators, which can propose otherwise than by the best of its candidates; 5.0.0.

    TPESampler models the study anew for each trial, and has no way to draw several trials from one model. Its search
    space, its first random trials, and its split of trials into promising ones and others are kept as they are.
    """

    def __init__(self, estimator: type[ParzenEstimator], **settings: Any) -> None:
        super().__init__(**settings)
        self._parzen_estimator_cls = estimator
        self._judged: tuple[Samples, Floats] = {}, np.zeros(0)

    def propose(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The parameters of a trial, drawn together."""
        return super()._sample(study, trial, search_space)

    def candidates(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution], count: int
    ) -> tuple[Samples, Floats]:
        """So many candidates from one model of the study, and what each promises (count,).

        They are drawn from the density of the promising trials. What one promises is the logarithm of that density
        over the density of the other trials.
        """
        self._n_ei_candidates = count
        super()._sample(study, trial, search_space)
        return self._judged

    def _sample(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self.propose(study, trial, search_space)

    def _compute_acquisition_func(
        self, samples: Samples, mpe_below: _ParzenEstimator, mpe_above: _ParzenEstimator
    ) -> Floats:
        promise: Floats = super()._compute_acquisition_func(samples, mpe_below, mpe_above)
        self._judged = samples, promise
        return promise
