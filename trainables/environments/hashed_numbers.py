"""Random numbers as functions of an episode's seed: the same one by one and in a grid, without a generator's state."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def hashed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Each number hashed: a step of SplitMix64 (Steele, Lea and Flood, 2014)."""
    # At least one axis, since NumPy warns when a single number overflows, as this arithmetic is meant to.
    state = np.atleast_1d(numbers) + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (state ^ (state >> np.uint64(31))).reshape(np.shape(numbers))


def integers(seeds: ArrayLike, *places: ArrayLike) -> NDArray[np.uint64]:
    """A number for each seed and each place in its stream, such as a purpose and a step; all are broadcast."""
    found = hashed(np.asarray(seeds).astype(np.uint64))
    for place in places:
        found = hashed(found ^ hashed(np.asarray(place).astype(np.uint64)))
    return found


def uniforms(seeds: ArrayLike, *places: ArrayLike) -> NDArray[np.float64]:
    """As `integers`, uniform in [0, 1)."""
    return (integers(seeds, *places) >> np.uint64(11)).astype(np.float64) * 2.0**-53
