"""What a model believes of a search: the value of settings that were not tried, and how sure it is of it.

The model is a Gaussian process (Rasmussen and Williams, 2006) with a Matern kernel of smoothness 5/2 and a length scale
for each axis, fitted to the trials at the budget that most of them have come to. It is not the sampler, which may have
none; it says what these trials say.

Letters in shapes: N settings, D axes.
"""

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tuning.report.axes import Axis
from tuning.study.summary import StudySummary, TrialSummary

FEWEST, MOST = 12, 200
"""Trials: of fewer nothing is believed; of more the best and an even share of the others are enough."""

NOISE = (0.05, 1.0)
"""The share of the differences between trials that is taken for luck of their seeds, at least and at most: a model that
took none for luck would believe every trial to the letter."""

Floats = NDArray[np.float64]


class Beliefs:
    """A model of what settings are worth."""

    def __init__(self, axes: Sequence[Axis], trials: Sequence[TrialSummary], values: Sequence[float]) -> None:
        """Fit it.

        axes: what trials differ in.
        trials: at least FEWEST.
        values: of these trials.
        """
        # Both take a second to import, and only reports need them.
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

        self._axes = axes
        points = np.array([self.point(trial.params) for trial in trials])
        kernel = ConstantKernel(1.0, (1e-2, 1e2)) * Matern([1.0] * points.shape[1], (0.2, 20.0), 2.5)
        self._model = GaussianProcessRegressor(kernel + WhiteKernel(0.3, NOISE), normalize_y=True, random_state=0)
        with warnings.catch_warnings():
            # A length scale at its bound is an axis that does not matter.
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._model.fit(points, np.array(values))

    def point(self, params: Mapping[str, Any]) -> Floats:
        """Where settings lie in the model's space, (D,): numbers from 0 to 1, an axis for each option."""
        found: list[float] = []
        for axis in self._axes:
            place = axis.place(params)
            if axis.options is not None:
                found += [float(place == index) for index in range(len(axis.options))]
            else:
                # One that does not count for a trial lies in the middle, where it says least.
                found.append(0.5 if place is None else (place - axis.low) / max(axis.high - axis.low, 1e-12))
        return np.array(found)

    def of(self, settings: Sequence[Mapping[str, Any]]) -> tuple[Floats, Floats]:
        """The mean and the standard deviation of what it believes of settings, (N,) each, without a seed's luck."""
        mean, deviation = self._model.predict(np.array([self.point(each) for each in settings]), return_std=True)
        return mean, deviation


def compared(summary: StudySummary) -> tuple[int | None, list[tuple[TrialSummary, float]]]:
    """The budget that most trials have come to, and the trials with their values there."""
    counts = Counter(at for trial in summary.trials for at in trial.rungs)
    common = max(counts, key=lambda at: (counts[at], at), default=None)
    if common is None:
        return None, []
    return common, [(trial, trial.rungs[common]) for trial in summary.trials if common in trial.rungs]


def fitted(axes: Sequence[Axis], found: Sequence[tuple[TrialSummary, float]]) -> Beliefs | None:
    """A model of these trials; None where they are too few, or all the same."""
    if len(found) < FEWEST or len({value for _, value in found}) == 1 or not axes:
        return None
    kept = found[:: max(1, -(-len(found) // MOST))]
    return Beliefs(axes, [trial for trial, _ in kept], [value for _, value in kept])
