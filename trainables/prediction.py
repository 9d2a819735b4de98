"""What a trained network predicts of cases that it has not seen: by name, from the best.pt of a supervised training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.trained_network import TrainedNetwork

CLASS_SHARE = "probability"


@dataclass(frozen=True)
class Predictor:
    """A network, and how its inputs and outputs are called.

    network: which takes features in the units of the data.
    features: the names of the numbers of a case, in order.
    targets: the names of what is predicted.
    classes: the names of the classes, if one of several is predicted.
    """

    network: TrainedNetwork
    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]

    def predict(self, cases: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
        """Of each case, its targets by name; a class with its probability.

        cases: (N, F), in the units of the data.
        """
        outputs = self.network(np.array(cases, dtype=np.float64).reshape(-1, len(self.features)))
        if not self.classes:
            rows = [self._rounded(row) for row in outputs.numpy()]
            return [dict(zip(self.targets, row, strict=True)) for row in rows]
        shares, places = torch.softmax(outputs, -1).max(-1)
        return [
            {self.targets[0]: self.classes[place], CLASS_SHARE: round(share, 6)}
            for place, share in zip(places.tolist(), shares.tolist(), strict=True)
        ]

    def _rounded(self, targets: NDArray[Any]) -> list[float]:
        """The targets (T,) of one case in as many digits as the network, which computes in float32, can tell apart."""
        if targets.dtype == np.float32:
            # The shortest text that tells a float32 from all others.
            return [float(str(value)) for value in targets]
        places = 7 - np.floor(np.log10(self.network.target_deviation.numpy())).astype(int)
        return [round(value, place) for value, place in zip(targets.tolist(), places.tolist(), strict=True)]


def load(path: Path) -> Predictor:
    """The network of a best.pt.

    Raises CheckpointError if that is not of a supervised training, and Unimportable for a person's own network that
    can't be imported.
    """
    best = checkpoint.read(path)
    if best is None:
        raise CheckpointError(f"{path}: there is no such file")
    if "inputs" not in best:
        raise CheckpointError(f"{path}: a policy, which acts; predictions are made by what was trained on data")
    network = TrainedNetwork(best)
    return Predictor(
        network,
        features=network.features or _numbered("feature", best["network"]["inputs"]),
        targets=network.targets or _numbered("target", best["network"]["outputs"]),
        classes=network.classes,
    )


def _numbered(name: str, count: int) -> tuple[str, ...]:
    """Names where an earlier version kept none."""
    return tuple(f"{name}[{place}]" for place in range(count))
