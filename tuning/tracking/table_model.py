"""What MLflow runs of a network that was trained on a table: rows of that table in, predictions by name out.

This text is kept with the model and run wherever that is loaded, so that it imports nothing of this project; and
nothing here imports it. The network beside it is a program of torch's own, which takes numbers.

Rows are a DataFrame with the columns that were looked at in training, each of the kind that it had there:

    number    numbers, or text that is plainly a number
    boolean   True and False, 1 and 0, or the words that the table had
    date      dates, or text as the table had it
    text      text; a value that no row of the training had is none of those that it had

A missing value is treated as in training: filled, or refused. Axis letters: N rows, F numbers.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


class TableModel(PythonModel):
    """Predicts the targets of rows, or their class and its probability."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the network, and what is to be known of the columns."""
        self._network = mlflow.pyfunc.load_model(context.artifacts["network"])
        self._table = json.loads(Path(context.artifacts["table"]).read_text(encoding="utf-8"))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """A row of predictions for each row that is given. Raises ValueError for what can't be read."""
        columns = self._table["columns"]
        numbers = np.hstack([self._encoded(column, model_input[column["name"]]) for column in columns])
        answers, targets, classes = self._network.predict(numbers), self._table["targets"], self._table["classes"]
        if not classes:
            return pd.DataFrame(answers, columns=targets, index=model_input.index)
        found = {targets[0]: np.array(classes, dtype=object)[answers.argmax(-1)], "probability": answers.max(-1)}
        return pd.DataFrame(found, index=model_input.index)

    def _encoded(self, column: dict[str, Any], given: "pd.Series[Any]") -> Numbers:
        """(N, F), what the network sees of a column."""
        texts = given.map(lambda value: "" if pd.isna(value) else str(value).strip())
        is_text = column["kind"] == "text"
        missing = texts.isin(self._table["no_value" if is_text else "no_number"]).to_numpy()
        if missing.any() and column["fill"] is None:
            raise ValueError(f"column {column['name']!r} has no value in row {int(np.argmax(missing)) + 1}")
        if is_text:
            values = texts.to_numpy()
            numbers = np.stack([(values == known) & ~missing for known in column["values"]], -1).astype(np.float64)
        else:
            numbers = np.full((len(given), 1), 0.0 if column["fill"] is None else column["fill"], np.float64)
            try:
                numbers[~missing, 0] = self._read(column, given[~missing], texts[~missing])
            except (KeyError, ValueError) as error:
                raise ValueError(f"column {column['name']!r} should be of {column['kind']}s: {error}") from error
        return np.hstack([numbers, missing[:, None]]) if column["marks_missing"] else numbers

    def _read(self, column: dict[str, Any], given: "pd.Series[Any]", texts: "pd.Series[Any]") -> Numbers:
        """(N,), the numbers of values of which none is missing."""
        if column["kind"] == "number":
            return pd.to_numeric(given).to_numpy(np.float64)
        if column["kind"] == "boolean":
            known = {word: float(place) for words in self._table["words"] for place, word in enumerate(words)}
            return np.array([known[text.lower().removesuffix(".0")] for text in texts], np.float64)
        dated = pd.api.types.is_datetime64_any_dtype(given)
        written = given if dated else texts if column["format"] == "ISO8601" else texts.map(_with_seconds)
        dates = pd.to_datetime(written, format=None if dated else column["format"], utc=True)
        return dates.dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64) / 86_400e6


def _with_seconds(text: str) -> str:
    day, _, time = text.partition(" ")
    return f"{day} {time or '00:00'}{':00' if time.count(':') < 2 else ''}"


set_model(TableModel())
