"""People's own tables: the named columns of a file of text or a .parquet, or the arrays of an .npz file."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from trainables.data import answering_files, columns, text_files
from trainables.data.columns import Column
from trainables.data.text_files import NoNames, TableError

__all__ = ["ENDINGS", "NoNames", "Table", "TableError", "Texts", "as_texts", "is_table", "read", "texts"]

MOST_BYTES = 2**33

INDEX = re.compile(r"Unnamed: 0(\.\d+)*")
"""What pandas calls a first column without a name, as the index of a table has none in a .csv."""


@dataclass(frozen=True)
class Table:
    """What a file has.

    columns: all equally long, in the order of the file; those of an array with several are numbered, name[0] and so on.
    arrays: the columns of each array of an .npz; of other files each column alone.
    left_out: columns that are learnt from only if they are asked for, as they number or name the rows.
    notes: how the file is written, where that could be otherwise.
    """

    columns: dict[str, Column]
    arrays: Mapping[str, tuple[str, ...]]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(next(iter(self.columns.values())).values) if self.columns else 0


@dataclass(frozen=True)
class Texts:
    """What a file has, as text.

    columns: Arrow columns of text, as they are written in the file, "" for a missing value.
    decimal_comma: whether its numbers have one.
    """

    columns: dict[str, Any]
    decimal_comma: bool = False


def is_table(path: Path) -> bool:
    """Whether a file with such a name is one."""
    return _ending(path) in ENDINGS


def read(path: Path, header: bool | None = None) -> Table:
    """What a file has. Raises TableError.

    path: of the file.
    header: whether the first row of a text has the names; None: it should, and is refused if it looks like values.
    """
    _insist_on_a_file(path)
    ending = _ending(path)
    if ending == ".npz":
        return _from_arrays(path)
    if ending == ".parquet":
        return _from_parquet(path)
    written = text_files.read(path, header)
    names, given = _named(path, written.columns.column_names), written.columns.column_names
    found = {
        name: columns.from_text(column, written.decimal_comma)
        for name, column in zip(names, written.columns.columns, strict=True)
    }
    # As a separator at the end of every row makes it.
    empty = {name for name, word in zip(names, given, strict=True) if not word and found[name].missing.all()}
    found = {name: column for name, column in found.items() if name not in empty}
    left_out = tuple(name for name in found if INDEX.fullmatch(name))
    return Table(found, {name: (name,) for name in found}, left_out, written.notes)


def texts(path: Path, header: bool | None = None) -> Texts:
    """The same columns as text. Raises TableError."""
    _insist_on_a_file(path)
    if _ending(path) not in (".npz", ".parquet"):
        written = text_files.read(path, header)
        names = _named(path, written.columns.column_names)
        return Texts(dict(zip(names, written.columns.columns, strict=True)), written.decimal_comma)
    if _ending(path) == ".npz":
        values = {name: column.tolist() for name, column in _single(_arrays(path)).items()}
    else:
        found = _arrow(path)
        values = {name: found.column(name).to_pylist() for name in found.column_names}
    return as_texts(values)


def as_texts(values: Mapping[str, Sequence[Any]]) -> Texts:
    """Values of any kind as text, by column."""
    return Texts({name: columns.as_texts(column) for name, column in values.items()})


def _ending(path: Path) -> str:
    """In lower case, without that of a compressed text."""
    name = path.name.lower()
    short = name.removesuffix(text_files.GZIPPED)
    ending = Path(short).suffix
    return ending if short == name or ending in TEXT else Path(name).suffix


def insist_on_answer(path: Path) -> None:
    """Raises TableError if a file is there that can't be read, as its file system does not answer."""
    try:
        answering_files.insist_on_answer(str(path))
    except answering_files.Silent as error:
        raise TableError(f"{path.name} can't be read: {error}") from error


def _insist_on_a_file(path: Path) -> None:
    insist_on_answer(path)
    if not path.exists():
        raise TableError(f"there is no file {path.absolute()}")
    if not path.is_file():
        raise TableError(f"{path.name} should be a regular file, is {_kind(path)}")
    if path.stat().st_size > MOST_BYTES:
        raise TableError(f"{path.name} is larger than {MOST_BYTES // 2**30} GiB, and all of it should fit into memory")


def _kind(path: Path) -> str:
    """What a path is that is no regular file."""
    kinds = {"a folder": path.is_dir(), "a named pipe": path.is_fifo(), "a socket": path.is_socket()}
    return next((kind for kind, is_it in kinds.items() if is_it), "a device")


def _named(path: Path, names: list[str]) -> list[str]:
    """Names of the columns, also of those that have none. Raises TableError if two have the same."""
    named = [name or f"Unnamed: {place}" for place, name in enumerate(names)]
    if names[:1] == [""] and named[0] in names:
        # Twice written and read.
        named = [f"{name}.1" if place and name == named[0] else name for place, name in enumerate(named)]
    twice = list(dict.fromkeys(name for name in named if named.count(name) > 1))
    if twice:
        raise TableError(f"{path.name} has more than one column {', '.join(map(repr, twice))}")
    return named


def _from_parquet(path: Path) -> Table:
    found = _arrow(path)
    read: dict[str, Column] = {}
    for name in found.column_names:
        try:
            read[name] = columns.from_arrow(found.column(name))
        except ValueError as error:
            raise TableError(f"{path.name}: column {name!r} {error}") from error
    return Table(read, {name: (name,) for name in read}, _index_of(found.schema))


def _index_of(schema: Any) -> tuple[str, ...]:
    """The columns that pandas wrote as the index of a table."""
    described = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    index = described.get("index_columns", []) if isinstance(described, dict) else []
    return tuple(name for name in index if isinstance(name, str) and name in schema.names)


def _arrow(path: Path) -> Any:
    """Arrow's table of a .parquet. Raises TableError, also if two columns have the same name."""
    import pyarrow
    from pyarrow import parquet

    try:
        found = parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise TableError(f"{path.name} can't be read: {_line(error)}") from error
    _named(path, found.column_names)
    return found


def _from_arrays(path: Path) -> Table:
    arrays = _arrays(path)
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise TableError(f"{path.name}: arrays should have as many rows as each other, have {shown}")
    try:
        found = {name: columns.from_array(column) for name, column in _single(arrays).items()}
    except ValueError as error:
        raise TableError(f"{path.name}: an array {error}") from error
    return Table(found, {name: tuple(_single({name: array})) for name, array in arrays.items()})


def _single(arrays: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Arrays (N, k) as columns (N,)."""
    return {
        name if array.shape[1] == 1 else f"{name}[{place}]": array[:, place]
        for name, array in arrays.items()
        for place in range(array.shape[1])
    }


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz, (N, k) and of any type."""
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


def _line(error: Exception) -> str:
    return " ".join(f"{error or type(error).__name__}".split())


TEXT = (".csv", ".tsv", ".txt", ".tab")
"""Endings of files of text; .gz may follow."""

ENDINGS = (*TEXT, ".parquet", ".npz")
"""Endings of the names of all files that can be read, in lower or upper case."""
