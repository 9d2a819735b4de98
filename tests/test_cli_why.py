"""`tuning why`: on a study's trials, on a file, on a run of MLflow; and what it says to those who ask for too much."""

import json
import re
import tarfile
from pathlib import Path

import mlflow
import pytest

from tuning import cli, diagnosis
from tuning.diagnosis.verdict import CUT_SHORT, GOAL_MISSED

STORED = Path(__file__).parent / "fixtures" / "studies-2918cbd.tar.xz"
DOCUMENT = Path(__file__).parent.parent / "docs" / "diagnosis.md"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What `tuning why` prints, on its standard output or, where it fails, as its error."""
    with pytest.raises(SystemExit) as ended:
        cli.main(["why", *arguments])
    assert ended.value.code == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("stored")
    with tarfile.open(STORED) as archive:
        archive.extractall(folder, filter="data")
    return str(folder / "runs")


@pytest.fixture
def history(tmp_path: Path) -> str:
    path = tmp_path / "history.csv"
    rows = [f"{epoch},{1 / epoch},{1 / epoch + max(0, epoch - 20) / 50}" for epoch in range(1, 41)]
    path.write_text("\n".join(["epoch,loss,val_loss", *rows]))
    return str(path)


def test_of_a_file(capsys: pytest.CaptureFixture[str], history: str) -> None:
    text = said(capsys, "--curves", history)
    assert text.startswith(f"{history}: overfitting")
    assert "What might mend it: dropout=0.2" in text
    assert "train/gradient_norm would tell whether gradients explode or vanish." in text
    found = json.loads(said(capsys, "--curves", history, "--json"))
    assert found["healthy"] is False
    assert found["verdicts"][0]["patch"] == {"dropout": 0.2}
    assert set(found["verdicts"][0]) == {"name", "fault", "sentence", "evidence", "step", "cause", "patch"}


def test_of_the_trials_of_a_study(capsys: pytest.CaptureFixture[str], stored: str) -> None:
    assert said(capsys, "old-match-1", "--root", stored).startswith("trial 3 of old-match-1: healthy.")
    one = json.loads(said(capsys, "old-match-1", "--root", stored, "--trial", "0", "--json"))
    every = json.loads(said(capsys, "old-match-1", "--root", stored, "--all", "--json"))
    assert [each["trial"] for each in every] == list(range(9))
    assert every[0] == one
    assert said(capsys, "old-match-1", "--root", stored, "--all").splitlines()[0].split() == [
        *("trial", "verdict", "what", "might", "mend", "it"),
    ]


def test_of_a_run_that_anyone_has_logged(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = mlflow.MlflowClient(uri)
    run = client.create_run(client.create_experiment("theirs", artifact_location=str(tmp_path))).info.run_id
    client.log_param(run, "lr", "0.5")
    for step in range(12):
        client.log_metric(run, "train_loss", float("nan") if step > 7 else 2.0**step, step=step)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    (verdict, *_) = json.loads(said(capsys, "--run", run, "--root", str(tmp_path), "--json"))["verdicts"]
    assert (verdict["name"], verdict["step"], verdict["patch"]) == ("diverged", 8, {"learning_rate": 0.05})
    assert "not found" in said(capsys, "--run", "nothing", "--root", str(tmp_path), code=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["name", "--curves", "x.csv"], "--curves and a study: should be one of them"),
        (["--curves", "x.csv", "--run", "y"], "should be one of them"),
        (["--curves", "x.csv", "--trial", "1"], "should be one of them"),
        (["--curves", "x.csv"], "--curves: there is no file"),
        (["--curves", "x.csv", "--map", "loss"], "--map: should be CURVE=COLUMN, is loss"),
        (["old-match-1", "--map", "loss=x"], "--map: goes with --curves or --run"),
        (["old-match-1", "--trial", "99"], "has no trial 99; it has 9, from 0 on"),
        (["nothing"], "nothing"),
    ],
)
def test_what_cannot_be_told(
    capsys: pytest.CaptureFixture[str], stored: str, arguments: list[str], message: str
) -> None:
    assert message in said(capsys, *arguments, "--root", stored, code=2)


def test_every_verdict_is_documented() -> None:
    code = "".join(path.read_text() for path in Path(str(diagnosis.__file__)).parent.glob("*.py"))
    code += (Path(str(diagnosis.__file__)).parents[2] / "trainables" / "data" / "flaws.py").read_text()
    names = {CUT_SHORT, GOAL_MISSED, *re.findall(r'(?:Verdict|Flaw)\(\s*"(\w+)"', code)}
    assert len(names) > 25
    assert names == set(re.findall(r"^\| `(\w+)`", DOCUMENT.read_text(), re.MULTILINE))
