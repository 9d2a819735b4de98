"""People's own tables: the named columns of a .csv or .parquet file, or the arrays of an .npz file."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

Column = NDArray[Any]
"""(N, k): float64 with NaN for a missing number, or objects if not all are numbers. k is above 1 only for arrays of an
.npz."""

Table = dict[str, Column]

MOST_BYTES = 2**33


class TableError(ValueError):
    """The file, or a column of it, can't be used; the message says why in one line."""


def read(path: Path) -> Table:
    """The columns of a file, in its order and all equally long. Raises TableError."""
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


def as_written(path: Path) -> dict[str, list[str]]:
    """The same columns with their values as text, "" for a missing one; those of a .csv as they are written there.

    Columns are named as `single` names them. Raises TableError.
    """
    if path.suffix != ".csv":
        table = single(_VALUES[path.suffix](path))
        return {name: [_as_text(value) for value in column[:, 0].tolist()] for name, column in table.items()}
    from pyarrow import csv, string

    names = _arrow(path, csv.read_csv).column_names
    as_text = csv.ConvertOptions(column_types=dict.fromkeys(names, string()), strings_can_be_null=False)
    found = _arrow(path, lambda path: csv.read_csv(path, convert_options=as_text))
    return {name: found.column(name).to_pylist() for name in names}


def single(table: Table) -> Table:
    """The table with columns (N, 1) only: those of an array with several are numbered, name[0] and so on."""
    return {
        name if column.shape[1] == 1 else f"{name}[{place}]": column[:, place : place + 1]
        for name, column in table.items()
        for place in range(column.shape[1])
    }


def numbers(name: str, column: Column) -> NDArray[np.float64]:
    """A column (N, k) of finite numbers. Raises TableError with the first row in which one is not."""
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
    """The finite number that a text says. Raises ValueError."""
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
    found = _arrow(path, reader)
    return {name: _from_column(found.column(name)) for name in found.column_names}


def _arrow(path: Path, reader: Callable[[Path], Any]) -> Any:
    """Arrow's table of a file. Raises TableError, also if two columns have the same name."""
    import pyarrow

    try:
        found = reader(path)
        names = found.column_names
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        _insist_on_utf8(path)
        raise TableError(f"{path.name} can't be read: {_line(error)}") from error
    # Arrow takes text that is not UTF-8 for bytes.
    if any(pyarrow.types.is_binary(kind) for kind in found.schema.types):
        _insist_on_utf8(path)
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise TableError(f"{path.name} has more than one column {twice[0]!r}")
    return found


def _insist_on_utf8(path: Path) -> None:
    """Raises TableError if a .csv is not UTF-8, with the first line that is not."""
    if path.suffix != ".csv" or not path.is_file():
        return
    with path.open("rb") as lines:
        for place, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError as error:
                found = line[max(0, error.start - 10) : error.start + 10].decode("latin-1").strip()
                raise TableError(
                    f"{path.name} should be UTF-8 text, and line {place} is in another encoding, in Latin-1 "
                    f"{found!r}; `iconv -f latin1 -t utf-8` makes it UTF-8"
                ) from error


def _from_column(column: Any) -> Column:
    import pyarrow

    try:
        found: Column = column.cast(pyarrow.float64(), safe=False).to_numpy()
    except pyarrow.ArrowException:
        found = np.array([None if value is None else _text(value) for value in column.to_pylist()], dtype=object)
    return found[:, None]


def _text(value: object) -> str:
    """A value as text; bytes are taken for UTF-8, or else for Latin-1, which any bytes are."""
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _as_text(value: object) -> str:
    """A value as it is written to a file; whole numbers without a decimal point."""
    if value is None or value != value:
        return ""
    return str(value).removesuffix(".0") if isinstance(value, float) else _text(value)


def _npz(path: Path) -> Table:
    return {name: _from_array(column) for name, column in _arrays(path).items()}


def _arrays(path: Path) -> Table:
    """The arrays of an .npz, of any type; those with one axis become a column."""
    try:
        found = np.load(path, allow_pickle=False)
        if not isinstance(found, NpzFile):
            raise TableError(
                f"{path.name} should hold arrays by name, is a single one: np.savez(path, name=array) makes such a file"
            )
        with found as arrays:
            return {name: _as_columns(name, arrays[name]) for name in arrays.files}
    except (BadZipFile, EOFError, OSError) as error:
        raise TableError(f"{path.name} can't be read: {_line(error)}") from error
    except TableError:
        raise
    except (AttributeError, ValueError) as error:
        raise TableError(f"{path.name} should hold arrays of numbers or text by name: {_line(error)}") from error


def _as_columns(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.ndim not in (1, 2):
        raise TableError(f"array {name!r} should have the shape (N,) or (N, k), has {array.shape}")
    if array.ndim == 2 and not array.shape[1]:
        raise TableError(f"array {name!r} should have a column or more, has none: its shape is {array.shape}")
    return array[:, None] if array.ndim == 1 else array


def _from_array(columns: NDArray[Any]) -> Column:
    if columns.dtype.kind in "biuf":
        return columns.astype(np.float64)
    return np.array([[_text(value) for value in row] for row in columns.tolist()], dtype=object).reshape(columns.shape)


def _values_of_parquet(path: Path) -> Table:
    from pyarrow import parquet

    found = _arrow(path, parquet.read_table)
    return {name: _objects(found.column(name).to_pylist()) for name in found.column_names}


def _objects(values: list[Any]) -> Column:
    """A column (N, 1) of any values."""
    column = np.empty((len(values), 1), dtype=object)
    for row, value in enumerate(values):
        column[row, 0] = value
    return column


def _line(error: Exception) -> str:
    return " ".join(f"{error or type(error).__name__}".split())


READERS: Mapping[str, Callable[[Path], Table]] = {".csv": _csv, ".npz": _npz, ".parquet": _parquet}
"""Readers by the ending of the file's name."""

_VALUES: Mapping[str, Callable[[Path], Table]] = {".npz": _arrays, ".parquet": _values_of_parquet}
"""Likewise for files that are not text: they give the values as they are there."""
