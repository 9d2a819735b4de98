"""A column of a table: of which kind its values are, and the values themselves, as numbers where they are any.

Text becomes numbers, booleans or dates where all of its values are; where most are numbers and some are not, the
column stays text and is in doubt.

Axis letter: N rows.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["number", "boolean", "date", "text"]

NO_VALUE = frozenset(
    ("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "Null", "null", "NaT", "?")
)
"""What stands for a missing value."""

NO_NUMBER = NO_VALUE | {"-", "--", ".", "None", "none"}
"""What stands for a missing value among numbers, booleans and dates; among words these may be words."""

WORDS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"), ("off", "on"), ("0", "1"))
"""Words that booleans are written in, in any case; what looks like numbers is numbers first."""


@dataclass(frozen=True, eq=False)
class Column:
    """The values of a column.

    kind: of which all of them are.
    values: (N,) float64 with NaN for a missing one: numbers, 0 or 1 of a boolean, days since 1970-01-01 (UTC) of a
        date. Of text objects: str, or None for a missing one.
    words: of a boolean, as they are written.
    style: how its numbers or dates are written, where that could be otherwise.
    doubt: why it can't be told what its values mean, if so.
    """

    kind: Kind
    values: NDArray[Any]
    words: tuple[str, str] = ("false", "true")
    style: str = ""
    doubt: str = ""

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(N,), which values are."""
        if self.kind == "text":
            return np.array([value is None for value in self.values.tolist()], dtype=np.bool_)
        found: NDArray[np.bool_] = np.isnan(self.values)
        return found


def from_array(values: NDArray[Any]) -> Column:
    """The column of an array (N,) of numbers, booleans, dates or text. Raises ValueError for any other."""
    if values.dtype.kind == "b":
        return Column("boolean", values.astype(np.float64))
    if values.dtype.kind in "iuf":
        return Column("number", values.astype(np.float64))
    if values.dtype.kind == "M":
        return Column("date", _days(values))
    if values.dtype.kind in "US":
        return from_text(as_texts(values.tolist()))
    raise ValueError(f"should be numbers, booleans, dates or text, is {values.dtype}")


def from_arrow(column: Any) -> Column:
    """The column of an Arrow column. Raises ValueError if it holds lists, maps or the like."""
    import pyarrow
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if types.is_nested(kind):
        raise ValueError(f"should be numbers, booleans, dates or text, is {kind}")
    if types.is_timestamp(kind) or types.is_date(kind):
        return Column("date", _days(column.cast(pyarrow.timestamp("us"), safe=False).to_numpy()))
    if types.is_boolean(kind) or types.is_null(kind):
        values = column.cast(pyarrow.float64()).to_numpy()
        return Column("boolean" if types.is_boolean(kind) else "number", values)
    if types.is_floating(kind) or types.is_integer(kind) or types.is_decimal(kind):
        return Column("number", column.cast(pyarrow.float64(), safe=False).to_numpy())
    return from_text(column if types.is_string(kind) else as_texts(column.to_pylist()))


def from_text(
    column: Any, decimal_comma: bool = False, as_kind: Kind | None = None, as_style: str | None = None
) -> Column:
    """The column of an Arrow column of text.

    decimal_comma: whether numbers of this file are written with one.
    as_kind: what its values should be; None: what they look like. What is not of that kind is the column's doubt.
    as_style: how its dates are written, where that can't be told from them.
    """
    from pyarrow import compute

    trimmed = compute.utf8_trim_whitespace(column.fill_null(""))
    if as_kind in (None, "number"):
        quick = _plain_numbers(trimmed, decimal_comma)
        if quick is not None:
            return quick
    encoded = trimmed.combine_chunks().dictionary_encode()
    texts, places = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    if as_kind in ("boolean", "date") and NO_NUMBER.issuperset(texts):
        return Column(as_kind, np.full(len(places), np.nan))
    for reader in _READERS if as_kind is None else (_BY_KIND[as_kind],):
        found = reader(texts, decimal_comma, as_style)
        if found is not None:
            return Column(found.kind, found.values[places], found.words, found.style, found.doubt)
    if as_kind is not None:
        place, value = _first_other(texts, as_kind, decimal_comma)
        where = f" in row {_row(places, place)}" if len(places) > 1 else ""
        doubt = f"should be {_PLURALS[as_kind]}, is {value!r}{where}"
        return Column("text", _words(texts)[places], doubt=doubt)
    return Column("text", _words(texts)[places], doubt=_doubt(texts, places))


def as_texts(values: Sequence[Any]) -> Any:
    """An Arrow column of text of any values, as they are written to a file."""
    import pyarrow

    return pyarrow.chunked_array([pyarrow.array([as_text(value) for value in values], pyarrow.string())])


def as_text(value: object) -> str:
    """A value as it is written to a file: "" for a missing one, whole numbers without a decimal point.

    Bytes are taken for UTF-8, or else for Latin-1, which any bytes are.
    """
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def is_number(text: str) -> bool:
    """Whether a text is a number in any style."""
    return any(map(str.isdigit, text)) and any(number(text) is not None for _, number in _STYLES[False])


def is_date(text: str) -> bool:
    """Whether a text is a date in any style."""
    return any(pattern.fullmatch(text) for _, pattern, _ in _DATES)


def date_format(style: str) -> str:
    """How dates of a style are written, as pandas has it; those of none as ISO 8601 has it."""
    return next((written for name, _, written in _DATES if name == style), "ISO8601")


def _days(dates: NDArray[Any]) -> NDArray[np.float64]:
    """(N,), days since 1970-01-01 of dates (N,), NaN of none."""
    found = dates.astype("datetime64[us]")
    return np.where(np.isnat(found), np.nan, found.astype(np.int64) / 86_400e6)


def _plain_numbers(trimmed: Any, decimal_comma: bool) -> Column | None:
    """The column if all of it is numbers as Arrow reads them, at its speed."""
    import pyarrow
    from pyarrow import compute

    if decimal_comma:
        if compute.any(compute.match_substring(trimmed, ".")).as_py():
            return None
        trimmed = compute.replace_substring(trimmed, ",", ".")
    none = compute.is_in(trimmed, value_set=pyarrow.array(sorted(NO_VALUE)))
    try:
        values = compute.if_else(none, None, trimmed).cast(pyarrow.float64())
    except pyarrow.ArrowInvalid:
        return None
    return Column("number", values.to_numpy())


# Readers of the different texts of a column: a column of as many values, or None if one of them is of another kind.
Reader = Callable[[Sequence[str], bool, str | None], Column | None]


def _numbers(texts: Sequence[str], decimal_comma: bool, as_style: str | None) -> Column | None:
    for style, number in _STYLES[decimal_comma]:
        values = [np.nan if text in NO_NUMBER else number(text) for text in texts]
        if None not in values:
            return Column("number", np.array(values, np.float64), style=style)
    return None


def _booleans(texts: Sequence[str], decimal_comma: bool, as_style: str | None) -> Column | None:
    given = {text.lower() for text in texts if text not in NO_NUMBER}
    for words in WORDS:
        # A letter alone may be short for anything.
        if given and given <= set(words) and (len(given) == 2 or len(words[1]) > 1):
            places = [np.nan if text in NO_NUMBER else words.index(text.lower()) for text in texts]
            return Column("boolean", np.array(places, np.float64), words=words)
    return None


def _any_booleans(texts: Sequence[str], decimal_comma: bool, as_style: str | None) -> Column | None:
    """Where it is known that they are: in any words."""
    known = {word: float(place) for words in WORDS for place, word in enumerate(words)}
    values = [np.nan if text in NO_NUMBER else known.get(text.lower()) for text in texts]
    return None if None in values else Column("boolean", np.array(values, np.float64))


def _dates(texts: Sequence[str], decimal_comma: bool, as_style: str | None) -> Column | None:
    given = [text for text in texts if text not in NO_NUMBER]
    found = []
    for style, pattern, written in _DATES if given else ():
        if all(pattern.fullmatch(text) for text in given):
            days = _parsed(texts, written)
            found += [] if days is None else [(style, days)]
    if not found:
        return None
    found.sort(key=lambda each: each[0] != as_style)
    (style, days), *others = found
    doubt = ""
    if style != as_style and any(not np.array_equal(days, other, equal_nan=True) for _, other in others):
        doubt = f"has dates such as {given[0]}, in which day and month can't be told apart: YYYY-MM-DD can be read"
    return Column("date", days, style=style, doubt=doubt)


def _parsed(texts: Sequence[str], written: str) -> NDArray[np.float64] | None:
    """Days of these dates; None if one is none that is written so."""
    import pandas

    given: Any = [
        None if text in NO_NUMBER else text if written == "ISO8601" else _with_seconds(text) for text in texts
    ]
    try:
        dates = pandas.to_datetime(given, format=written, utc=True)
    except (ValueError, OverflowError):
        return None
    return _days(dates.tz_localize(None).to_numpy())


def _with_seconds(text: str) -> str:
    day, _, time = text.partition(" ")
    return f"{day} {time or '00:00'}{':00' if time.count(':') < 2 else ''}"


def _text(texts: Sequence[str], decimal_comma: bool, as_style: str | None) -> Column | None:
    return Column("text", _words(texts))


def _words(texts: Sequence[str]) -> NDArray[Any]:
    return np.array([*(None if text in NO_VALUE else text for text in texts), None], dtype=object)[:-1]


_READERS: tuple[Reader, ...] = (_numbers, _booleans, _dates)
_BY_KIND: dict[Kind, Reader] = {"number": _numbers, "boolean": _any_booleans, "date": _dates, "text": _text}
_PLURALS = {"number": "numbers", "boolean": "yes or no", "date": "dates", "text": "text"}


def _doubt(texts: Sequence[str], places: NDArray[Any]) -> str:
    """Why text is perhaps none: most of its different values are numbers, or dates."""
    given = [text for text in texts if text not in NO_NUMBER]
    for kind in ("number", "date"):
        others = [text for text in given if (_plain(text) is None if kind == "number" else not _is_date(text))]
        if 0 < len(others) < len(given) / 2:
            what, row = _PLURALS[kind], _row(places, texts.index(others[0]))
            return f"should be {what}, as most of its {len(given)} values are, is {others[0]!r} in row {row}"
    return ""


def _is_date(text: str) -> bool:
    return is_date(text) and _dates([text], False, None) is not None


def _first_other(texts: Sequence[str], kind: Kind, decimal_comma: bool) -> tuple[int, str]:
    reader = _BY_KIND[kind]
    return next((place, text) for place, text in enumerate(texts) if reader([text], decimal_comma, None) is None)


def _row(places: NDArray[Any], place: int) -> int:
    """The first row, counted from 1, that has this one of the different texts."""
    return int(np.argmax(places == place)) + 1


_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[+-]?(?:inf|infinity)", re.IGNORECASE | re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}([, '\u00a0\u202f])\d{3}(?:\1\d{3})*(?:\.\d*)?", re.ASCII)
_UNIT = re.compile(r"^([+-]?)[$€£¥] ?| ?[$€£¥%]$")


def _plain(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _with_thousands(text: str) -> float | None:
    grouped = _GROUPED.fullmatch(text)
    return float(text.replace(grouped[1], "")) if grouped else _plain(text)


def _with_decimal_comma(text: str) -> float | None:
    return None if "." in text else _plain(text.replace(",", "."))


def _with_thousands_and_decimal_comma(text: str) -> float | None:
    return _with_thousands(text.translate({ord(","): ".", ord("."): ","}))


def _with_unit(number: Callable[[str], float | None]) -> Callable[[str], float | None]:
    return lambda text: number(_UNIT.sub(r"\1", text))


_STYLES: dict[bool, tuple[tuple[str, Callable[[str], float | None]], ...]] = {
    False: (
        ("", _plain),
        ("marks between thousands", _with_thousands),
        ("decimal comma", _with_decimal_comma),
        ("marks between thousands and decimal comma", _with_thousands_and_decimal_comma),
        ("a unit", _with_unit(_with_thousands)),
    ),
    True: (
        ("decimal comma", _with_decimal_comma),
        ("marks between thousands and decimal comma", _with_thousands_and_decimal_comma),
        ("decimal point", _plain),
        ("a unit", _with_unit(_with_thousands_and_decimal_comma)),
    ),
}
"""How numbers are written, in the order of trial, by whether the file has decimal commas."""

_TIME = r"(?: \d{1,2}:\d{2}(?::\d{2})?)?"
_ISO_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?Z| ?[+-]\d{2}:?\d{2})?)?"
_DATES: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("YYYY-MM-DD", re.compile(r"\d{4}-\d{2}-\d{2}" + _ISO_TIME), "ISO8601"),
    ("YYYY/MM/DD", re.compile(r"\d{4}/\d{1,2}/\d{1,2}" + _TIME), "%Y/%m/%d %H:%M:%S"),
    ("DD.MM.YYYY", re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}" + _TIME), "%d.%m.%Y %H:%M:%S"),
    ("MM/DD/YYYY", re.compile(r"\d{1,2}/\d{1,2}/\d{4}" + _TIME), "%m/%d/%Y %H:%M:%S"),
    ("DD/MM/YYYY", re.compile(r"\d{1,2}/\d{1,2}/\d{4}" + _TIME), "%d/%m/%Y %H:%M:%S"),
)
"""How dates are written, as a pattern, and as pandas has it."""
