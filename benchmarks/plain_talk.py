"""The same as a trial of plain Ray Tune with MLflowLoggerCallback, as its manual shows.

`python plain_talk.py RESULTS URI` in an empty folder, where all it writes lies; without a URI there is no callback.
"""

import sys
from pathlib import Path
from typing import Any

import ray
import talked
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback


def main(results: int, uri: str | None) -> None:
    """One trial."""

    def train(config: dict[str, Any]) -> None:
        for result in range(results):
            tune.report(talked.metrics(result))

    ray.init(address="local", num_cpus=1, include_dashboard=False)
    callbacks = [] if uri is None else [MLflowLoggerCallback(uri, experiment_name="plain")]
    run_config = tune.RunConfig(storage_path=str(Path.cwd() / "ray"), verbose=0, callbacks=callbacks)
    tune.Tuner(train, run_config=run_config).fit()
    ray.shutdown()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
