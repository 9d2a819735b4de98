"""The plain stack: Ray Tune with a function trainable, OptunaSearch and MLflowLoggerCallback, each as its manual shows.

`python plain_tune.py TRIALS BUDGET` in an empty folder, where all it writes lies. The search space is that of the
preset cartpole-dqn. Prints one JSON object: when the first configuration was asked for and when the last trial was
done, in seconds of the clock, and how many trials were done.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import plain_dqn
import ray
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback
from ray.tune.search.optuna import OptunaSearch

from trainables.loops.evaluation import SCORE
from tuning.sweep import loading, space

WORKERS = 2
PRESET = loading.load("cartpole-dqn", [f"budget={sys.argv[2]}"])
asked: list[float] = []
"""When each configuration was."""


def configuration(trial: Any) -> None:
    """Ask Optuna for every parameter of the preset; OptunaSearch hears which."""
    asked.append(time.time())
    space.suggest(PRESET.space, trial)


def train(config: dict[str, Any], fixed: dict[str, Any]) -> None:
    """One trial. The process that runs it imports torch, Gymnasium and Ray, and nothing of this project."""
    own = {name: value for name, value in config.items() if not name.startswith(("schedule", "epsilon"))}
    own["floor"] = config.get("schedule.cosine.floor", 1.0)
    own["exploration"] = config["epsilon.linear.share"]
    plain_dqn.train(plain_dqn.Settings(**(fixed | own)), tune.report)


def main(trials: int) -> None:
    """The whole sweep."""
    here, settings = Path.cwd(), vars(plain_dqn.Settings.like(PRESET.config()))
    ray.init(address="local", num_cpus=WORKERS, include_dashboard=False)
    tuner = tune.Tuner(
        tune.with_parameters(train, fixed=settings),
        tune_config=tune.TuneConfig(
            metric=SCORE,
            mode="max",
            num_samples=trials,
            search_alg=OptunaSearch(configuration, metric=SCORE, mode="max"),
        ),
        run_config=tune.RunConfig(
            storage_path=str(here / "ray"),
            verbose=0,
            callbacks=[MLflowLoggerCallback(f"sqlite:///{here / 'mlflow.db'}", experiment_name="plain")],
        ),
    )
    results = tuner.fit()
    done = time.time()
    ray.shutdown()
    print(json.dumps({"began": asked[0], "done": done, "trials": len(results) - results.num_errors}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
