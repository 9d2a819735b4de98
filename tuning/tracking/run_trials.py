"""The trial that a run of MLflow is of, where it is one of ours."""

import json
from dataclasses import dataclass
from typing import Any

from mlflow.exceptions import MlflowException

from tuning.errors import ArgumentError
from tuning.study.paths import Home
from tuning.tracking import server
from tuning.tracking.run_contents import PARENT


@dataclass(frozen=True)
class RunTrial:
    """A trial as its run tells of it.

    study, key: of which it is, by its name and by the name that it has among all.
    number: of the trial.
    values: of the fields that it sets.
    sweep: the text of the study's sweep file.
    """

    study: str
    key: str
    number: int
    values: dict[str, Any]
    sweep: str


def trial_of(home: Home, run_id: str) -> RunTrial:
    """What a run is of. Raises ArgumentError where there is no such run, or it is no trial of ours."""
    client = server.client_of(home)
    try:
        run = client.get_run(run_id)
        tags = run.data.tags
        if "lockstep.trial" not in tags:
            raise ArgumentError(f"run {run_id}: is no trial of a study, so that its settings can't be trained here")
        sweep = client.download_artifacts(tags[PARENT], "sweep.yaml")
        with open(sweep, encoding="utf-8") as file:
            text = file.read()
    except (MlflowException, OSError, KeyError) as error:
        raise ArgumentError(f"run {run_id}: {error}") from None
    number, values = int(tags["lockstep.trial"]), json.loads(tags["lockstep.values"])
    return RunTrial(tags["lockstep.study"], tags["lockstep.key"], number, values, text)
