"""Columns to mean 0 and deviation 1, and back.

Axis letters: N rows, C columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """What brings columns to mean 0 and deviation 1.

    mean, deviation: (C,), in the columns' own units; 0 and 1 where they are left as they are.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def fitted(cls, values: Floats) -> "Scaling":
        """That of these values (N, C); the deviation of a constant column counts as 1."""
        mean, deviation = values.mean(0), values.std(0)
        # The deviation of a constant column is made of rounding errors.
        return cls(mean, np.where(deviation > 1e-9 * np.abs(mean), deviation, 1.0))

    @classmethod
    def none(cls, columns: int) -> "Scaling":
        """That leaves so many columns as they are."""
        return cls(np.zeros(columns), np.ones(columns))

    @classmethod
    def read(cls, plain: Mapping[str, Sequence[float]], columns: int) -> "Scaling":
        """What `plain` gave, of so many columns; none where an earlier version kept none."""
        if "mean" not in plain:
            return cls.none(columns)
        return cls(np.array(plain["mean"], dtype=np.float64), np.array(plain["deviation"], dtype=np.float64))

    def scaled(self, values: Floats) -> Floats:
        """Values (N, C), in double precision: a difference of large numbers must be taken before it is rounded."""
        scaled: Floats = (values - self.mean) / self.deviation
        return scaled

    def plain(self) -> dict[str, list[float]]:
        """It as plain data."""
        return {"mean": self.mean.tolist(), "deviation": self.deviation.tolist()}
