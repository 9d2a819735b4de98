"""Data sets that a sweep names: what is wrong with them as its fields choose from them."""

from pathlib import Path
from typing import Any

import pytest
from sweep_cases import SUPERVISED, changed, problems_here

from tuning.sweep import validation

ROWS = "".join(f"{row},{row}.5,x{row},{row}\n" for row in range(20))
TABLE = f"a,b,c,y\n{ROWS}"
FEW = {"choices": [8, 16]}


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        (
            TABLE,
            {"fixed.features": ["a", "bb"], "fixed.targets": ["z"]},
            {"fixed.features": "'bb'", "fixed.targets": "'z'"},
        ),
        (TABLE, {"fixed.text": "refuse"}, {"data": "column 'c' should be numbers, is 'x0' in row 1; `features: [a"}),
        ("a,y\n1,2\n3,\n", {"fixed.missing": "refuse"}, {"data": "column 'y' has no number in row 2"}),
        ("1,2\n3,4\n", {}, {"data": "its first row, '1,2', looks like values and not like names; `header: false` if"}),
        ("a,y\n1,2\n", {}, {"data": "should have at least 2 rows"}),
        ("", {}, {"data": "my.csv is empty"}),
        (
            TABLE,
            {"fixed.features": ["a"], "search.batch_size": {"choices": [8, 64]}},
            {"search.batch_size": "should be at most 16, the rows to train on, is 64"},
        ),
        (TABLE, {"fixed.features": ["a"], "fixed.batch_size": 17}, {"fixed.batch_size": "should be at most 16"}),
        (
            TABLE,
            {"fixed.features": ["a"], "search.batch_size": FEW},
            {"search.batch_size": "trial 0 takes the loop's default, 64, which should be at most 16, the rows"},
        ),
        (
            TABLE,
            {"fixed.features": ["a"], "search.batch_size": FEW, "default.batch_size": 17},
            {"default.batch_size": "should be at most 16, the rows to train on, is 17"},
        ),
        (
            TABLE,
            {
                "fixed.loss": "cross_entropy",
                "fixed.targets": ["b"],
                "fixed.features": ["a"],
                "fixed.batch_size": 8,
            },
            {"fixed.targets": "column 'b' should be"},
        ),
    ],
)
def test_data_that_can_not_be_learnt_from_is_named(
    tmp_path: Path, text: str, changes: dict[str, Any], expected: dict[str, str]
) -> None:
    path = tmp_path / "my.csv"
    path.write_text(text)
    data = {**SUPERVISED, "data": str(path)}
    for key_path, value in changes.items():
        data = changed(data, key_path, value)
    found = problems_here(data)
    assert found.keys() == expected.keys()
    assert all(part in found[key_path] for key_path, part in expected.items())


def test_a_file_of_data_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my.csv").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    fixed = {"features": ["a", "b"], "batch_size": 8}
    made = validation.to_begin_here({**SUPERVISED, "data": "my.csv", "fixed": fixed})
    assert made.config().data == str(tmp_path / "my.csv")
