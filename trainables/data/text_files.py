"""Tables that are text: how a file is written is told from its beginning, and its columns are read as they stand there.

Told are the encoding, the separator, lines that are comments, whether the first row has the names, and whether numbers
have a decimal comma.
"""

import csv
import gzip
import mmap
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import Any, Literal

from trainables.data import columns

SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
"""In the order of preference, where several would do: a comma may be part of a number."""

SAMPLE_BYTES, FEWEST_LINES, SAMPLE_ROWS = 2**17, 20, 200
"""How much of a file is looked at to tell how it is written."""

GZIPPED = ".gz"

NO_TEXT = {
    b"PK\x03\x04": "a .zip or a sheet of Excel's",
    b"PAR1": "a .parquet",
    b"%PDF": "a .pdf",
    b"\x89HDF": "an HDF5",
}
"""What files begin with that are no text."""

SEPARATOR_TOLD = re.compile(rb'"?sep=[,;|\t]"?\r?\n')

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANK = BYTE_ORDER_MARK + b" \t\r\n"


# The longest value that is read, which may be a whole row while the separator is looked for.
csv.field_size_limit(2**31 - 1)


class TableError(ValueError):
    """The file, or a column of it, can't be used; the message says why in one line."""


class NoNames(TableError):
    """The first row of a file looks like values."""


@dataclass(frozen=True)
class Written:
    """A file of text as it stands there.

    columns: an Arrow table of text.
    decimal_comma: whether its numbers have one.
    notes: how it is written, where that could be otherwise.
    """

    columns: Any
    decimal_comma: bool
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Dialect:
    """How a table is written.

    names: of the columns.
    separator: between values.
    decimal_comma: whether numbers have one.
    first_row: what to do with it: it has the names, is values like the others, or is left out for what it lacks.
    """

    names: tuple[str, ...]
    separator: str
    decimal_comma: bool
    first_row: Literal["names", "values", "left out"] = "names"


def read(path: Path, header: bool | None = None) -> Written:
    """The columns of a file.

    header: whether the first row has the names; None: it should, and is refused if it looks like values.
    Raises TableError.
    """
    content, encoding = _as_utf8(path)
    try:
        content, comments = _without_comments(content)
        dialect, told = _dialect(path, content, comments, header)
        found = _parsed(path, content, dialect)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, content) from error
    except csv.Error as error:
        raise TableError(f"{path.name} can't be read: {error}; is a double quote missing?") from error
    counted = f"{len(comments):,} lines of comment left out" if comments else ""
    notes = (encoding, *told, counted)
    return Written(found, dialect.decimal_comma, tuple(note for note in notes if note))


def _as_utf8(path: Path) -> tuple[Any, str]:
    """The content of a file, bytes or what is mapped of them, and which encoding it was in, where not UTF-8."""
    try:
        with path.open("rb") as file:
            content: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
        if path.suffix.lower() == GZIPPED or content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise TableError(f"{path.name} can't be read: {' '.join(str(error).split())}") from error
    if content[:4] in NO_TEXT:
        raise TableError(f"{path.name} should be text, and is {NO_TEXT[content[:4]]} file")
    encoding = _unicode_encoding(content[:1024])
    if encoding is not None:
        try:
            content = bytes(content).decode(encoding).encode()
        except UnicodeDecodeError as error:
            raise TableError(f"{path.name} begins as {encoding.upper()} text does, and goes on otherwise") from error
    if not content[:SAMPLE_BYTES].strip(BLANK) and not content[:].strip(BLANK):
        raise TableError(f"{path.name} is empty")
    if content.find(b"\n") < 0 and content.find(b"\r") < 0:
        content = content[:] + b"\n"
    return content, f"encoded in {encoding.upper()}" if encoding else ""


def _unicode_encoding(beginning: bytes) -> str | None:
    """UTF-16 or UTF-32, if text begins as they do: with a byte order mark, or every other byte zero."""
    if beginning.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    pairs = len(beginning) // 2
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if pairs and beginning[first::2].count(0) > 0.6 * pairs and not beginning[1 - first :: 2].count(0):
            return encoding
    return None


def _without_comments(content: Any) -> tuple[Any, list[str]]:
    """The content with blank lines, which count for nothing, for those that begin with #, and what these say."""
    if content[:3] == BYTE_ORDER_MARK:
        content = content[3:]
    told = SEPARATOR_TOLD.match(content)
    if told:
        # As Excel writes it; the table itself shows it as well.
        content = content[told.end() - 1 :]
    if content[:1] != b"#" and content.find(b"\n#") < 0 and content.find(b"\r#") < 0:
        return content, []
    comments, kept, quoted = [], [], False
    for line in bytes(content).splitlines(keepends=True):
        if line.startswith(b"#") and not quoted:
            comments.append(line.decode().strip("# \t\r\n"))
            kept.append(b"\n")
        else:
            kept.append(line)
            quoted ^= line.count(b'"') % 2 == 1
    return b"".join(kept), comments


def _dialect(path: Path, content: Any, comments: Sequence[str], header: bool | None) -> tuple[Dialect, list[str]]:
    """How a table is written, and how to say so. Raises TableError if it can't be told."""
    text = _beginning(content)
    if not text.strip():
        raise TableError(f"{path.name} has nothing but comments")
    separator = _separator(text)
    first, *rows = _rows(text, separator)
    if len(first) == 1 and _spaced(text):
        raise TableError(
            f"{path.name} has spaces between its values; what should be there are commas, semicolons, tabs or bars: "
            f"`sed -E 's/^ +//; s/ +/,/g'` makes it so"
        )
    told = [] if separator == "," else [f"values separated by {SEPARATORS[separator]}"]
    decimal_comma = _has_decimal_comma(rows if header is not False else [first, *rows], separator)
    told += ["decimal commas"] if decimal_comma else []
    if header is False:
        names = tuple(f"column_{place}" for place in range(1, len(first) + 1))
        told.append(f"no row of names: columns are called {names[0]} to {names[-1]}")
        return Dialect(names, separator, decimal_comma, "values"), told
    if header is None and _is_data(first, rows):
        named = next(csv.reader(comments[-1:], delimiter=separator), [])
        if len(named) != len(first) or any(map(_is_value, named)):
            shown = separator.join(first)
            raise NoNames(f"{path.name}: its first row, {shown[:60]!r}, looks like values and not like names")
        told.append("names are those of the comment before the first row")
        return Dialect(_names(named), separator, decimal_comma, "values"), told
    if rows and all(len(row) == len(first) + 1 for row in rows):
        # A separator after the last value; or, as R and pandas write it, names of the rows, which have none.
        first = [*first, ""] if not any(row[-1] for row in rows) else ["", *first]
        return Dialect(_names(first), separator, decimal_comma, "left out"), told
    return Dialect(_names(first), separator, decimal_comma), told


def _beginning(content: Any) -> str:
    """The first lines, as many as are looked at; the last one may be cut off only if it is the first."""
    end = 0
    for _ in range(FEWEST_LINES):
        end = content.find(b"\n", end) + 1
        if not end:
            break
    if not end or len(content) <= max(end, SAMPLE_BYTES):
        sample = content[:]
    else:
        sample = content[: max(end, content.rfind(b"\n", 0, SAMPLE_BYTES) + 1)]
    return bytes(sample).decode()


def _names(row: Sequence[str]) -> tuple[str, ...]:
    """Names in one line, without blanks around them."""
    return tuple(re.sub(r"\s*[\r\n]+\s*", " ", name.strip()) for name in row)


def _separator(text: str) -> str:
    """That which most rows have as often as the first one has."""

    def fit(separator: str) -> float:
        first, *rows = map(len, _rows(text, separator))
        return (sum(length == first for length in rows) + 0.5) / (len(rows) + 0.5) if first > 1 else 0.0

    best = max(SEPARATORS, key=fit)
    if fit(best) > 0:
        return best
    alone = [cell for row in _rows(text, ";")[1:] for cell in row]
    return ";" if alone and _has_decimal_comma([alone], ";") else ","


def _rows(text: str, separator: str) -> list[list[str]]:
    """The first rows of a table, blank lines left out."""
    found = []
    for row in csv.reader(StringIO(text, newline=""), delimiter=separator):
        if row:
            found.append(row)
        if len(found) > SAMPLE_ROWS:
            break
    return found


def _spaced(text: str) -> bool:
    """Whether a text without separators has several numbers in every row, with spaces between them."""
    rows = [line.split() for line in text.splitlines()[1:SAMPLE_ROWS] if line.strip()]
    return bool(rows) and all(len(row) > 1 and sum(map(_is_value, row)) >= len(row) / 2 for row in rows)


def _is_value(cell: str) -> bool:
    """Whether a cell is rather a value than a name."""
    return columns.is_number(cell.strip()) or columns.is_date(cell.strip())


def _is_data(first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row looks like the others: it has numbers where they have, or nothing that they don't have.

    Whole numbers that count from 0 are names as pandas gives them, and years may be names of columns.
    """
    values = [place for place, cell in enumerate(first) if _is_value(cell)]
    if values:
        whole = [int(first[place]) for place in values if re.fullmatch(r"\d{1,9}", first[place].strip(), re.ASCII)]
        counts = len(whole) == len(values) > 1 and whole == list(range(whole[0], whole[0] + len(whole)))
        return not (counts and (whole[0] == 0 or 1900 <= whole[0] <= 2100))
    again = [{row[place] for row in rows if place < len(row)} for place in range(len(first))]
    return len(rows) > 1 and all(cell in others for cell, others in zip(first, again, strict=True))


def _has_decimal_comma(rows: Sequence[Sequence[str]], separator: str) -> bool:
    if separator == ",":
        return False
    cells = [cell.strip() for row in rows for cell in row]
    return any(re.fullmatch(r"[+-]?(\d*|\d{1,3}(\.\d{3})+),\d+", cell, re.ASCII) for cell in cells)


def _parsed(path: Path, content: Any, dialect: Dialect) -> Any:
    """Arrow's table, all of it text. Raises TableError and UnicodeDecodeError."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    numbered = [f"f{place}" for place in range(len(dialect.names))]
    if dialect.first_row == "left out":
        content = re.sub(rb"^[\r\n]*[^\r\n]*", b"", content, count=1)
    has_names = dialect.first_row == "names"
    try:
        found = arrow_csv.read_csv(
            pyarrow.py_buffer(content),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=not has_names),
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.separator, newlines_in_values=content.find(b'"') >= 0
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(dialect.names if has_names else numbered, pyarrow.string()),
                strings_can_be_null=False,
            ),
        )
    except pyarrow.ArrowException as error:
        _insist_on_utf8(path, content)
        _insist_on_equal_rows(path, content, dialect)
        raise TableError(f"{path.name} can't be read: {' '.join(str(error).split())}") from error
    if any(kind != pyarrow.string() for kind in found.schema.types):
        _insist_on_utf8(path, content)
        found = pyarrow.table([column.cast(pyarrow.string()) for column in found.columns], names=found.column_names)
    return found.rename_columns(list(dialect.names))


def _insist_on_equal_rows(path: Path, content: Any, dialect: Dialect) -> None:
    """Raises TableError if rows have more or fewer values than there are names, with the first such line."""
    wrong, first = 0, (0, 0)
    for line, length in _lengths(content, dialect.separator):
        if length not in (0, len(dialect.names)):
            wrong, first = wrong + 1, first if wrong else (line, length)
    if wrong:
        line, length = first
        more = f", and {wrong - 1:,} more {'line' if wrong == 2 else 'lines'} likewise" if wrong > 1 else ""
        values = "1 value" if length == 1 else f"{length:,} values"
        hint = f"a value with {SEPARATORS[dialect.separator]} in it should stand in double quotes"
        if bytes(content).count(b'"') % 2:
            hint = "double quotes are an odd number: one is missing"
        raise TableError(
            f"{path.name}: line {line} has {values}, and there are {len(dialect.names):,} columns{more}; {hint}"
        )


def _lengths(content: Any, separator: str) -> Iterator[tuple[int, int]]:
    """Of each row the line it begins in, counted from 1, and how many values it has."""
    import pyarrow

    lines = TextIOWrapper(pyarrow.BufferReader(content), encoding="utf-8", newline="")
    reader, line = csv.reader(lines, delimiter=separator), 1
    for row in reader:
        yield line, len(row)
        line = reader.line_num + 1


def _insist_on_utf8(path: Path, content: Any) -> None:
    try:
        bytes(content).decode()
    except UnicodeDecodeError as error:
        raise _not_utf8(path, content) from error


def _not_utf8(path: Path, content: Any) -> TableError:
    """What is wrong with text that is not UTF-8, with the first line that is not."""
    for place, line in enumerate(bytes(content).splitlines(), 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            found = line[max(0, error.start - 10) : error.start + 10].decode("latin-1").strip()
            return TableError(
                f"{path.name} should be UTF-8 text, and line {place} is in another encoding, in Latin-1 {found!r}; "
                f"`iconv -f latin1 -t utf-8` makes it UTF-8"
            )
    return TableError(f"{path.name} should be UTF-8 text")
