"""Data sets by name, made or read once and split; what supervised training learns from."""

import difflib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Dataset:
    """Features (N, F) and targets (N, 1), the part to train on and the part to validate on."""

    features: tuple[str, ...]
    train_features: Floats
    train_targets: Floats
    validation_features: Floats
    validation_targets: Floats


def conjunction_risk(features: Floats) -> Floats:
    """The risk (N,) of approaches (N, 4): speed km/s, miss distance km, alert confidence, time to approach h."""
    speed, distance, confidence, hours = features.T
    risk: Floats = 1 / (1 + np.exp(-(0.5 * speed - 2.0 * distance + 0.3 * confidence - 0.1 * hours - 2.0)))
    return risk


def _conjunction_risk(seed: int) -> Dataset:
    """2,000 approaches drawn uniformly, 80 % to train on, 20 % to validate on."""
    features = np.random.default_rng(seed).uniform(0, (15.0, 5.0, 1.0, 24.0), (2_000, 4))
    targets = conjunction_risk(features)[:, None]
    names = ("speed_km_s", "miss_distance_km", "alert_confidence", "time_to_approach_h")
    return Dataset(names, features[:1_600], targets[:1_600], features[1_600:], targets[1_600:])


_MAKERS = {"conjunction-risk": _conjunction_risk}


@lru_cache(maxsize=4)
def load(name: str, seed: int) -> Dataset:
    """The data set of this name. Raises ValueError where there is none."""
    wrong = problem(name)
    if wrong:
        raise ValueError(wrong)
    return _MAKERS[name](seed)


def problem(name: str) -> str | None:
    """What is wrong with the name, in a line; None where nothing is."""
    if name in _MAKERS:
        return None
    near = difflib.get_close_matches(name, _MAKERS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(_MAKERS)}"
    return f"there is no data set {name!r}; {hint}"
