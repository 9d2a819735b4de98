"""Cases that people ask a network about, on the command line or in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data import datasets, table_files
from trainables.data.table_files import TableError
from tuning.errors import PredictionError
from tuning.sweep.wording import unknown


@dataclass(frozen=True)
class Case:
    """One case.

    features: what the network sees, by name.
    given: all that the case came with, as text, by column.
    """

    features: dict[str, float]
    given: dict[str, str]


def cases(given: Sequence[str], features: Sequence[str]) -> list[Case]:
    """The cases in order. Raises PredictionError.

    given: cases as numbers with commas between them, or paths of files of cases.
    features: names of what the network sees, in order.
    """
    if not given:
        raise PredictionError(f"--input: is missing; a case is {','.join(features)}, or give a .csv of them")
    return [case for each in given for case in _cases(each, features)]


def _cases(given: str, features: Sequence[str]) -> Iterator[Case]:
    if datasets.is_file(given):
        yield from _cases_of_file(Path(given), features)
        return
    parts = given.split(",")
    if len(parts) != len(features):
        wanted = f"{len(features)} numbers: {','.join(features)}"
        raise PredictionError(f"--input: should be {wanted}, is {given!r}, which has {len(parts)}")
    try:
        numbers = {name: table_files.number(part) for name, part in zip(features, parts, strict=True)}
    except ValueError as error:
        raise PredictionError(f"--input: {error}, in {given!r}") from error
    yield Case(numbers, {name: as_text(value) for name, value in numbers.items()})


def _cases_of_file(path: Path, features: Sequence[str]) -> Iterator[Case]:
    try:
        table = table_files.single(table_files.read(path))
        missing = [name for name in features if name not in table]
        if missing:
            hints = " ".join(unknown(name, table, f"there is no column {name!r}") + "." for name in missing)
            raise PredictionError(f"--input: {path.name}: {hints}")
        numbers = {name: table_files.numbers(name, table[name])[:, 0].tolist() for name in features}
        given = table_files.as_written(path)
    except TableError as error:
        raise PredictionError(f"--input: {error}") from error
    for row in range(len(next(iter(numbers.values())))):
        yield Case(
            {name: column[row] for name, column in numbers.items()},
            {name: column[row] for name, column in given.items()},
        )


def as_text(value: Any) -> str:
    """A value that was typed or predicted, as text; a whole number without a decimal point."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
