"""Tables of a person's own: named columns out of a .csv or .parquet file, or the arrays of an .npz file."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]
"""(N, k): float64, NaN where a number is missing; or objects, where not all are numbers. Of an array of .npz k may be
above 1."""

Table = dict[str, Column]

MOST_BYTES = 2**33


class TableError(ValueError):
    """The file or a column of it can't be used; the message says why, in a line."""


def read(path: Path) -> Table:
    """The columns of a file in its order, all of the same length. Raises TableError."""
    if not path.is_file():
        raise TableError(f"there is no file {path.absolute()}")
    if path.stat().st_size > MOST_BYTES:
        raise TableError(f"{path.name} is larger than {MOST_BYTES // 2**30} GiB, and all of it should fit into memory")
    table = READERS[path.suffix](path)
    lengths = {name: len(column) for name, column in table.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise TableError(f"{path.name}: arrays should have as many rows as each other, have {shown}")
    return table


def single(table: Table) -> Table:
    """The same with every column (N, 1): those of an array of several are numbered, name[0] and on."""
    return {
        name if column.shape[1] == 1 else f"{name}[{place}]": column[:, place : place + 1]
        for name, column in table.items()
        for place in range(column.shape[1])
    }


def numbers(name: str, column: Column) -> NDArray[np.float64]:
    """A column (N, k) of which all are finite numbers. Raises TableError with the first row where one is not."""
    if column.dtype == object:
        for row, values in enumerate(column, 1):
            for value in values:
                if not _is_number(value):
                    raise TableError(f"column {name!r} should be numbers, is {value!r} in row {row}")
        column = column.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(column).all(axis=1))
    if wrong.size:
        row = int(wrong[0])
        what = "no number" if np.isnan(column[row]).any() else "an infinite number"
        more = f" and in {wrong.size - 1} more" if wrong.size > 1 else ""
        raise TableError(f"column {name!r} has {what} in row {row + 1}{more}")
    return column.astype(np.float64)


def number(text: str) -> float:
    """A finite number out of text. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"should be a number, is {text.strip()!r}")
    return value


def _is_number(value: object) -> bool:
    try:
        number(str(value))
    except ValueError:
        return False
    return True


def _csv(path: Path) -> Table:
    from pyarrow import csv

    return _from_arrow(path, csv.read_csv)


def _parquet(path: Path) -> Table:
    from pyarrow import parquet

    return _from_arrow(path, parquet.read_table)


def _from_arrow(path: Path, reader: Callable[[Path], Any]) -> Table:
    import pyarrow

    try:
        read = reader(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise TableError(f"{path.name} can't be read: {_line(error)}") from error
    twice = [name for name in read.column_names if read.column_names.count(name) > 1]
    if twice:
        raise TableError(f"{path.name} has more than one column {twice[0]!r}")
    return {name: _from_column(read.column(name)) for name in read.column_names}


def _from_column(column: Any) -> Column:
    import pyarrow

    try:
        found: Column = column.cast(pyarrow.float64(), safe=False).to_numpy()
    except pyarrow.ArrowException:
        found = np.array([None if value is None else str(value) for value in column.to_pylist()], dtype=object)
    return found[:, None]


def _npz(path: Path) -> Table:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: _from_array(name, arrays[name]) for name in arrays.files}
    except (BadZipFile, EOFError, OSError) as error:
        raise TableError(f"{path.name} can't be read: {_line(error)}") from error
    except TableError:
        raise
    except (AttributeError, ValueError) as error:
        raise TableError(f"{path.name} should hold arrays of numbers or text by name: {_line(error)}") from error


def _from_array(name: str, array: NDArray[Any]) -> Column:
    if array.ndim not in (1, 2):
        raise TableError(f"array {name!r} should have the shape (N,) or (N, k), has {array.shape}")
    columns = array.reshape(len(array), -1)
    if columns.dtype.kind in "biuf":
        return columns.astype(np.float64)
    return np.array([[str(value) for value in row] for row in columns.tolist()], dtype=object).reshape(columns.shape)


def _line(error: Exception) -> str:
    return " ".join(f"{error or type(error).__name__}".split())


READERS: Mapping[str, Callable[[Path], Table]] = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
"""By the end of the file's name."""
