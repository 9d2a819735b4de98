"""Cases that people ask a network about, on the command line or in a file."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainables.data import datasets, table_files
from trainables.data.columns import Column
from trainables.data.table_files import NoNames, TableError, Texts
from trainables.prediction import Predictor
from tuning.errors import PredictionError
from tuning.sweep.wording import unknown


@dataclass(frozen=True)
class Case:
    """One case.

    features: what is looked at, by column; None where it is missing.
    given: all that the case came with, as text, by column.
    """

    features: dict[str, Any]
    given: dict[str, str]


@dataclass(frozen=True)
class Cases:
    """Cases in order.

    each: one by one.
    numbers: (N, F), what the network sees of them.
    notes: what it has never seen.
    """

    each: list[Case]
    numbers: NDArray[np.float64]
    notes: list[str]


def cases(given: Sequence[str], predictor: Predictor) -> Cases:
    """The cases in order. Raises PredictionError.

    given: cases as values with commas between them, or paths of files of cases.
    predictor: which is asked about them.
    """
    if not given:
        names = ",".join(predictor.features)
        raise PredictionError(f"--input: is missing; a case is {names}, or give a .csv of them")
    parts = [_cases(each, predictor) for each in given]
    return Cases(
        [case for part in parts for case in part.each],
        np.vstack([part.numbers for part in parts]),
        [note for part in parts for note in part.notes],
    )


def _cases(given: str, predictor: Predictor) -> Cases:
    is_file = datasets.is_file(given)
    texts = _texts_of_file(Path(given), predictor) if is_file else _typed(given, predictor)
    try:
        read = predictor.read(texts)
    except TableError as error:
        raise PredictionError(f"--input: {error}" + ("" if is_file else f", in {given!r}")) from error
    return Cases(_one_by_one(texts, read), predictor.numbers(read), predictor.unseen(read))


def _typed(given: str, predictor: Predictor) -> Texts:
    """A case that was typed, in the order of the columns."""
    names = predictor.features
    parts = next(csv.reader([given]), [])
    if len(parts) != len(names):
        what = "numbers" if all(column.kind == "number" for column in predictor.columns) else "values"
        wanted = f"{len(names)} {what}: {','.join(names)}"
        raise PredictionError(f"--input: should be {wanted}, is {given!r}, which has {len(parts)}")
    return table_files.as_texts({name: [part] for name, part in zip(names, parts, strict=True)})


def _texts_of_file(path: Path, predictor: Predictor) -> Texts:
    try:
        texts = table_files.texts(path, predictor.header)
    except NoNames as error:
        names = ",".join(predictor.features)
        raise PredictionError(f"--input: {error}: {names} are needed, in any order") from error
    except TableError as error:
        raise PredictionError(f"--input: {error}") from error
    missing = [name for name in predictor.features if name not in texts.columns]
    if missing:
        hints = " ".join(unknown(name, texts.columns, f"there is no column {name!r}") + "." for name in missing)
        raise PredictionError(f"--input: {path.name}: {hints}")
    return texts


def _one_by_one(texts: Texts, read: Mapping[str, Column]) -> list[Case]:
    given = {name: column.to_pylist() for name, column in texts.columns.items()}
    features = {name: _shown(column, given[name]) for name, column in read.items()}
    return [
        Case(
            {name: values[row] for name, values in features.items()},
            {name: values[row] for name, values in given.items()},
        )
        for row in range(len(next(iter(given.values()))))
    ]


def _shown(column: Column, given: Sequence[str]) -> list[Any]:
    """Numbers as such, and all else as it was given; None where it is missing."""
    values = column.values.tolist() if column.kind == "number" else [text.strip() for text in given]
    return [None if none else value for value, none in zip(values, column.missing.tolist(), strict=True)]


def as_text(value: Any) -> str:
    """A value that was given or predicted, as text; a whole number without a decimal point, nothing for none."""
    return str(value).removesuffix(".0") if isinstance(value, float) else "" if value is None else str(value)
