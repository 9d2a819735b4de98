"""A person's files as named columns, and what is wrong with them in a line."""

import gzip
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow
import pytest
from pyarrow import parquet

from trainables.data import columns, table_files
from trainables.data.table_files import NoNames, Table, TableError


def written(folder: Path, text: str, name: str = "my.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def values(table: Table) -> dict[str, list[Any]]:
    return {name: column.values.tolist() for name, column in table.columns.items()}


def test_a_csv_as_columns_in_its_order(tmp_path: Path) -> None:
    table = table_files.read(written(tmp_path, "speed,kind,ok\n1,a,true\n2.5,b,false\n"))
    assert values(table) == {"speed": [1.0, 2.5], "kind": ["a", "b"], "ok": [1.0, 0.0]}
    assert [column.kind for column in table.columns.values()] == ["number", "text", "boolean"]
    assert (table.left_out, table.notes) == ((), ())


def test_a_parquet_reads_as_the_same_table_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    parquet.write_table(
        pyarrow.table(
            {
                "speed": [1, 2, None],
                "kind": ["a", None, "c"],
                "ok": [True, False, True],
                "day": [date(2026, 1, 31), None, date(1969, 12, 31)],
                "price": [Decimal("1.5"), Decimal("2.0"), None],
                "sort": pyarrow.array(["x", "y", "x"]).dictionary_encode(),
                "none": pyarrow.nulls(3),
            }
        ),
        path,
    )
    text = "speed,kind,ok,day,price,sort,none\n1,a,true,2026-01-31,1.5,x,\n2,,false,,2,y,\n,c,true,1969-12-31,,x,\n"
    found, expected = table_files.read(path), table_files.read(written(tmp_path, text))
    assert found.columns.keys() == expected.columns.keys()
    for name, column in found.columns.items():
        assert column.kind == expected.columns[name].kind
        np.testing.assert_array_equal(column.values, expected.columns[name].values)


def test_arrays_of_an_npz_of_one_or_several_columns(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "my.npz",
        x=np.arange(6, dtype=np.int32).reshape(3, 2),
        y=np.ones(3),
        kind=np.array(["a", "b", "a"]),
        ok=np.array([True, False, True]),
        day=np.array(["1970-01-02", "NaT", "1970-01-03T12:00"], dtype="datetime64[s]"),
    )
    table = table_files.read(tmp_path / "my.npz")
    assert table.arrays == {"x": ("x[0]", "x[1]"), "y": ("y",), "kind": ("kind",), "ok": ("ok",), "day": ("day",)}
    assert values(table).pop("day")[::2] == [1.0, 2.5]
    assert {name: each for name, each in values(table).items() if name != "day"} == {
        "x[0]": [0, 2, 4],
        "x[1]": [1, 3, 5],
        "y": [1, 1, 1],
        "kind": ["a", "b", "a"],
        "ok": [1, 0, 1],
    }


NUMBERS = "a;b;y\n6,25;1;17,5\n8,5;-3;2500,25\n"
READ = {"a": [6.25, 8.5], "b": [1.0, -3.0], "y": [17.5, 2500.25]}


@pytest.mark.parametrize(
    ("name", "content", "notes"),
    [
        ("my.csv", NUMBERS, ("values separated by semicolons", "decimal commas")),
        ("my.csv", NUMBERS.replace("2500,25", "2.500,25"), ("values separated by semicolons", "decimal commas")),
        ("my.csv", NUMBERS.replace(",", "."), ("values separated by semicolons",)),
        ("my.tsv", NUMBERS.replace(";", "\t"), ("values separated by tabs", "decimal commas")),
        ("my.TXT", NUMBERS.replace(";", "|"), ("values separated by bars", "decimal commas")),
        ("my.CSV", NUMBERS.replace(",", ".").replace(";", ","), ()),
        ("my.csv", 'a,b,y\n"6,25",1,"17,5"\n"8,5",-3,"2500,25"\n', ()),
        ("my.csv", 'a,b,y\n6.25,1,17.5\n8.5,-3,"2,500.25"\n', ()),
        ("my.csv", "\ufeff\n\n" + NUMBERS.replace(";", " ; ").replace(",", "."), ("values separated by semicolons",)),
        ("my.csv", NUMBERS.replace("\n", "\r\n"), ("values separated by semicolons", "decimal commas")),
        ("my.csv", NUMBERS.replace("\n", "\n\n"), ("values separated by semicolons", "decimal commas")),
        (
            "my.csv",
            "# made by hand, in 2026\n" + NUMBERS.replace("\n8", "\n# a pause\n8"),
            ("values separated by semicolons", "decimal commas", "2 lines of comment left out"),
        ),
    ],
    ids=str,
)
def test_a_text_however_it_is_written(tmp_path: Path, name: str, content: str, notes: tuple[str, ...]) -> None:
    (tmp_path / name).write_text(content, newline="")
    found = table_files.read(tmp_path / name)
    assert values(found) == READ
    assert found.notes == notes
    texts = table_files.texts(tmp_path / name)
    read = {name: columns.from_text(column, texts.decimal_comma, "number") for name, column in texts.columns.items()}
    assert {name: column.values.tolist() for name, column in read.items()} == READ


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_text_in_any_encoding_of_unicode(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "my.csv").write_text("größe,y\n1,é\n2,ü\n", encoding=encoding)
    found = table_files.read(tmp_path / "my.csv")
    assert values(found) == {"größe": [1, 2], "y": ["é", "ü"]}
    expected = () if encoding == "utf-8-sig" else (f"encoded in {encoding.upper()}",)
    assert found.notes == expected


@pytest.mark.parametrize("name", ["my.csv.gz", "my.tsv.gz", "MY.CSV.GZ"])
def test_a_compressed_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(NUMBERS.encode()))
    assert values(table_files.read(tmp_path / name)) == READ


@pytest.mark.parametrize(
    ("text", "header", "names"),
    [
        ("1,2.5,x\n3,4.5,y\n", False, ["column_1", "column_2", "column_3"]),
        ("1,2.5,x\n3,4.5,y\n", True, ["1", "2.5", "x"]),
        ("0,1,2\n1,2.5,x\n3,4.5,y\n", None, ["0", "1", "2"]),
        ("country,2019,2020\nA,2.5,3\nB,4.5,4\n", None, ["country", "2019", "2020"]),
        ("# made in 2026\n# n, size, kind\n1,2.5,x\n3,4.5,y\n", None, ["n", "size", "kind"]),
        ("male,yes\nfemale,no\nfemale,yes\n", False, ["column_1", "column_2"]),
        ("male,yes\nfemale,no\nfemale,yes\n", None, ["male", "yes"]),
    ],
)
def test_names_are_in_the_first_row_unless_it_has_none(
    tmp_path: Path, text: str, header: bool | None, names: list[str]
) -> None:
    found = table_files.read(written(tmp_path, text), header)
    assert list(found.columns) == names
    assert values(found)[names[-1]][-1] in ("y", 1, 4)


@pytest.mark.parametrize(
    "text",
    [
        "1,2.5,x\n3,4.5,y\n",
        "5.1;3,5\n4,2;1\n",
        "5.1\t5.1\n4.2\t1\n",
        "2026-01-31,x\n2026-02-01,y\n",
        "# made by hand\n1,2.5,x\n3,4.5,y\n",
        "m,yes\nf,no\nf,yes\nm,yes\n",
        "1,2\n3,4\n",
    ],
)
def test_a_first_row_that_looks_like_values_is_not_taken_for_names(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoNames, match=r"^my\.csv: its first row, '.*', looks like values and not like names$"):
        table_files.read(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "names", "left_out"),
    [
        (",a,y\n0,5,6\n1,7,8\n", ["Unnamed: 0", "a", "y"], ("Unnamed: 0",)),
        ("Unnamed: 0,a,y\n0,5,6\n1,7,8\n", ["Unnamed: 0", "a", "y"], ("Unnamed: 0",)),
        (",Unnamed: 0,a\n0,0,5\n1,1,7\n", ["Unnamed: 0", "Unnamed: 0.1", "a"], ("Unnamed: 0", "Unnamed: 0.1")),
        ("a,y\nx,5,6\nz,7,8\n", ["Unnamed: 0", "a", "y"], ("Unnamed: 0",)),
        ("a,y\n5,6,\n7,8,\n", ["a", "y"], ()),
        ("a,y,\n5,6,\n7,8,\n", ["a", "y"], ()),
        ("a,,y\n5,6,7\n7,8,9\n", ["a", "Unnamed: 1", "y"], ()),
    ],
)
def test_columns_without_a_name(tmp_path: Path, text: str, names: list[str], left_out: tuple[str, ...]) -> None:
    found = table_files.read(written(tmp_path, text))
    assert (list(found.columns), found.left_out) == (names, left_out)


@pytest.mark.parametrize("index", [pandas.Index([7, 3, 5]), pandas.Index([7, 3, 5], name="row")])
def test_the_index_of_pandas_in_a_parquet(tmp_path: Path, index: pandas.Index) -> None:
    pandas.DataFrame({"a": [1, 2, 3], "y": [4, 5, 6]}, index=index).to_parquet(tmp_path / "my.parquet")
    found = table_files.read(tmp_path / "my.parquet")
    assert found.left_out == (index.name or "__index_level_0__",)
    assert {"a", "y", *found.left_out} == found.columns.keys()


def test_quoted_values_may_have_anything_in_them(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"x, ""y""",1\n"two\nlines",2\n"# no comment",3\n')
    assert values(table_files.read(path)) == {"a": ['x, "y"', "two\nlines", "# no comment"], "b": [1, 2, 3]}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("my.csv", "", "my.csv is empty"),
        ("my.csv", " \n\n", "my.csv is empty"),
        ("my.csv", "# a,b\n", "my.csv has nothing but comments"),
        (
            "my.csv",
            "a,b\n1,2\n3\n4,5,6\n",
            "my.csv: line 3 has 1 value, and there are 2 columns, and 1 more line likewise",
        ),
        ("my.csv", '# of\na,b\n\n"1\n1",2\n3,4,5\n', "my.csv: line 6 has 3 values, and there are 2 columns; a value"),
        ("my.csv", "a,a,b,b\n1,2,3,4\n", "my.csv has more than one column 'a', 'b'"),
        ("my.csv", "a b y\n1  2 3\n 3 4 5\n", "my.csv has spaces between its values"),
        ("my.csv.gz", "a,b\n1,2\n", "my.csv.gz can't be read: Not a gzipped file"),
        ("my.parquet", "a,b\n1,2\n", "my.parquet can't be read: "),
        ("my.npz", "a,b\n1,2\n", "my.npz should hold arrays of numbers or text by name: "),
        ("my.npz", "", "my.npz can't be read: No data left in file"),
    ],
)
def test_a_file_that_can_not_be_read(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = written(tmp_path, text, name)
    with pytest.raises(TableError) as raised:
        table_files.read(path)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("größe,b\n1,2\n", 1, "größe,b"),
        ("a,b\n1,x\n2,café\n", 3, "2,café"),
        ("a,größe\n1,é\n", 1, "a,größe"),
    ],
)
def test_a_csv_in_another_encoding_is_named_with_its_line(tmp_path: Path, text: str, line: int, found: str) -> None:
    path = tmp_path / "my.csv"
    path.write_text(text, encoding="latin-1")
    expected = rf"^my\.csv should be UTF-8 text, and line {line} is in another encoding, in Latin-1 '{found}'; `iconv"
    for reader in (table_files.read, table_files.texts):
        with pytest.raises(TableError, match=expected):
            reader(path)


def test_a_single_array_is_no_table(tmp_path: Path) -> None:
    with (tmp_path / "my.npz").open("wb") as file:
        np.save(file, np.ones((3, 2)))
    with pytest.raises(TableError, match=r"^my\.npz should hold arrays by name, is a single one: np\.savez"):
        table_files.read(tmp_path / "my.npz")


def test_text_that_was_kept_as_bytes(tmp_path: Path) -> None:
    words = ["café".encode("latin-1"), b"tea", "thé".encode()]
    np.savez(tmp_path / "my.npz", kind=np.array(words))
    parquet.write_table(pyarrow.table({"kind": words}), tmp_path / "my.parquet")
    for name in ("my.npz", "my.parquet"):
        assert values(table_files.read(tmp_path / name)) == {"kind": ["café", "tea", "thé"]}


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"^there is no file /.*/none\.csv$"):
        table_files.read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((2, 1)), "y": np.ones(3)}, "arrays should have as many rows as each other, have x 2, y 3"),
        ({"x": np.ones((2, 1, 1))}, r"array 'x' should have the shape \(N,\) or \(N, k\), has \(2, 1, 1\)"),
        ({"x": np.ones((3, 0)), "y": np.ones(3)}, r"array 'x' should have a column or more, has none.*\(3, 0\)"),
        ({"x": np.float64(3)}, r"array 'x' should have the shape \(N,\) or \(N, k\), has \(\)"),
        ({"x": np.array([None, 1])}, "should hold arrays of numbers or text by name: Object arrays"),
    ],
)
def test_arrays_that_are_no_table(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    np.savez(tmp_path / "my.npz", **arrays)
    with pytest.raises(TableError, match=message):
        table_files.read(tmp_path / "my.npz")
