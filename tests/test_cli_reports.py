"""`tuning report` and `tuning compare`: what they write, and what they refuse."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from commands import Said
from tracked import client_of, searched


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two finished studies, one of them with another budget, and one in which nothing has begun."""
    root = tmp_path_factory.mktemp("root")
    for name, budget in (("one", 200), ("other", 400)):
        study = sweeps.created(root, name, trials=6, pack_size=3, budget=budget)
        legs_by_hand.finished(study, diverged=(3,))
        study.attributes.set_state("finished", 12.0)
    sweeps.created(root, "later")
    return str(root)


def test_a_report_is_written_and_its_answer_said(tuning: Callable[..., Said], root: str, tmp_path: Path) -> None:
    code, out, _ = tuning("report", "one", "--root", root)
    assert code == 0
    assert out.startswith("one.html: Use trial ")
    assert "<title>one, finished</title>" in (tmp_path / "one.html").read_text(encoding="utf-8")
    code, out, _ = tuning("report", "one", "--root", root, "--output", "new/folder/page.html")
    assert (code, out[:22]) == (0, "new/folder/page.html: ")


def test_a_study_in_which_nothing_has_begun_has_a_report_too(tuning: Callable[..., Said], root: str) -> None:
    code, out, _ = tuning("report", "later", "--root", root)
    assert (code, out) == (0, "later.html: No trial has a value.\n")


def test_a_report_is_among_the_files_of_the_studys_run(tuning: Callable[..., Said], tmp_path: Path) -> None:
    study = sweeps.created(tmp_path / "told", trials=2)
    searched(study)
    for _ in range(2):
        assert tuning("report", "tiny-1", "--root", str(tmp_path / "told"))[0] == 0
    client, own = client_of(tmp_path / "told"), study.attributes.tracking["run_id"]
    assert [file.path for file in client.list_artifacts(own) if file.path.endswith(".html")] == ["report.html"]
    kept = Path(client.download_artifacts(own, "report.html", str(tmp_path)))
    assert kept.read_text(encoding="utf-8") == (tmp_path / "tiny-1.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "none"], "none"),
        (["report", "one", "--kind", "gif"], "--kind: should be svg, png or pdf, is gif"),
        (["report", "one", "--output", "."], "--output: . is a folder: should be a file"),
        (["report", "one", "--output", "/proc/none/x.html"], "--output: /proc/none/x.html can't be written: "),
        (["compare", "one"], "one: should be the names of two studies or more, each once"),
        (["compare", "one", "one"], "one one: should be the names of two studies or more, each once"),
        (["compare", "one", "none"], "none"),
        (["compare"], "NAME"),
    ],
)
def test_what_can_not_be_is_refused(
    tuning: Callable[..., Said], root: str, tmp_path: Path, arguments: list[str], message: str
) -> None:
    code, out, err = tuning(*arguments, "--root", root)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_studies_are_compared_for_people_and_for_scripts(
    tuning: Callable[..., Said], root: str, tmp_path: Path
) -> None:
    code, out, _ = tuning("compare", "one", "other", "--root", root, "--output", "both.html")
    assert code == 0
    assert "`tuning confirm one` and `tuning confirm other` would tell more" in out
    assert out.splitlines()[-1] == "both.html shows it with plots"
    assert (tmp_path / "both.html").exists()
    code, out, _ = tuning("compare", "one", "other", "--root", root, "--json")
    data = json.loads(out)
    assert [each["name"] for each in data["studies"]] == ["one", "other"]
    assert data["differences"] == {"budget": ["200", "400"]}


def test_a_report_is_written_where_mlflow_does_not_answer(
    tuning: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = sweeps.created(tmp_path / "away", trials=2)
    study.attributes.set_tracking({"experiment_id": "1", "run_id": "0" * 32})
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    code, out, err = tuning("report", "tiny-1", "--root", str(tmp_path / "away"))
    assert (code, out[:11]) == (0, "tiny-1.html")
    assert "MLflow was not given the report, which is written all the same: " in err
    assert "secret" not in err
    assert (tmp_path / "tiny-1.html").exists()
