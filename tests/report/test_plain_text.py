"""What streams that can't print every character print in their place."""

import io

import pytest
from rich.table import Table

from tuning.report.plain_text import AnyConsole, accept_all, plain


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("3 ± 1 …", "utf-8", "3 ± 1 …"),
        ("3 ± 1 …", "ascii", "3 +/- 1 ~"),
        ("3 ± 1", "cp1252", "3 ± 1"),
        ("räksmörgås", "ascii", "raksmorgas"),
        ("日本", "ascii", "\\u65e5\\u672c"),
        ("日本", "latin-1", "\\u65e5\\u672c"),
        ("½", "ascii", "\\xbd"),
        ("", "ascii", ""),
    ],
)
def test_the_nearest_that_can_be_printed(text: str, encoding: str, shown: str) -> None:
    assert plain(text, encoding) == shown


def test_a_table_stays_in_its_columns() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    accept_all(stream)
    table = Table("value", "é")
    table.add_row("3 ± 1", "1")
    table.add_row("12", "[日本]")
    AnyConsole(file=stream, width=60).print(table)
    stream.write("│ as it is, ±")
    stream.flush()
    *rows, last = stream.buffer.getvalue().decode("ascii").splitlines()  # type: ignore[attr-defined]
    assert len({len(row.rstrip()) for row in rows}) == 1
    assert any("3 +/- 1" in row for row in rows)
    assert last == "| as it is, +/-"
