"""What is wrong with a data set itself, whoever learns from it. Pure: arrays in, findings out.

Letters in shapes: N rows, F features, T targets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trainables.data.datasets import Dataset
from trainables.data.scaling import Floats

RARE = 0.01
"""The share of the rows below which a class is next to absent."""

APART = 1_000.0
"""Deviations of features this many times another's leave the smaller one unseen."""

LARGE, SMALL = 5.0, 0.1
"""Features of a larger root mean square, or of smaller values throughout, are ill to begin with: first weights are
meant for features of about 1 (LeCun et al., 1998, "Efficient BackProp", section 4.3)."""

TWICE = 0.05
"""The share of the rows to validate on that are among those to train on, from which on a validation is no test."""

TELLS_ALL = 0.9999
"""A correlation with the target that only the target itself has, or what is made of it."""


@dataclass(frozen=True)
class Flaw:
    """One thing that is wrong.

    name: as docs/diagnosis.md lists it. sentence: what there is. cause: what that most likely comes from.
    evidence: the numbers. patch: the change of settings that may mend it.
    """

    name: str
    sentence: str
    cause: str
    evidence: dict[str, float]
    patch: dict[str, Any] = field(default_factory=dict)


def flaws(data: Dataset, standardised: bool) -> list[Flaw]:
    """What is wrong with a data set, what spoils most first.

    standardised: whether features are brought to one size before they are learnt from.
    """
    found = [*_constant(data), *_leaked(data), *_twice(data), *_rare(data)]
    return found if standardised else [*found, *_scales(data)]


def _constant(data: Dataset) -> Iterator[Flaw]:
    for place, name in enumerate(data.targets):
        targets = data.train_targets[:, place]
        if len(targets) and np.ptp(targets) == 0:
            value = data.classes[int(targets[0])] if data.classes else f"{targets[0]:g}"
            yield Flaw(
                "constant_target",
                f"{name} is {value} in every row to train on: there is nothing to learn.",
                "A wrong column, or rows that were chosen by it.",
                {"rows": float(len(targets))},
            )


def _rare(data: Dataset) -> Iterator[Flaw]:
    if not data.classes:
        return
    counts = np.bincount(data.train_targets[:, 0].astype(np.int64), minlength=len(data.classes))
    shares = counts / max(1, counts.sum())
    rarest = int(shares.argmin())
    if shares[rarest] < min(RARE, 0.1 / len(data.classes)):
        yield Flaw(
            "class_nearly_absent",
            f"{data.classes[rarest]!r} is the class of {counts[rarest]:,} of {counts.sum():,} rows to train on.",
            "A loss that hardly counts a class does not learn it.",
            {"share": float(shares[rarest])},
            {"class_weights": "balanced"},
        )


def _scales(data: Dataset) -> Iterator[Flaw]:
    sizes = data.train_features.std(0)
    there = np.flatnonzero(sizes > 0)
    if len(there) < 2:
        return
    least, most = there[sizes[there].argmin()], there[sizes[there].argmax()]
    if sizes[most] > APART * sizes[least]:
        yield Flaw(
            "feature_scales",
            f"{data.features[most]} varies by {sizes[most]:.3g}, {data.features[least]} by {sizes[least]:.3g}, and "
            "they are learnt from as they are.",
            "Features are not standardised.",
            {"largest": float(sizes[most]), "smallest": float(sizes[least])},
            {"standardise": True},
        )
        return
    # A feature that is far from 0 for all of its spread is as bad as one that is spread too far.
    strengths, highest = np.sqrt(np.square(data.train_features).mean(0)), np.abs(data.train_features).max(0)
    odd = [int(place) for place in there if strengths[place] > LARGE or highest[place] < SMALL]
    if odd:
        worst = max(odd, key=lambda place: abs(float(np.log(strengths[place]))))
        yield Flaw(
            "feature_scales",
            f"{data.features[worst]} is {strengths[worst]:.3g} in size (root mean square), and is learnt from as it "
            "is.",
            "Features are not standardised.",
            {"size": float(strengths[worst])},
            {"standardise": True},
        )


def _twice(data: Dataset) -> Iterator[Flaw]:
    known = set(_rows(data.train_features, data.train_targets))
    unseen = list(_rows(data.validation_features, data.validation_targets))
    twice = sum(row in known for row in unseen)
    if unseen and twice > TWICE * len(unseen):
        yield Flaw(
            "duplicated_rows",
            f"{twice:,} of the {len(unseen):,} rows to validate on are among those to train on as well.",
            "Rows that were copied before the split; validation praises what was learnt by heart.",
            {"share": twice / len(unseen)},
        )


def _leaked(data: Dataset) -> Iterator[Flaw]:
    told = np.eye(len(data.classes))[data.train_targets[:, 0].astype(np.int64)] if data.classes else data.train_targets
    strength = np.abs(_correlations(data.train_features, told)).max(1, initial=0.0)
    # With two rows or three, or one feature alone, a line through all of them proves nothing.
    if len(told) < 10 or len(data.features) < 2:
        return
    for place in np.flatnonzero(strength > TELLS_ALL):
        rest = [name for name in data.features if name != data.features[place]]
        yield Flaw(
            "target_leaked",
            f"{data.features[place]} tells {', '.join(data.targets)} by itself, with a correlation of "
            f"{strength[place]:.5f}.",
            "The feature is made of the target, and will not be there when it counts.",
            {"correlation": float(strength[place])},
            {"features": rest},
        )


def _correlations(features: Floats, targets: Floats) -> Floats:
    """Of every feature with every target, (F, T); 0 where either is constant."""
    x, y = (values - values.mean(0) for values in (features, targets))
    sizes = np.outer(np.linalg.norm(x, axis=0), np.linalg.norm(y, axis=0))
    found: Floats = np.divide(x.T @ y, sizes, out=np.zeros_like(sizes), where=sizes > 1e-12)
    return found


def _rows(features: Floats, targets: Floats) -> Iterator[int]:
    return (hash(row.tobytes()) for row in np.hstack([features, targets]))
