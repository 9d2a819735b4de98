"""What the best network of a study predicts of cases: as a table, as JSON, as a .csv."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from trainables import prediction
from trainables.base.checkpoint import CheckpointError
from trainables.base.own_classes import Unimportable
from tuning.errors import PredictionError
from tuning.report.cases import Case, as_text, cases
from tuning.report.number_format import number
from tuning.study.summary import StudySummary


@dataclass(frozen=True)
class Answer:
    """Predictions.

    study: its name.
    trial: whose network was asked.
    checkpoint: the file that holds the network.
    features: names of what the network sees, in order.
    cases: those that were asked about, in order.
    predictions: of each case, by name.
    notes: what of the cases the network has never seen.
    """

    study: str
    trial: int
    checkpoint: str
    features: tuple[str, ...]
    cases: list[Case]
    predictions: list[dict[str, Any]]
    notes: list[str]

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
            "notes": self.notes,
        }


def answer(summary: StudySummary, given: Sequence[str], trial: int | None = None) -> Answer:
    """What the network of a trial predicts. Raises PredictionError.

    summary: of the study.
    given: cases as text, or paths of files.
    trial: its number; None for the trial to use.
    """
    chosen = _trial(summary, trial)
    checkpoint = next((each.checkpoint for each in summary.trials if each.number == chosen), None)
    if checkpoint is None:
        raise PredictionError(f"trial {chosen} of {summary.name} has no checkpoint to predict with")
    try:
        predictor = prediction.load(Path(checkpoint))
    except (CheckpointError, Unimportable) as error:
        raise PredictionError(str(error)) from error
    asked = cases(given, predictor)
    predictions = predictor.predict(asked.numbers)
    return Answer(summary.name, chosen, checkpoint, predictor.features, asked.each, predictions, asked.notes)


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


def write(answer: Answer, path: Path) -> None:
    """Write cases and predictions to a .csv, with all columns that the cases came with, as they were.

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
                    [case.given.get(name, "") for name in names] + [as_text(found[name]) for name in predicted]
                )
    except OSError as error:
        raise PredictionError(f"--output: {path}: {error.strerror}") from error


def table(answer: Answer) -> Table:
    """Cases and predictions, for people."""
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    predicted = list(answer.predictions[0]) if answer.predictions else []
    for name in (*answer.features, *predicted):
        shown.add_column(name, justify="right", style="bold" if name in predicted else None)
    for case, found in zip(answer.cases, answer.predictions, strict=True):
        values = [*(case.features[name] for name in answer.features), *(found[name] for name in predicted)]
        shown.add_row(*(number(each) if isinstance(each, float) else as_text(each) for each in values))
    return shown
