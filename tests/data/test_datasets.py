"""Data sets: which columns are learnt from, the split, classes, and all that is wrong with a choice."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.data import datasets
from trainables.data.datasets import Source, Unusable

ROWS = 10


@pytest.fixture
def file(tmp_path: Path) -> str:
    """Ten rows of a, b = 10 a, kind, text of three classes, and y = a / 2, the last."""
    rows = [f"{a},{10 * a},{a % 3},{'xyz'[a % 3]},{a / 2}" for a in range(ROWS)]
    path = tmp_path / "my.csv"
    path.write_text("\n".join(["a,b,kind,name,y", *rows]) + "\n")
    return str(path)


def whole(found: datasets.Dataset) -> list[list[float]]:
    """All rows, features and targets together, in the order of the first feature."""
    parts = [(found.train_features, found.train_targets), (found.validation_features, found.validation_targets)]
    return sorted(row for part in parts for row in np.hstack(part).tolist())


def test_columns_by_name(file: str) -> None:
    found = datasets.load(Source(file, features=("b", "a"), targets=("y",)))
    assert (found.features, found.targets, found.classes) == (("b", "a"), ("y",), ())
    assert whole(found) == [[10 * a, a, a / 2] for a in range(ROWS)]


def test_left_out_the_last_column_is_the_target_and_all_others_are_features(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("a,b,y\n1,2,3\n4,5,6\n")
    found = datasets.load(Source(str(path)))
    assert (found.features, found.targets) == (("a", "b"), ("y",))
    assert whole(found) == [[1, 2, 3], [4, 5, 6]]


def test_arrays_of_several_columns_and_several_targets(tmp_path: Path) -> None:
    np.savez(tmp_path / "my.npz", x=np.arange(8.0).reshape(4, 2), y=np.arange(8.0).reshape(4, 2) + 100)
    found = datasets.load(Source(str(tmp_path / "my.npz")))
    assert (found.features, found.targets) == (("x[0]", "x[1]"), ("y[0]", "y[1]"))
    assert whole(found) == [[0, 1, 100, 101], [2, 3, 102, 103], [4, 5, 104, 105], [6, 7, 106, 107]]


@pytest.mark.parametrize(("share", "train"), [(0.2, 8), (0.5, 5), (0.01, 9), (0.99, 1)])
def test_the_split_leaves_a_row_at_least_to_each_part(file: str, share: float, train: int) -> None:
    found = datasets.load(Source(file, features=("a",), validation_share=share))
    assert (len(found.train_features), len(found.validation_features)) == (train, ROWS - train)


def test_the_split_is_drawn_from_the_seed(file: str) -> None:
    first, same, other = (datasets.load(Source(file, seed, ("a",))) for seed in (0, 0, 1))
    assert np.array_equal(first.train_features, same.train_features)
    assert not np.array_equal(first.train_features, other.train_features)
    assert whole(first) == whole(other)


@pytest.mark.parametrize(
    ("split", "groups"),
    # Of ten rows four have a % 3 = 0 and three each of the others; the latest two are those with the largest b.
    [(("time", "b"), [{8, 9}]), (("by", "name"), [{1, 4, 7}, {2, 5, 8}]), (("by", "kind"), [{1, 4, 7}, {2, 5, 8}])],
)
def test_the_split_goes_by_a_column(file: str, split: tuple[str, str], groups: list[set[int]]) -> None:
    found = datasets.load(Source(file, features=("a",), split=split))
    assert set(found.validation_features[:, 0]) in groups


@pytest.mark.parametrize(
    ("column", "chosen", "features"),
    [
        # Text could be no feature.
        ("name", (), ("a", "b", "kind")),
        ("b", ("a", "b"), ("a", "b")),
    ],
)
def test_the_column_that_a_split_goes_by_is_a_feature_only_where_it_is_named(
    file: str, column: str, chosen: tuple[str, ...], features: tuple[str, ...]
) -> None:
    assert datasets.load(Source(file, features=chosen, split=("by", column))).features == features
    without = Source(file, targets=("y",), features=("a",), split=("by", "y"))
    assert datasets.load(without).targets == ("y",)


def test_by_chance_each_class_is_in_both_parts_unless_it_is_asked_otherwise(file: str) -> None:
    for seed in range(5):
        found = datasets.load(Source(file, seed, ("a",), ("name",), classes=True, validation_share=0.3))
        assert np.bincount(found.validation_targets[:, 0].astype(int)).tolist() == [1, 1, 1]
    drawn = [
        datasets.load(Source(file, seed, ("a",), ("name",), 0.3, True, split=("random", None))).validation_targets
        for seed in range(5)
    ]
    assert any(len(np.unique(each)) < 3 for each in drawn)


@pytest.mark.parametrize(
    ("split", "field", "message"),
    [
        (("by", "nme"), "split.by", "there is no column 'nme'; did you mean name?"),
        (("time", "later"), "split.time", "there is no column 'later'"),
    ],
)
def test_what_is_wrong_with_a_split(file: str, split: tuple[str, str], field: str, message: str) -> None:
    with pytest.raises(Unusable) as raised:
        datasets.load(Source(file, features=("a",), split=split))
    assert message in dict(raised.value.problems)[field]


@pytest.mark.parametrize(("target", "classes"), [("kind", ("0", "1", "2")), ("name", ("x", "y", "z"))])
def test_classes_are_whole_numbers_or_text(file: str, target: str, classes: tuple[str, ...]) -> None:
    found = datasets.load(Source(file, features=("a",), targets=(target,), classes=True))
    assert found.classes == classes
    assert whole(found) == [[a, a % 3] for a in range(ROWS)]


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    for time, first in enumerate((1.0, 7.0)):
        path.write_text(f"a,y\n{first},3\n8,9\n")
        os.utime(path, (time, time))
        assert whole(datasets.load(Source(str(path))))[0] == [first, 3]


def test_the_data_set_made_here_is_not_shuffled_and_has_80_percent_to_train_on() -> None:
    found = datasets.load(Source("conjunction-risk"))
    drawn = np.random.default_rng(0).uniform(0, (15.0, 5.0, 1.0, 24.0), (2_000, 4))
    assert np.array_equal(np.vstack([found.train_features, found.validation_features]), drawn)
    assert len(found.train_features) == 1_600
    assert np.array_equal(found.validation_targets[:, 0], datasets.conjunction_risk(drawn[1_600:]))


def test_the_scenarios_that_people_ask_for() -> None:
    risks = datasets.conjunction_risk(np.array([[12.0, 0.3, 0.9, 2.0], [2.0, 4.5, 0.5, 20.0]]))
    assert risks.tolist() == pytest.approx([0.9698, 7.1e-6], rel=0.01)


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        (
            {"features": ("a", "bb"), "targets": ("z",)},
            {"features": "'bb'; did you mean b?", "targets": "known: a, b, kind"},
        ),
        ({"text": "refuse"}, {"data": "column 'name' should be numbers, is 'x' in row 1; `features: [a, b, kind"}),
        (
            {"features": ("name",), "text": "refuse"},
            {"features": "column 'name' should be numbers, is 'x' in row 1"},
        ),
        ({"targets": ("name",)}, {"targets": "should be numbers, is 'x' in row 1; `loss: cross_entropy` learns"}),
        ({"features": ("a",), "targets": ("a",)}, {"targets": "'a' stands under features, too"}),
        ({"targets": ("a", "b", "kind", "name", "y")}, {"features": "there is no column beside a, b, kind, name, y"}),
        ({"features": ("a",), "classes": True}, {"data": "should be classes, whole numbers or text, is 0.5 in row 2"}),
        (
            {"features": ("a",), "targets": ("kind", "name"), "classes": True},
            {"targets": "one column of classes, are kind, name"},
        ),
    ],
)
def test_what_is_wrong_with_a_choice(file: str, fields: dict[str, Any], problems: dict[str, str]) -> None:
    with pytest.raises(Unusable) as raised:
        datasets.load(Source(file, **fields))
    found = dict(raised.value.problems)
    assert found.keys() >= problems.keys()
    assert all(problems[field] in found[field] for field in problems)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,y\n1,2\n", "should have at least 2 rows, to train on one and validate on another, has 1"),
        ("a,y\n", "should have at least 2 rows, to train on one and validate on another, has 0"),
        ("a,y\n1,2\n3,\n", "should have at least 2 rows with a value of y, one of them to validate on, has 1"),
        ("a,y\n1,x\n3,y\n", "column 'y' should be numbers, is 'x' in row 1; `loss: cross_entropy` learns classes"),
        ("a,y\n1,2026-01-31\n3,2026-02-28\n", "column 'y' should be numbers, is dates"),
        ("a,y\n1,2\n3,inf\n", "column 'y' has an infinite number in row 2"),
        ("a,y\n1,2\n3,1e31\n", "column 'y' has a number beyond 1e+30 in row 2"),
        ("a,y\n1,2\n1e31,3\n", "column 'a' has a number beyond 1e+30 in row 2"),
        # Of four rows the last is the one that is validated on.
        (
            "a,y\n1,0\n2,1e-20\n3,2e-20\n4,6\n",
            "column 'y' has a value to validate on that is 7e+20 deviations from those to train on",
        ),
        ("5,2\n3,4\n", "my.csv: its first row, '5,2', looks like values and not like names; `header: false` if there"),
        ("a,y\n1,5\n2,5\n3,5\n", "column 'y' has the same value in every row: there is nothing to learn"),
        # Of four rows the last is the one that is validated on.
        (
            "a,y\n1,5\n2,5\n3,5\n4,6\n",
            "column 'y' has the same value in each of the 3 rows to train on: there is nothing to learn",
        ),
    ],
)
def test_what_is_wrong_with_a_file(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "my.csv"
    path.write_text(text)
    with pytest.raises(Unusable) as raised:
        datasets.load(Source(str(path)))
    field, found = raised.value.problems[0]
    assert (field, found[: len(message)]) == ("data", message)


def test_missing_values_are_filled_from_the_training_rows_and_rows_without_a_target_left_out(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    rows = [f"{a if a % 3 else ''},{'xyz'[a % 3] if a % 4 else 'NA'},{a if a % 5 else ''}" for a in range(40)]
    path.write_text("\n".join(["a,kind,y", *rows]))
    found = datasets.load(Source(str(path)))
    assert found.features == ("a", "a is missing", "kind = x", "kind = y", "kind = z", "kind is missing")
    assert len(found.train_targets) + len(found.validation_targets) == 32
    number = found.columns[0]
    known = found.train_features[found.train_features[:, 1] == 0][:, 0]
    assert number.fill == np.median(known)
    for features, targets in (
        (found.train_features, found.train_targets),
        (found.validation_features, found.validation_targets),
    ):
        for row, (y,) in zip(features.tolist(), targets.tolist(), strict=True):
            a = int(y)
            assert row[:2] == ([a, 0] if a % 3 else [number.fill, 1])
            assert row[2:] == ([*(float(a % 3 == kind) for kind in range(3)), 0] if a % 4 else [0, 0, 0, 1])


def test_missing_values_are_refused_where_that_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("a,b,y\n1,2,\n,4,5\n7,x,8\n")
    with pytest.raises(Unusable) as raised:
        datasets.load(Source(str(path), missing="refuse"))
    assert [message.split(";")[0] for _, message in raised.value.problems] == [
        "column 'a' has no number in row 2",
        "column 'b' should be numbers, as most of its 3 values are, is 'x' in row 3",
        "column 'y' has no number in row 1",
    ]


def test_what_was_understood_is_said(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    rows = [
        f"{a};{a + 1};{a if a % 3 else ''};{'xyz'[a % 3] if a else '?'};{'yes' if a % 2 else 'no'};"
        f"2026-01-{a + 10};1;;{a % 2}"
        for a in range(20)
    ]
    path.write_text("\n".join([";id;a;kind;ok;day;same;none;y", *rows, "20;21;1;x;no;2026-01-01;1;;"]))
    found = datasets.load(Source(str(path), classes=True))
    assert [remark.message for remark in found.remarks] == [
        "values separated by semicolons",
        "21 rows: 16 to train on, 4 to validate on, of each class the same share; 1 without a target left out",
        "predicted: y, the last column, one of 2 classes: 0 (10), 1 (10)",
        "numbers: id, a, same",
        "yes or no: ok (no/yes)",
        "dates, as days since 1970-01-01: day",
        "text, a number 0 or 1 for each value: kind (x, y, z)",
        "gaps are filled by the median and marked: a (7)",
        "gaps are a value of their own: kind (1)",
        "one value in every row, which tells nothing: same",
        "counts the rows, and is learnt from like any number: id",
        "left out, as pandas' index, which names the rows: Unnamed: 0",
        "left out, as no row has a value: none",
    ]
    assert [remark.message for remark in found.remarks if remark.warning] == [
        "one value in every row, which tells nothing: same"
    ]


def test_the_index_of_pandas_is_learnt_from_if_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text(",a,y\n0,5,6\n1,7,8\n")
    assert datasets.load(Source(str(path))).features == ("a",)
    assert datasets.load(Source(str(path), features=("Unnamed: 0", "a"))).features == ("Unnamed: 0", "a")


@pytest.mark.parametrize(
    ("values", "classes"),
    [
        (["no", "yes"], ("no", "yes")),
        (["true", "false"], ("false", "true")),
        (["2", "10"], ("2", "10")),
        (["+", "-"], ("+", "-")),
        (["2026-01-31", "2026-02-28"], ("2026-01-31", "2026-02-28")),
    ],
)
def test_classes_are_called_as_they_are_written(tmp_path: Path, values: list[str], classes: tuple[str, ...]) -> None:
    path = tmp_path / "my.csv"
    path.write_text("a,y\n" + "".join(f"{place},{value}\n" for place, value in enumerate(values * 5)) + "11,\n")
    assert datasets.load(Source(str(path), classes=True)).classes == classes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,y\n1,2\n3,2\n", "should have two classes or more, has one: 2"),
        ("a,y\n1,x\n3,\n5,x\n", "should have two classes or more, has one: x"),
        (
            "a,y\n1,x\n2,y\n3,z\n",
            "data: column 'y' should have a class of two rows or more, one to train on and one to",
        ),
        ("a,y\n1,x\n3,\n", "should have at least 2 rows with a value of y"),
    ],
)
def test_what_is_wrong_with_classes(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "my.csv"
    path.write_text(text)
    with pytest.raises(Unusable, match=message):
        datasets.load(Source(str(path), classes=True))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("conjunction-rsk", "there is no data set 'conjunction-rsk'; did you mean conjunction-risk?"),
        (
            "my.xlsx",
            r"there is no data set 'my.xlsx'; known: conjunction-risk, or a file \(.csv, .tsv, .*, .parquet, .npz\)",
        ),
        ("none.csv", "there is no file /.*/none.csv"),
    ],
)
def test_no_such_data(name: str, message: str) -> None:
    with pytest.raises(Unusable, match=message):
        datasets.load(Source(name))


def test_a_row_without_a_value_to_split_by_is_named(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    # The first row has no target, and is no row to learn from.
    path.write_text("who,a,y\np,1,\np,2,3\n,3,4\nq,4,5\n")
    with pytest.raises(Unusable) as raised:
        datasets.load(Source(str(path), split=("by", "who")))
    assert raised.value.problems == [("split.by", "column 'who' has no value in row 3")]
    path.write_text("who,a,y\n,1,\np,2,3\nr,3,4\nq,4,5\n")
    os.utime(path, (7, 7))
    assert datasets.load(Source(str(path), split=("by", "who"))).features == ("a",)


def test_the_latest_by_dates_as_people_write_them(tmp_path: Path) -> None:
    path = tmp_path / "my.csv"
    path.write_text("day,a,y\n31.1.2026,1,5\n1.2.2026,2,3\n15.12.2025,3,4\n2.1.2026,4,5\n")
    found = datasets.load(Source(str(path), split=("time", "day"), validation_share=0.25))
    assert (found.features, found.validation_features.tolist()) == (("a",), [[2.0]])
