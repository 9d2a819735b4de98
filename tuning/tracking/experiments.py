"""The best runs of an MLflow experiment, ours or anybody's, for a search to begin with."""

import difflib
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from tuning.errors import StudyError, StudyNotFound
from tuning.rules.objective import cost
from tuning.study import catalogue
from tuning.study.paths import URI_VARIABLE, Home
from tuning.study.study import Study
from tuning.study.urls import without_password
from tuning.sweep import warm_start
from tuning.sweep.model import Sweep
from tuning.sweep.space import read
from tuning.tracking.run_contents import PARAMS, PARENT
from tuning.tracking.run_queries import PAGE, every_run
from tuning.tracking.server import tracking_uri


def beginnings(home: Home, url: str, name: str, sweep: Sweep) -> list[dict[str, Any]]:
    """What a sweep that says `start_from` begins with: the best of the study of this name, else of MLflow's experiment.

    home, url: where studies are. Returns parameters, as the sweep's space names them, the best first.
    Raises StudyError where the study is of another loop, or the experiment has nothing that fits; StudyNotFound where
    neither a study nor an experiment has the name.
    """
    studies = catalogue.names(home, url)
    if name in studies:
        return _best_of_study(catalogue.opened(home, url, name), sweep)
    found = best_for(home, name, sweep)
    if found is not None:
        return found
    near = difflib.get_close_matches(name, [*studies, *names(home)], n=1) or studies[-1:]
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise StudyNotFound(f"start_from: neither a study in {home.root} nor an experiment of MLflow is {name!r}{hint}")


def _best_of_study(study: Study, sweep: Sweep) -> list[dict[str, Any]]:
    """The best of a study's trials that fit another sweep of the same loop, as that one's parameters."""
    if sweep.loop != study.sweep.loop:
        raise StudyError(f"start_from: {study.name!r} is a study of {study.sweep.loop}, this sweep one of {sweep.loop}")
    plans = study.records.plans()
    configs = [study.sweep.config(plans[trial.number].values) for trial in study.summary().ranked()]
    return warm_start.fitting_best(sweep.space, [config.model_dump(mode="json") for config in configs])


def names(home: Home) -> list[str]:
    """The experiments of the MLflow that studies are told to."""
    client = _client(home)
    return [] if client is None else [str(each.name) for each in client.search_experiments(max_results=PAGE)]


def best_for(home: Home, name: str, sweep: Sweep) -> list[dict[str, Any]] | None:
    """The best of an experiment's finished runs that fit the sweep, as its parameters; None of no such experiment.

    Runs are compared by the last value of the sweep's metric; those of our studies of that metric by their trial's
    value, which is its best. What a run does not say of the search is as in the default configuration; one that says
    nothing of it is left out. Raises StudyError where none will do, or MLflow does not answer.
    """
    client = _client(home)
    if client is None:
        return None
    try:
        experiment = client.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage != "active":
            return None
        runs = {str(run.info.run_id): run for run in every_run(client, str(experiment.experiment_id))}
    except MlflowException as error:
        said = without_password(str(error))
        raise StudyError(f"start_from: no study is {name!r}, and MLflow could not be asked: {said}") from error
    default = sweep.default_params()
    known: list[tuple[float, dict[str, Any]]] = []
    for run in runs.values():
        parent = runs.get(run.data.tags.get(PARENT, ""))
        value, params = _value(run, parent, sweep), read(sweep.space, _params(run, parent))
        if run.info.status == "FINISHED" and value is not None and params:
            known.append((cost(value, sweep.direction), {**default, **params}))
    found = warm_start.first_fitting(sweep.space, (params for _, params in sorted(known, key=lambda pair: pair[0])))
    if not found:
        raise StudyError(
            f"start_from: MLflow's experiment {name!r} has no finished run with a value of {sweep.metric} and "
            "parameters that this search may have"
        )
    return found


def _client(home: Home) -> MlflowClient | None:
    """None where there is no MLflow yet: to ask would make one."""
    there = os.environ.get(URI_VARIABLE) or home.tracking_database.exists()
    return MlflowClient(tracking_uri=tracking_uri(home)) if there else None


def _value(run: Run, parent: Run | None, sweep: Sweep) -> float | None:
    """What the run is compared by; None of one that has no such value, of a study as a whole, or of another loop."""
    tags = run.data.tags
    ours = "lockstep.key" in tags
    if ours and tags.get("lockstep.state") in ("pruned", "diverged"):
        # A value that it has is that of the rung that it came to.
        return None
    if ours and ("lockstep.trial" not in tags or tags.get("lockstep.loop") != sweep.loop):
        return None
    by_value = ours and parent is not None and parent.data.params.get("metric") == sweep.metric
    value = run.data.metrics.get("value" if by_value else sweep.metric)
    # In a database of MLflow's the largest number there is stands for infinity.
    return value if value is not None and abs(value) < sys.float_info.max else None


def _params(run: Run, parent: Run | None) -> Mapping[str, str]:
    """What the run was made with; of a study of ours also what all of its trials had in common."""
    fixed = {} if parent is None or "lockstep.key" not in run.data.tags else parent.data.params
    return {
        **{name.removeprefix("fixed."): text for name, text in fixed.items() if name.startswith("fixed.")},
        **run.data.params,
        **{name: str(value) for name, value in json.loads(run.data.tags.get(PARAMS, "{}")).items()},
    }
