"""Every leg of a search, placed by Ray Tune on workers that are kept from leg to leg."""

import time
from collections.abc import Mapping
from shutil import rmtree
from typing import Any

from ray import tune
from threadpoolctl import threadpool_limits

from trainables.tune import trainable_of
from tuning.search.leg_source import LegSource
from tuning.study.study import Study
from tuning.workers import borrowed
from tuning.workers.leg_overseer import LegOverseer
from tuning.workers.leg_searcher import LegSearcher
from tuning.workers.tune_callbacks import LegErrors
from tuning.workers.watch import Watch


def train(study: Study, source: LegSource[Any], workers: int, resources: Mapping[str, float]) -> None:
    """Train what a source hands out, until it is exhausted, or interrupted.

    study: that it is handed out for.
    workers: how many train at a time.
    resources: what Ray gives each of them.
    """
    began, sweep = time.time_ns(), study.sweep
    folder, signs = study.home.ray(study.name, began), study.home.signs(study.name, began)
    watch = Watch(sweep.workers.stall_timeout, ":" in sweep.loop, signs)
    overseer = LegOverseer(watch, source, sweep.workers)
    signs.parent.mkdir(parents=True, exist_ok=True)
    proof = signs.with_suffix(".proof")
    proof.touch()
    searcher = LegSearcher(source, watch, overseer, proof, sweep.metric, sweep.direction)
    tuner = tune.Tuner(
        tune.with_resources(trainable_of(sweep.loop, sweep.metric, sweep.direction), dict(resources)),
        tune_config=tune.TuneConfig(
            search_alg=searcher,
            num_samples=-1,
            reuse_actors=True,
            max_concurrent_trials=workers,
            trial_name_creator=_leg_name,
            trial_dirname_creator=_leg_name,
        ),
        run_config=tune.RunConfig(
            name=folder.name,
            storage_path=str(folder.parent),
            verbose=0,
            # Tune's own for notebooks clears what others have drawn beneath a cell, even where it shows nothing.
            progress_reporter=tune.CLIReporter(),
            callbacks=[LegErrors(searcher)],
            # Members' checkpoints are the trainable's own; Tune's would be another copy of each at the end of a leg.
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
            failure_config=tune.FailureConfig(max_failures=sweep.tries - 1),
        ),
    )
    # All cores are the workers': samplers that compute on several would only take turns with them.
    with threadpool_limits(1), borrowed.controller(overseer):
        try:
            tuner.fit()
        except Exception as error:
            # Tune makes another error of whatever a searcher raises.
            if (away := study.patience.gave_up) is not None:
                raise away from error
            raise
        finally:
            rmtree(signs.parent, ignore_errors=True)


def _leg_name(trial: tune.experiment.Trial) -> str:
    return str(trial.config["leg"])
