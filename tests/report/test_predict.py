"""`tuning predict`: cases from the command line and from files, answers for people, for scripts and as a .csv."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import legs_by_hand
import numpy as np
import pandas
import pyarrow
import pytest
import sweeps
import torch
from pyarrow import parquet

from trainables.base import checkpoint
from trainables.loops.supervised import SupervisedConfig, SupervisedLoop
from trainables.networks import specs
from tuning import cli
from tuning.study.paths import Home
from tuning.study.study import Study

CASE = "12.0,0.3,0.9,2.0"
NAMES = ["speed_km_s", "miss_distance_km", "alert_confidence", "time_to_approach_h"]

Said: TypeAlias = tuple[int, str, str]
"""Exit code, standard output, standard error."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study whose trials 0 and 1 and its best have the networks of an epoch on conjunction risk."""
    folder = tmp_path_factory.mktemp("predict") / "runs"
    made = sweeps.created(folder, trials=5, pack_size=5)
    legs_by_hand.finished(made)
    made.attributes.set_state("finished", 12.0)
    best = made.summary().best
    assert best is not None
    for trial in {0, 1, best.number}:
        keep(made, trial, seed=trial)
    return folder


@pytest.fixture
def study(root: Path) -> Study:
    return sweeps.opened(root)


@pytest.fixture
def tuning(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, root: Path, tmp_path: Path
) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str, root: Path = root) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([*arguments, "--root", str(root)])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


def keep(study: Study, trial: int, seed: int, **fields: Any) -> None:
    loop = SupervisedLoop(
        [SupervisedConfig(**{"budget": 1, "batch_size": 400, **fields}, seed=seed)], torch.device("cpu")
    )
    loop.train(fields.get("budget", 1))
    checkpoint.save([study.home.member(study.name, trial, 0)], [{"moment": 1}], loop.best())


def risks(said: Said) -> list[float]:
    code, out, _ = said
    assert code == 0
    return [each["predicted"]["risk"] for each in json.loads(out)["predictions"]]


def test_for_a_person(tuning: Callable[..., Said], study: Study) -> None:
    code, out, err = tuning("predict", study.name, "--input", CASE)
    assert (code, err) == (0, "")
    heading, row = (line.split() for line in out.splitlines())
    assert heading == [*NAMES, "risk"]
    assert row[:4] == ["12", "0.3", "0.9", "2"]


def test_for_a_script(tuning: Callable[..., Said], study: Study) -> None:
    code, out, err = tuning("predict", "--input", CASE, "--input", "2,4.5,.5,20", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    best = study.summary().best
    assert best is not None
    assert (answer["study"], answer["trial"], answer["checkpoint"]) == (study.name, best.number, best.checkpoint)
    first, second = answer["predictions"]
    assert first["features"] == dict(zip(NAMES, [12.0, 0.3, 0.9, 2.0], strict=True))
    assert list(second["features"].values()) == [2.0, 4.5, 0.5, 20.0]
    assert first["predicted"].keys() == {"risk"}


def test_of_the_trial_that_is_named(tuning: Callable[..., Said], study: Study) -> None:
    zero, one, again = (risks(tuning("predict", "--input", CASE, "--trial", trial, "--json")) for trial in "010")
    assert zero == again != one


def test_a_file_in_and_a_file_out(tuning: Callable[..., Said], study: Study, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text(
        "who,time_to_approach_h,alert_confidence,miss_distance_km,speed_km_s\nA,2,0.9,0.3,12\nB,20,0.5,4.5,2\n"
    )
    code, out, _ = tuning("predict", "--input", "cases.csv", "--output", "answers.csv")
    assert (code, out.split(":")[0]) == (0, "answers.csv")
    expected = risks(tuning("predict", "--input", CASE, "--input", "2,4.5,.5,20", "--json"))
    with (tmp_path / "answers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["who"], row["speed_km_s"], row["time_to_approach_h"]) for row in rows] == [
        ("A", "12", "2"),
        ("B", "2", "20"),
    ]
    assert [float(row["predicted_risk"]) for row in rows] == expected


def test_columns_that_came_along_are_written_as_they_were(
    tuning: Callable[..., Said], study: Study, tmp_path: Path
) -> None:
    along = {
        "id": ["v0.0", "12345678901234567"],
        "code": ["00001", "00020"],
        "day": ["2026-01-31", "2026-02-01"],
        "mixed": ["1.0", "NA"],
        "none": ["", ""],
        "said": ["a, b", 'she said "no"'],
    }
    features = dict(zip(NAMES, [["12.0", "2"], ["0.30", "4.5"], ["0.9", ".5"], ["2", "2e1"]], strict=True))
    columns = {**along, **features}
    with (tmp_path / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    assert tuning("predict", "--input", "cases.csv", "--output", "answers.csv")[0] == 0
    with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {name: [row[name] for row in rows] for name in columns} == columns


def test_values_that_came_along_in_other_files_keep_their_digits(
    tuning: Callable[..., Said], study: Study, tmp_path: Path
) -> None:
    table = {name: [1.0, 2.5] for name in NAMES} | {"id": [12345678901234567, 2], "tag": ["v0.0", "é"]}
    parquet.write_table(pyarrow.table(table), tmp_path / "cases.parquet")
    np.savez(tmp_path / "cases.npz", **{name: np.array(values) for name, values in table.items()})
    for source in ("cases.parquet", "cases.npz"):
        assert tuning("predict", "--input", source, "--output", "answers.csv")[0] == 0
        with (tmp_path / "answers.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(row["id"], row["tag"], row[NAMES[0]]) for row in rows] == [
            ("12345678901234567", "v0.0", "1"),
            ("2", "é", "2.5"),
        ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--input: is missing; a case is speed_km_s,miss_distance_km,alert_confidence,time_to_approach_h"),
        (["--input", "1,2,3"], "--input: should be 4 numbers: speed_km_s,"),
        (["--input", "1,2,x,4"], "--input: column 'alert_confidence' should be numbers, is 'x', in '1,2,x,4'"),
        (["--input", "1,2,inf,4"], "--input: column 'alert_confidence' has an infinite number in row 1, in '1,2,inf"),
        (["--input", "none.csv"], "--input: there is no file"),
        (["--input", "short.csv"], "--input: short.csv: there is no column 'speed_km_s'; did you mean speed_km_h?."),
        (["--input", "latin.csv"], "--input: latin.csv should be UTF-8 text, and line 2 is in another encoding"),
        (["--input", "word.csv"], "--input: column 'alert_confidence' should be numbers, is 'x' in row 2"),
        (["--input", "nameless.csv"], "--input: nameless.csv: its first row, '1,2,3,4', looks like values and not"),
        (["--input", CASE, "--trial", "9"], "--trial: tiny-1 has no trial 9; it has 5, from 0 on"),
        (["--input", CASE, "--output", "answers.txt"], "--output: should end in .csv, is answers.txt"),
        (["--input", CASE, "--output", "none/answers.csv"], "--output: none/answers.csv: No such file or directory"),
    ],
)
def test_what_can_not_be_predicted(
    tuning: Callable[..., Said], study: Study, tmp_path: Path, arguments: list[str], message: str
) -> None:
    heading = ",".join(NAMES)
    (tmp_path / "short.csv").write_text(heading.replace("speed_km_s", "speed_km_h") + "\n1,2,3,4\n")
    (tmp_path / "latin.csv").write_text(f"{heading},who\n1,2,3,4,José\n", encoding="latin-1")
    (tmp_path / "word.csv").write_text(heading + "\n1,2,3,4\n1,2,x,4\n")
    (tmp_path / "nameless.csv").write_text("1,2,3,4\n5,6,7,8\n")
    code, out, err = tuning("predict", study.name, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


PASSENGERS = "id;age;fare;sex;alone;since;home;survived"


def passengers(rows: int) -> list[str]:
    """Lines of text, numbers, gaps, booleans and dates; whether somebody survived follows from sex and age."""
    return [
        f"{row};{row % 60 + 0.5 if row % 7 else ''};{row % 9},25;{'male' if row % 3 else 'female'};"
        f"{'yes' if row % 2 else 'no'};1912-04-{row % 28 + 1:02};{'SCQ'[row % 3] if row % 11 else ''};"
        f"{'yes' if row % 3 == 0 or row % 60 < 9 else 'no'}"
        for row in range(rows)
    ]


@pytest.fixture(scope="module")
def aboard(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the root in which trial 0 has learnt who survives."""
    copied = shutil.copytree(root, tmp_path_factory.mktemp("aboard") / "runs")
    path = copied / "passengers.csv"
    path.write_text("\n".join([PASSENGERS, *passengers(300)]))
    fields = {"data": str(path), "loss": "cross_entropy", "budget": 30, "batch_size": 24, "learning_rate": 0.01}
    keep(sweeps.opened(copied), 0, seed=0, **fields)
    return copied


def asked(tuning: Callable[..., Said], root: Path, *inputs: str) -> tuple[list[dict[str, Any]], str]:
    given = [part for each in inputs for part in ("--input", each)]
    code, out, err = tuning("predict", "--trial", "0", "--json", *given, root=root)
    assert code == 0, err
    answer = json.loads(out)
    assert answer["notes"] == err.splitlines()
    return answer["predictions"], err


def test_the_raw_file_with_other_rows_in_another_order_and_other_marks(
    tuning: Callable[..., Said], aboard: Path, tmp_path: Path
) -> None:
    names, rows = PASSENGERS.split(";"), [line.split(";") for line in passengers(330)[300:]]
    (tmp_path / "new.csv").write_text("\n".join([PASSENGERS, *passengers(330)[300:]]))
    order = [6, 2, 0, 5, 4, 1, 3]
    lines = ["\t".join(["more", *(row[place].replace(",", ".") for place in order)]) for row in [names, *rows]]
    (tmp_path / "new.tsv").write_text("\n".join(lines), encoding="utf-16")
    frame = pandas.DataFrame([[value.replace(",", ".") or None for value in row] for row in rows], columns=names)
    frame.astype({"age": float, "fare": float, "since": "datetime64[us]"}).to_parquet(tmp_path / "new.parquet")
    expected, notes = asked(tuning, aboard, "new.csv")
    assert notes == ""
    for other in ("new.tsv", "new.parquet"):
        found = [each["predicted"] for each in asked(tuning, aboard, other)[0]]
        assert found == [each["predicted"] for each in expected]
    truth = [row[-1] for row in rows]
    right = sum(each["predicted"]["survived"] == answer for each, answer in zip(expected, truth, strict=True))
    assert right > max(truth.count("yes"), truth.count("no")) + 5
    assert expected[0]["features"] == {
        "id": 300,
        "age": 0.5,
        "fare": 3.25,
        "sex": "female",
        "alone": "no",
        "since": "1912-04-21",
        "home": "S",
    }
    assert expected[1]["features"]["age"] is None


def test_a_case_that_was_typed_with_gaps_and_with_what_was_never_seen(
    tuning: Callable[..., Said], aboard: Path
) -> None:
    (whole,), none = asked(tuning, aboard, '5,20,"8,25",female,no,1912-04-10,S')
    (gaps, other), notes = asked(tuning, aboard, "5,,8.25,female,no,,", "5,20,8.25,other,no,1912-04-10,S")
    assert none == ""
    assert whole["features"] == {
        "id": 5,
        "age": 20,
        "fare": 8.25,
        "sex": "female",
        "alone": "no",
        "since": "1912-04-10",
        "home": "S",
    }
    assert whole["predicted"]["survived"] == "yes"
    assert (gaps["features"]["age"], gaps["features"]["home"]) == (None, None)
    assert gaps["predicted"].keys() == other["predicted"].keys() == {"survived", "probability"}
    assert notes == "sex: 'other' in 1 case: not seen in training, so it counts as none of female, male\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("5,20,8.25,female", "--input: should be 7 values: id,age,fare,sex,alone,since,home, is"),
        ("5,20,8.25,female,maybe,1912-04-10,S", "--input: column 'alone' should be yes or no, is 'maybe', in"),
        ("5,20,8.25,female,no,April,S", "--input: column 'since' should be dates, is 'April', in"),
    ],
)
def test_values_that_fit_no_column(tuning: Callable[..., Said], aboard: Path, given: str, message: str) -> None:
    code, _, err = tuning("predict", "--trial", "0", "--input", given, root=aboard)
    assert (code, err[: len(message)], len(err.splitlines())) == (2, message, 1)


def test_gaps_are_refused_where_they_were_in_training(tuning: Callable[..., Said], root: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(root, tmp_path / "runs")
    keep(sweeps.opened(copied), 0, seed=0, missing="refuse")
    code, _, err = tuning("predict", "--trial", "0", "--input", "1,2,,4", root=copied)
    assert (code, err) == (2, "--input: column 'alert_confidence' has no number in row 1, in '1,2,,4'\n")


def test_a_network_of_ones_own_that_is_not_to_be_found_from_here(
    tuning: Callable[..., Said], root: Path, tmp_path: Path
) -> None:
    copied = shutil.copytree(root, tmp_path / "runs")
    path = Home.at(copied).member(sweeps.opened(copied).name, 0, 0) / checkpoint.BEST
    best = torch.load(path, weights_only=True)
    own = specs.as_plain(specs.Own("not_from_here:Net", 4, 1))
    torch.save({**best, "network": own}, path)
    code, out, err = tuning("predict", "--trial", "0", "--input", CASE, root=copied)
    assert (code, out) == (2, "")
    assert err.startswith("not_from_here:Net: not_from_here can't be imported")
    assert len(err.splitlines()) == 1


def test_a_trial_without_a_checkpoint_of_data(tuning: Callable[..., Said], study: Study) -> None:
    best = study.summary().best
    other = next(number for number in (2, 3) if best is None or number != best.number)
    code, _, err = tuning("predict", "--input", CASE, "--trial", str(other))
    assert code == 2
    assert "there is no such file" in err
