"""What a trained network says of cases that it has not seen. best.pt of a supervised training is all that it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trainables.base import checkpoint
from trainables.base.checkpoint import CheckpointError
from trainables.base.member_axis import Tensors
from trainables.networks import networks, specs
from trainables.networks.specs import Spec

CLASS_SHARE = "probability"


@dataclass(frozen=True)
class Predictor:
    """One network, with what its inputs need and what its outputs are.

    features: names of the numbers of a case, in order; targets: of what is predicted; classes: their names where one of
    several is predicted; mean, deviation: (F,) of the features as it was trained.
    """

    features: tuple[str, ...]
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    spec: Spec
    parameters: Tensors

    def predict(self, cases: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
        """cases: (N, F) in the units of the data. Returns of each its targets by name; a class with its probability."""
        inputs = (np.array(cases, dtype=np.float64).reshape(-1, len(self.features)) - self.mean) / self.deviation
        with torch.no_grad():
            outputs = networks.function(self.spec)(self.parameters, torch.from_numpy(inputs.astype(np.float32)))
        if not self.classes:
            # As short as a float32 can be told.
            rows = [[float(str(value)) for value in row] for row in outputs.numpy()]
            return [dict(zip(self.targets, row, strict=True)) for row in rows]
        shares, places = outputs.softmax(-1).max(-1)
        return [
            {self.targets[0]: self.classes[place], CLASS_SHARE: round(share, 6)}
            for place, share in zip(places.tolist(), shares.tolist(), strict=True)
        ]


def load(path: Path) -> Predictor:
    """The network of a best.pt of a supervised training. Raises CheckpointError where it is no such file."""
    best = checkpoint.read(path)
    if best is None:
        raise CheckpointError(f"{path}: there is no such file")
    if "inputs" not in best:
        raise CheckpointError(f"{path}: a policy, which acts; predictions are made by what was trained on data")
    spec = specs.from_plain(best["network"])
    inputs, outputs = best["inputs"], best.get("outputs", {})
    return Predictor(
        features=tuple(inputs.get("names") or _numbered("feature", spec.inputs)),
        targets=tuple(outputs.get("names") or _numbered("target", spec.outputs)),
        classes=tuple(outputs.get("classes", ())),
        mean=np.array(inputs["mean"]),
        deviation=np.array(inputs["deviation"]),
        spec=spec,
        parameters=best["state_dict"],
    )


def _numbered(name: str, count: int) -> list[str]:
    """Names for what an earlier version kept without."""
    return [f"{name}[{place}]" for place in range(count)]
