"""The report of a study that has run for long enough is a file of its run in MLflow."""

from pathlib import Path

import legs_by_hand
import pytest
import sweeps
from tracked import client_of

from tuning import runner
from tuning.study.paths import Home


@pytest.mark.slow
@pytest.mark.parametrize(("from_s", "expected"), [(0.0, ["report.html"]), (3_600.0, [])], ids=["long", "short"])
def test_a_study_that_took_long_has_its_report(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, from_s: float, expected: list[str]
) -> None:
    monkeypatch.setattr(runner, "REPORTED_FROM_S", from_s)
    client = client_of(runs)
    summary = runner.run(sweeps.tiny(trials=4), Home.at(runs), hire=legs_by_hand.ByHand())
    own = summary.tracking["run_id"]
    assert [file.path for file in client.list_artifacts(own) if file.path.endswith(".html")] == expected
    for name in expected:
        page = Path(client.download_artifacts(own, name, str(tmp_path))).read_text(encoding="utf-8")
        assert "<title>tiny-1, finished</title>" in page
        assert f"Use trial {summary.chosen.number}: " in page if summary.chosen else "No trial" in page
