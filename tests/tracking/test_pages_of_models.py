"""What a person sees of a study's model, data and report on MLflow's own pages, in a browser."""

from pathlib import Path

import pytest
import sweeps
from mlflow.models import Model
from mlflow_pages import BROWSER, seen, served
from real_weights import searched
from tracked import tracked

from tuning.tracking import model_files
from tuning.tracking.tracker import Tracker


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="no Chromium is to be found")
def test_alias_data_and_report_are_shown(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(folder: Path, weights: Path, model: Model) -> None:
        folder.mkdir()
        model.save(str(folder / "MLmodel"))

    monkeypatch.setattr(model_files, "write", write)
    study = sweeps.created(runs, trials=2)
    searched(study)

    def report(tracker: Tracker) -> None:
        tracker.keep_text("report.html", lambda: "<p>the answer</p>")

    tracked(study, report)
    where = study.attributes.tracking
    run = f"/#/experiments/{where['experiment_id']}/runs/{where['run_id']}"
    with served(runs, "tiny-1") as (address, _):
        model = seen(f"{address}/#/models/tiny", runs)
        overview = seen(f"{address}{run}", runs)
        page = seen(f"{address}{run}/artifacts/report.html", runs)
    assert "@ candidate" in model or "@candidate" in model or ">candidate<" in model
    assert "NumberMatch-v0" in overview
    assert 'sandbox="allow-scripts"' in page
