"""Noise that pushes one way for a while: what explores where single steps at random come to nothing.

A first-order autoregressive process, z_t = c z_(t-1) + sqrt(1 - c^2) n_t, whose numbers are standard normal each by
itself (Korenkevych et al., 2019, "Autoregressive Policies for Continuous Control Deep Reinforcement Learning"). With
c = 0 the steps are independent.

Axis letters: M members.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainables.loops.distributions import NEAREST


class CorrelatedNoise:
    """The noise of a pack in episodes that begin together."""

    def __init__(self, correlations: Sequence[float]) -> None:
        """Nothing is drawn yet; correlations: c of each member, from 0 to below 1."""
        self._correlations = np.array(correlations)
        self._noise: NDArray[np.float64] | None = None

    def of(self, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        """Uniform numbers (M, ...) of the next step, made of independent ones, so that their normal ones are z_t."""
        if not self._correlations.any():
            return uniforms
        # Takes a tenth of a second to import, and few trainings need it.
        from scipy.special import ndtr, ndtri

        c = self._correlations.reshape(-1, *[1] * (uniforms.ndim - 1))
        drawn = ndtri(uniforms.clip(NEAREST, 1 - NEAREST))
        self._noise = drawn if self._noise is None else c * self._noise + np.sqrt(1 - c**2) * drawn
        return np.where(c > 0, ndtr(self._noise), uniforms)
