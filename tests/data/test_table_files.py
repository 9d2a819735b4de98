"""A person's files as named columns, and what is wrong with them in a line."""

from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from trainables.data import table_files
from trainables.data.table_files import TableError


def written(folder: Path, text: str, name: str = "my.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_csv_as_columns_in_its_order(tmp_path: Path) -> None:
    table = table_files.read(written(tmp_path, "speed,kind,ok\n1,a,true\n2.5,b,false\n"))
    assert list(table) == ["speed", "kind", "ok"]
    assert table["speed"].tolist() == [[1.0], [2.5]]
    assert table["kind"].tolist() == [["a"], ["b"]]
    assert table["ok"].tolist() == [[1.0], [0.0]]


def test_a_parquet_reads_as_the_same_table_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    parquet.write_table(pyarrow.table({"speed": [1, 2, None], "kind": ["a", "b", "c"]}), path)
    found, expected = table_files.read(path), table_files.read(written(tmp_path, "speed,kind\n1,a\n2,b\n,c\n"))
    assert found.keys() == expected.keys()
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name])


def test_arrays_of_an_npz_of_one_or_several_columns(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "my.npz", x=np.arange(6, dtype=np.int32).reshape(3, 2), y=np.ones(3), kind=np.array(["a", "b", "a"])
    )
    table = table_files.read(tmp_path / "my.npz")
    assert {name: column.shape for name, column in table.items()} == {"x": (3, 2), "y": (3, 1), "kind": (3, 1)}
    assert table_files.numbers("x", table["x"]).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert table["kind"][:, 0].tolist() == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("my.csv", "", "my.csv can't be read: Empty CSV file"),
        ("my.csv", "a,b\n1,2\n3\n", "my.csv can't be read: CSV parse error: Expected 2 columns, got 1"),
        ("my.csv", "a,a\n1,2\n", "my.csv has more than one column 'a'"),
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
    for reader in (table_files.read, table_files.as_written):
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
        assert table_files.read(tmp_path / name)["kind"][:, 0].tolist() == ["café", "tea", "thé"]


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


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1\nabc\n3", "column 'a' should be numbers, is 'abc' in row 2"),
        ('1\n""\nfast\n', "column 'a' should be numbers, is '' in row 2"),
        ("1\nNaN\n3\n", "column 'a' has no number in row 2"),
        ("NA\nNA\nNA\n", "column 'a' has no number in row 1 and in 2 more"),
        ("1\n2\ninf\n", "column 'a' has an infinite number in row 3"),
        ("1\n2020-01-01\n", "column 'a' should be numbers, is '2020-01-01' in row 2"),
    ],
)
def test_a_column_that_is_not_all_numbers(tmp_path: Path, rows: str, message: str) -> None:
    table = table_files.read(written(tmp_path, f"a\n{rows}"))
    with pytest.raises(TableError, match=f"^{message}$"):
        table_files.numbers("a", table["a"])
