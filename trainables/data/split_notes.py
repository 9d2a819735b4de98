"""What to know of how a data set is divided: classes that are missing in a part, rows that are in both."""

from collections.abc import Iterator

import numpy as np

from trainables.data.datasets import Dataset
from trainables.data.scaling import Floats

MOST_CLASSES = 5
"""Of more classes only these are named."""


def notes(data: Dataset) -> Iterator[str]:
    """Each in a sentence."""
    yield from _missing_classes(data)
    yield from _rows_in_both(data)


def _missing_classes(data: Dataset) -> Iterator[str]:
    counts = [
        np.bincount(targets[:, 0].astype(np.int64), minlength=len(data.classes))
        for targets in (data.train_targets, data.validation_targets)
        if data.classes
    ]
    for there, other, what in zip(counts, reversed(counts), ("train", "validate"), strict=False):
        missing = np.flatnonzero(there == 0).tolist()
        named = ", ".join(f"{data.classes[each]!r} ({other[each]:,} in all)" for each in missing[:MOST_CLASSES])
        more = f" and {len(missing) - MOST_CLASSES} more" if len(missing) > MOST_CLASSES else ""
        if missing:
            yield f"{'a class has' if len(missing) == 1 else 'classes have'} no row to {what} on: {named}{more}"


def _rows_in_both(data: Dataset) -> Iterator[str]:
    known = set(_rows(data.train_features, data.train_targets))
    twice = sum(row in known for row in _rows(data.validation_features, data.validation_targets))
    if twice:
        yield (
            f"{twice:,} of the {len(data.validation_targets):,} rows to validate on are among those to train on as "
            "well, with the same features and targets; `split: {by: column}` keeps together what belongs together"
        )


def _rows(features: Floats, targets: Floats) -> Iterator[bytes]:
    return (row.tobytes() for row in np.hstack([features, targets]))
