"""Cases that people ask a study's best network about: on the command line or in a file, and what it answers."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from trainables.base.checkpoint import CheckpointError
from trainables.base.own_classes import Unimportable
from trainables.data import datasets, prediction, table_files
from trainables.data.prediction import Predictor
from trainables.data.table_files import TableError
from tuning.errors import PredictionError
from tuning.report.number_format import number
from tuning.study.summary import StudySummary
from tuning.sweep import fields


@dataclass(frozen=True)
class Case:
    """A case. features: what the network sees, by name; given: all that it came with, as text, by column."""

    features: dict[str, float]
    given: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """Cases in order, and of each what is predicted, by name; features: those that the network sees."""

    study: str
    trial: int
    checkpoint: str
    features: tuple[str, ...]
    cases: list[Case]
    predictions: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        return {
            "study": self.study,
            "trial": self.trial,
            "checkpoint": self.checkpoint,
            "predictions": [
                {"features": case.features, "predicted": predicted}
                for case, predicted in zip(self.cases, self.predictions, strict=True)
            ],
        }


def answer(summary: StudySummary, given: Sequence[str], trial: int | None = None) -> Answer:
    """What the network of a trial, else of the one to use, says; given: cases as text, or paths of files.

    Raises PredictionError.
    """
    chosen = _trial(summary, trial)
    checkpoint = next((each.checkpoint for each in summary.trials if each.number == chosen), None)
    if checkpoint is None:
        raise PredictionError(f"trial {chosen} of {summary.name} has no checkpoint to predict with")
    try:
        predictor = prediction.load(Path(checkpoint))
    except CheckpointError as error:
        raise PredictionError(str(error)) from error
    if not given:
        raise PredictionError(f"--input: is missing; a case is {','.join(predictor.features)}, or give a .csv of them")
    cases = [case for each in given for case in _cases(each, predictor)]
    rows = [[case.features[name] for name in predictor.features] for case in cases]
    try:
        predictions = predictor.predict(rows)
    except Unimportable as error:
        raise PredictionError(str(error)) from error
    return Answer(summary.name, chosen, checkpoint, predictor.features, cases, predictions)


def _trial(summary: StudySummary, wanted: int | None) -> int:
    if wanted is not None:
        if wanted not in {each.number for each in summary.trials}:
            raise PredictionError(
                f"--trial: {summary.name} has no trial {wanted}; it has {len(summary.trials)}, from 0 on"
            )
        return wanted
    if summary.front:
        several = ", ".join(str(each.number) for each in summary.front)
        raise PredictionError(f"--trial: is missing; {summary.name} has no single best but a front: {several}")
    if summary.chosen is None:
        raise PredictionError(f"{summary.name} has no trial with a value; --trial names another")
    return summary.chosen.number


def _cases(given: str, predictor: Predictor) -> Iterator[Case]:
    if datasets.is_file(given):
        yield from _cases_of_file(Path(given), predictor)
        return
    parts, features = given.split(","), predictor.features
    if len(parts) != len(features):
        wanted = f"{len(features)} numbers: {','.join(features)}"
        raise PredictionError(f"--input: should be {wanted}, is {given!r}, which has {len(parts)}")
    try:
        numbers = {name: table_files.number(part) for name, part in zip(features, parts, strict=True)}
    except ValueError as error:
        raise PredictionError(f"--input: {error}, in {given!r}") from error
    yield Case(numbers, {name: _cell(value) for name, value in numbers.items()})


def _cases_of_file(path: Path, predictor: Predictor) -> Iterator[Case]:
    try:
        table = table_files.single(table_files.read(path))
        missing = [name for name in predictor.features if name not in table]
        if missing:
            hints = " ".join(fields.unknown(name, table, f"there is no column {name!r}") + "." for name in missing)
            raise PredictionError(f"--input: {path.name}: {hints}")
        numbers = {name: table_files.numbers(name, table[name])[:, 0].tolist() for name in predictor.features}
        given = table_files.as_written(path)
    except TableError as error:
        raise PredictionError(f"--input: {error}") from error
    for row in range(len(next(iter(numbers.values())))):
        yield Case(
            {name: column[row] for name, column in numbers.items()},
            {name: column[row] for name, column in given.items()},
        )


def write(answer: Answer, path: Path) -> None:
    """Cases and predictions as a .csv, a row a case in order, with all columns that the cases came with, as they were.

    Raises PredictionError where it can't be written.
    """
    if path.suffix != ".csv":
        raise PredictionError(f"--output: should end in .csv, is {path}")
    names = list(dict.fromkeys(name for case in answer.cases for name in case.given))
    predicted = list(answer.predictions[0]) if answer.predictions else []
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([*names, *(f"predicted_{name}" for name in predicted)])
            for case, found in zip(answer.cases, answer.predictions, strict=True):
                writer.writerow(
                    [case.given.get(name, "") for name in names] + [_cell(found[name]) for name in predicted]
                )
    except OSError as error:
        raise PredictionError(f"--output: {path}: {error.strerror}") from error


def _cell(value: Any) -> str:
    """What was typed or predicted; a whole number without a point."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def table(answer: Answer) -> Table:
    """Cases and predictions for people."""
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    predicted = list(answer.predictions[0]) if answer.predictions else []
    for name in (*answer.features, *predicted):
        shown.add_column(name, justify="right", style="bold" if name in predicted else None)
    for case, found in zip(answer.cases, answer.predictions, strict=True):
        values = [*(case.features[name] for name in answer.features), *(found[name] for name in predicted)]
        shown.add_row(*(number(each) if isinstance(each, float) else str(each) for each in values))
    return shown
