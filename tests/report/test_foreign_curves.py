"""Curves from files that other people's trainings have written."""

import json
from pathlib import Path

import pytest

from tuning.errors import ArgumentError
from tuning.report import foreign_curves

LIGHTNING = """epoch,lr-Adam,step,train_loss,val_loss
0,,49,0.9,
0,,49,,1.0
,0.001,50,,
1,,99,0.5,
1,,99,,nan
"""


def file(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_empty_cells_are_no_points_and_nan_is_no_number(tmp_path: Path) -> None:
    found = foreign_curves.training(file(tmp_path, "metrics.csv", LIGHTNING))
    assert found.curves["train/loss"].steps.tolist() == [49, 99]
    assert found.curves["validation/loss"].values.tolist() == [1.0]
    assert found.curves["validation/loss"].broken_at == 99
    assert found.curves["train/learning_rate"].values.tolist() == [0.001]


@pytest.mark.parametrize(
    "content", [{"loss": [3, 2, 1], "val_loss": [3, 3, 2]}, [{"loss": each, "val_loss": each} for each in (3, 2, 1)]]
)
def test_a_history_in_json(tmp_path: Path, content: object) -> None:
    found = foreign_curves.training(file(tmp_path, "h.json", json.dumps(content)))
    assert found.curves["train/loss"].values.tolist() == [3, 2, 1]
    assert found.curves["train/loss"].steps.tolist() == [1, 2, 3]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators(tmp_path: Path, separator: str) -> None:
    text = "step,loss\n10,1.5\n20,1.0\n".replace(",", separator)
    found = foreign_curves.training(file(tmp_path, "c.csv", f"\ufeff{text}"))
    assert found.curves["train/loss"].steps.tolist() == [10, 20]
    assert found.curves["train/loss"].values.tolist() == [1.5, 1.0]


def test_decimal_commas_and_lines_of_comment(tmp_path: Path) -> None:
    found = foreign_curves.training(file(tmp_path, "c.csv", "# of Monday\nstep;loss\n10;1,5\n20;\n30;nan\n"))
    assert found.curves["train/loss"].values.tolist() == [1.5]
    assert found.curves["train/loss"].broken_at == 30


@pytest.mark.parametrize(
    ("name", "text", "given", "said"),
    [
        ("c.csv", "a,b\n1,2\n", {}, "none of its columns is known (a, b)"),
        ("c.csv", "", {}, "c.csv is empty"),
        ("c.csv", "1,2\n3,4\n", {}, "its first row, '1,2', looks like values and not like names"),
        ("c.csv", "step,loss\n1,2\n2\n", {}, "line 3 has 1 value, and there are 2 columns"),
        ("c.csv", "loss\n", {}, "should have a row of names"),
        ("c.json", "{", {}, "is no JSON"),
        ("c.json", '{"loss": 3}', {}, "should be lists by name"),
        ("c.csv", "a\n1\n", {"loss": "b"}, "has no column b; it has a"),
        ("c.csv", "a\n1\n", {"speed": "a"}, "speed: should be one of"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, given: dict[str, str], said: str) -> None:
    with pytest.raises(ArgumentError) as error:
        foreign_curves.training(file(tmp_path, name, text), given)
    assert said in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="there is no file"):
        foreign_curves.training(tmp_path / "none.csv")
