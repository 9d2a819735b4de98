"""Tables of any kind: `check` names what is wrong, or a training ends with a value and takes the same file."""

import csv
import math
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainables import prediction
from trainables.base import checkpoint
from trainables.loops.supervised import SupervisedLoop
from tuning.errors import SweepError
from tuning.report.cases import cases
from tuning.sweep import validation

WORDS = [
    "red",
    "green",
    "Blau",
    "größe",
    "中文",
    "a;b",
    "a,b",
    "a|b",
    'say "no"',
    "two\nlines",
    "# 5",
    "=1+1",
    " x",
    "-",
]
NO_VALUE = ["", "NA", "NaN", "?", "null", "-"]


def comma(value: float) -> str:
    return str(value).replace(".", ",")


def one_of(*values: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([str(value) for value in values])


KINDS: dict[str, st.SearchStrategy[str]] = {
    "number": st.floats(-1e6, 1e6, allow_nan=False).map(str) | st.integers(-1000, 1000).map(str),
    "large": st.floats(-1e300, 1e300, allow_nan=False).map(str),
    "comma": st.floats(-100, 100, allow_nan=False).map(comma),
    "thousands": st.integers(-(10**9), 10**9).map("{:,}".format),
    "bit": one_of(0, 1),
    "boolean": one_of("yes", "no", "Yes"),
    "truth": one_of("true", "FALSE", "True"),
    "word": st.sampled_from(WORDS),
    "any": st.text(st.characters(codec="utf-8"), max_size=8),
    "date": st.dates().map(str),
    "moment": st.datetimes().map(str),
    "written": st.dates().map(lambda day: f"{day.day}.{day.month}.{day.year:04}"),
    "slashes": st.dates().map(lambda day: f"{day.month}/{day.day}/{day.year:04}"),
    "mixed": one_of(1, 2.5, "three", "4"),
    "same": one_of("7"),
    "none": one_of(""),
    "infinite": one_of("1", "inf", "-inf"),
}

USUAL = ["number", "boolean", "word", "date", "comma", "bit"]

NAMES = st.sampled_from(["a", "b c", "größe", "x=y", "", "Unnamed: 0", "7", "#", "date", "a[0]", '"', "1.5"])


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    """A file's content, and what of a sweep goes with it."""
    kinds = [draw(st.sampled_from(USUAL * 3 + sorted(KINDS))) for _ in range(draw(st.integers(1, 4)))]
    target = draw(one_of("number", "number", "word", "boolean", "comma", "bit", "date", "any"))
    names = [draw(st.just(f"column {place}") | NAMES | st.just(f"c{place}")) for place in range(len(kinds))]
    gaps, count = draw(st.sampled_from([0, 0, 0.2])), draw(one_of(0, 1, *range(4, 13)).map(int))
    columns = []
    for kind in [*kinds, target]:
        cell = st.tuples(st.floats(0, 1), st.sampled_from(NO_VALUE), KINDS[kind])
        cells = draw(st.lists(cell, min_size=count, max_size=count))
        columns.append([none if chance < gaps else value for chance, none, value in cells])
    header = draw(st.sampled_from([True] * 5 + [False]))
    text, separator = StringIO(), draw(one_of(",", ";", "\t", "|"))
    if draw(st.integers(0, 4)) == 0:
        text.write("# made by chance\n")
    writer = csv.writer(text, delimiter=separator, lineterminator=draw(one_of("\n", "\r\n")))
    writer.writerows([[*names, "y"]] * header)
    writer.writerows(zip(*columns, strict=True))
    if draw(st.integers(0, 19)) == 19:
        text.write("one more\n")
    return {
        "content": text.getvalue().encode(
            draw(one_of("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1")), "replace"
        ),
        "header": draw(st.sampled_from([None, header])),
        "loss": "cross_entropy" if target in ("word", "boolean", "bit", "any") else "mse",
        "missing": draw(one_of("fill", "fill", "fill", "refuse")),
    }


def is_learnt_from(folder: Path, table: dict[str, Any]) -> bool:
    """Whether it is; if not it was refused with the reason."""
    path = folder / "any.csv"
    path.write_bytes(table["content"])
    fixed = {
        "batch_size": 1,
        "hidden": [2],
        "compile": "never",
        "reports": 1,
        **{key: table[key] for key in ("loss", "missing")},
    }
    if table["header"] is not None:
        fixed["header"] = table["header"]
    ranges = {"learning_rate": {"low": 1e-4, "high": 1e-3}}
    sweep = {
        "name": "any",
        "loop": "supervised",
        "data": str(path),
        "budget": 1,
        "halving": "off",
        "fixed": fixed,
        "search": ranges,
    }
    try:
        checked = validation.checked_here(sweep)
        problems = []
    except SweepError as error:
        problems = error.problems
    assert all(each.message and "\n" not in each.message for each in problems or checked.notes)
    if problems:
        return False
    loop = SupervisedLoop([checked.sweep.config()], torch.device("cpu"))
    (report,) = loop.train(1)
    assert math.isfinite(report.points[-1][1]["validation/loss"])
    checkpoint.save([folder], [{"moment": 1}], loop.best())
    predictor = prediction.load(folder / checkpoint.BEST)
    asked = cases([str(path)], predictor)
    found = predictor.predict(asked.numbers)
    assert len(found) == len(asked.each) >= 2
    assert all(set(each) >= set(predictor.targets) for each in found)
    return True


@pytest.mark.parametrize("examples", [30, pytest.param(2_000, marks=pytest.mark.slow)])
def test_it_is_refused_with_the_reason_or_learnt_from(tmp_path: Path, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=examples < 100)
    @given(tables())
    def tried(table: dict[str, Any]) -> None:
        learnt.append(is_learnt_from(tmp_path, table))

    learnt: list[bool] = []
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        tried()
    finally:
        torch.set_num_threads(before)
    assert 0.1 < sum(learnt) / len(learnt) < 0.9
