"""Experiments of MLflow that a search begins with: which of their runs, in which order, and what else is said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import legs_by_hand
import pytest
import sweeps
from mlflow.tracking import MlflowClient
from tracked import client_of, searched

from tuning.errors import StudyError, StudyNotFound
from tuning.study.attributes import START
from tuning.sweep import space

METRIC = "evaluation/return_mean"


def logged(
    client: MlflowClient, params: Mapping[str, str], *values: float, name: str = "theirs", status: str = "FINISHED"
) -> None:
    """A run as anybody may have logged it, with these values of the sweep's metric one after another."""
    there = client.get_experiment_by_name(name)
    experiment = there.experiment_id if there else client.create_experiment(name)
    run = client.create_run(experiment).info.run_id
    for key, text in params.items():
        client.log_param(run, key, text)
    for step, value in enumerate(values):
        client.log_metric(run, METRIC, value, step=step)
    client.set_terminated(run, status)


def start_of(root: Path, **changes: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sweeps.created(root, **changes).optuna.user_attrs[START]
    return found


WHOLE = {"schedule": "fixed", "baseline": "none"}


@pytest.mark.parametrize(("direction", "order"), [("maximize", [0.01, 0.02]), ("minimize", [0.02, 0.01])])
def test_anybodys_finished_runs_that_fit_are_tried_first_the_best_by_its_last_value(
    runs: Path, direction: str, order: list[float]
) -> None:
    client = client_of(runs)
    logged(client, {**WHOLE, "learning_rate": "0.02", "batch": "7"}, 9.0, 1.0)
    logged(client, {**WHOLE, "learning_rate": "0.01"}, 1.0, 2.0)
    logged(client, {**WHOLE, "learning_rate": "0.03"}, 3.0, status="FAILED")
    logged(client, {**WHOLE, "learning_rate": "0.04"})
    logged(client, {**WHOLE, "learning_rate": "0.05"}, float("nan"))
    logged(client, {**WHOLE, "learning_rate": "0.06"}, float("inf"))
    logged(client, {**WHOLE, "learning_rate": "7.0"}, 4.0)
    logged(client, {**WHOLE, "learning_rate": "fast"}, 5.0)
    logged(client, {"unheard_of": "0.01"}, 6.0)
    expected = [{**WHOLE, "learning_rate": rate} for rate in order]
    assert start_of(runs, start_from="theirs", direction=direction) == expected


def test_what_a_run_does_not_say_is_as_in_the_default_configuration(runs: Path) -> None:
    logged(client_of(runs), {"learning_rate": "0.01", "schedule": "cosine", "schedule.cosine.floor": "0.25"}, 1.0)
    default = sweeps.tiny().default_params()
    said = {"learning_rate": 0.01, "schedule": "cosine", "schedule.cosine.floor": 0.25}
    assert start_of(runs, start_from="theirs") == [{**said, "baseline": default["baseline"]}]


def test_our_own_experiment_gives_the_best_of_all_its_studies(runs: Path) -> None:
    for seed in (1, 2):
        searched(sweeps.created(runs, seed=seed, trials=4, pack_size=4))
    summaries = [sweeps.opened(runs, name).summary() for name in ("tiny-1", "tiny-2")]
    trials = sorted(
        (trial for summary in summaries for trial in summary.trials), key=lambda trial: -(trial.value or 0.0)
    )
    found = start_of(runs, start_from="tiny", name="next")
    assert [params["learning_rate"] for params in found] == list(
        dict.fromkeys(trial.params["learning_rate"] for trial in trials)
    )
    assert found[0] == trials[0].params


def test_a_study_comes_before_an_experiment_of_its_name(runs: Path) -> None:
    legs_by_hand.finished(sweeps.created(runs, "theirs", trials=2, pack_size=2))
    logged(client_of(runs), {**WHOLE, "learning_rate": "0.012345"}, 1.0)
    assert 0.012345 not in [params["learning_rate"] for params in start_of(runs, start_from="theirs")]


def test_the_nearest_of_studies_and_experiments_is_named(runs: Path) -> None:
    with pytest.raises(StudyNotFound, match=r"is 'theirs'$"):
        sweeps.created(runs, start_from="theirs")
    assert not (runs / "mlflow.db").exists()
    logged(client_of(runs), WHOLE, name="theirs")
    sweeps.created(runs, "cartpole")
    for wanted, nearest in (("their", "theirs"), ("cart-pole", "cartpole"), ("zzz", "cartpole")):
        with pytest.raises(StudyNotFound, match=f"^start_from: .* is '{wanted}'; did you mean '{nearest}'"):
            sweeps.created(runs, start_from=wanted)


def test_an_experiment_of_which_nothing_fits_is_refused(runs: Path) -> None:
    logged(client_of(runs), {**WHOLE, "learning_rate": "7.0"}, 1.0)
    with pytest.raises(StudyError, match=f"'theirs' has no finished run with a value of {METRIC}"):
        sweeps.created(runs, start_from="theirs")


def test_text_is_read_as_what_optuna_holds() -> None:
    search = {
        "learning_rate": {"low": 1e-3, "high": 1e-1},
        "batch_size": {"low": 1, "high": 64},
        "hidden": {"choices": [[8], [8, 8]]},
        "layer_norm": {"choices": [False, True]},
    }
    fixed = {"environment_args": {"n": 4, "one_hot": True}}
    texts = {"learning_rate": "1e-2", "batch_size": "32.0", "hidden": "[8, 8]", "layer_norm": "True", "else": "1"}
    of = sweeps.tiny(fixed=fixed, search=search).space
    held = {"learning_rate": 0.01, "batch_size": 32, "hidden": "[8, 8]", "layer_norm": True}
    assert space.read(of, texts) == held
    assert space.fitting(of, held) == held
    assert space.read(of, {"batch_size": "many", "hidden": "[9]"}) == {"batch_size": "many", "hidden": "[9]"}
