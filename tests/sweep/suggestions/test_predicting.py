"""What is suggested for tables, by what is seen of their columns; every suggestion is a sweep without a mistake."""

from pathlib import Path

import numpy as np
import pytest

from tuning.errors import SweepError
from tuning.sweep import loading
from tuning.sweep.suggestions.beginning import Beginning

ROWS = {"five": 5, "few": 6, "some": 150, "many": 6_000}
TARGETS = {
    "a number": lambda row: f"{row * 0.37:.2f}",
    "a quantity in whole numbers": lambda row: str(row * 7 % 1_009),
    "whole numbers of a few kinds": lambda row: str(row % 2),
    "text": lambda row: ("early", "late")[row % 2],
}
CLASSES = ("text", "whole numbers of a few kinds")


def table(folder: Path, rows: int, target: str, name: str = "flights.csv") -> str:
    lines = [f"{row * 0.5},{row % 7},{TARGETS[target](row)}" for row in range(rows)]
    path = folder / name
    path.write_text("\n".join(["distance,hour,delay", *lines]) + "\n")
    return str(path)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("target", TARGETS)
def test_what_is_suggested_has_no_mistake_and_fits_the_target(tmp_path: Path, rows: str, target: str) -> None:
    path = table(tmp_path, ROWS[rows], target)
    checked, text = loading.suggested(Beginning(data=path))
    sweep = checked.sweep
    assert (sweep.name, sweep.loop, sweep.data) == ("flights", "supervised", path)
    as_classes = target in CLASSES and (rows in ("some", "many") or target == "text")
    assert sweep.fixed.get("loss", "mse") == ("cross_entropy" if as_classes else "mse")
    assert loading.suggested(Beginning(data=path))[1] == text
    assert f"{ROWS[rows]:,} rows" in text
    assert "distance, hour" in text


def test_the_target_may_be_any_column(tmp_path: Path) -> None:
    checked, text = loading.suggested(Beginning(data=table(tmp_path, 200, "a number"), target="hour"))
    sweep = checked.sweep
    assert sweep.fixed == {"targets": ["hour"], "loss": "cross_entropy"}
    assert "distance, delay" in text


def test_what_can_not_be_learnt_from_is_left_out_and_named(tmp_path: Path) -> None:
    path = tmp_path / "passengers.csv"
    rows = [f"Person {row},{('first', 'second')[row % 2]},{row},{row % 2}" for row in range(80)]
    path.write_text("\n".join(["name,class,age,survived", *rows]) + "\n")
    checked, text = loading.suggested(Beginning(data=str(path)))
    assert checked.sweep.fixed == {"features": ["class", "age"], "loss": "cross_entropy"}
    assert "Left out, as they can't be learnt from: name." in text
    chosen = loading.load(Beginning(data=str(path)), {"fixed.features": ["age"]})
    assert chosen.fixed["features"] == ["age"]


def test_several_targets_are_numbers(tmp_path: Path) -> None:
    settings = {"fixed.targets": ["hour", "delay"]}
    sweep = loading.load(Beginning(data=table(tmp_path, 200, "a number")), settings)
    assert sweep.fixed == {"targets": ["hour", "delay"]}


def test_a_target_that_is_not_there_is_named_with_those_near(tmp_path: Path) -> None:
    with pytest.raises(SweepError, match="target: there is no column 'delya'; did you mean delay"):
        loading.load(Beginning(data=table(tmp_path, 20, "a number"), target="delya"))


def test_a_data_set_of_the_platform_will_do() -> None:
    assert loading.load(Beginning(data="conjunction-risk")).name == "conjunction-risk"


def test_arrays_of_several_columns_will_do(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, inputs=np.ones((40, 3)) * np.arange(40)[:, None], outcome=np.arange(40) / 7)
    assert loading.load(Beginning(data=str(path))).fixed == {}
