"""The Trainables in a Tune script of anyone's own, with its searches, schedulers and workers."""

import signal
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import ray
from flat_configs import MATCH, SCORE, to_the_end
from ray import tune
from ray.tune import TuneConfig
from ray.tune.schedulers import ASHAScheduler, PopulationBasedTraining, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from trainables.tune import PackTrainable, Reinforce


@pytest.fixture(scope="module")
def workers() -> Iterator[None]:
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 * 2**20)
    yield
    ray.shutdown()


@dataclass(frozen=True)
class Tried:
    """What Tune knows at the end of one trial."""

    config: dict[str, Any]
    metrics: dict[str, Any]


def fitted(
    folder: Path, trainable: type[PackTrainable], space: dict[str, Any], samples: int = 1, **how: Any
) -> list[Tried]:
    """What Tune makes of it, after a look that no trial has failed."""
    results = tune.Tuner(
        trainable,
        param_space=space,
        tune_config=TuneConfig(
            num_samples=samples,
            reuse_actors=True,
            max_concurrent_trials=2,
            trial_dirname_creator=lambda trial: str(trial.trial_id),
            **how,
        ),
        run_config=tune.RunConfig(name="tuned", storage_path=str(folder), verbose=0),
    ).fit()
    assert list(results.errors) == []
    return [Tried(results[place].config or {}, results[place].metrics or {}) for place in range(len(results))]


SPACE = {**MATCH, "learning_rate": tune.loguniform(1e-3, 1e-1)}


def test_with_optuna_search_and_asha(workers: None, tmp_path: Path) -> None:
    search = OptunaSearch(metric=SCORE, mode="max", seed=1)
    asha: TrialScheduler = ASHAScheduler(
        time_attr="steps", max_t=200, grace_period=50, reduction_factor=2, metric=SCORE, mode="max"
    )
    tried = fitted(tmp_path, Reinforce, SPACE, samples=6, search_alg=search, scheduler=asha)
    assert len({each.config["learning_rate"] for each in tried}) == 6
    steps = [each.metrics["steps"] for each in tried]
    assert set(steps) <= {50, 100, 150, 200}
    assert max(steps) == 200
    assert all(-3 <= each.metrics[SCORE] <= 0 for each in tried)


def test_a_pack_comes_to_the_same_as_its_members_by_hand(workers: None, tmp_path: Path) -> None:
    (pack,) = fitted(tmp_path, Reinforce, {**MATCH, "members": [{"seed": 1}, {"seed": 2}]})
    for seed, report in zip((1, 2), pack.metrics["members"], strict=True):
        alone = to_the_end(Reinforce({**MATCH, "seed": seed}))[-1]
        assert alone["steps"] == report["steps"] == 200
        for name, value in report["points"][-1][1].items():
            assert alone[name] == pytest.approx(value, rel=1e-3, abs=1e-5), name


def test_a_worker_ends_when_it_is_told_even_where_exceptions_get_lost(workers: None) -> None:
    class Told(Reinforce):
        def told(self) -> None:
            class Held:
                pass

            held = Held()
            callback = weakref.ref(held, lambda gone: signal.raise_signal(signal.SIGTERM))
            del held
            assert callback() is None

    worker = ray.remote(Told).remote(MATCH)
    with pytest.raises(ray.exceptions.RayActorError):
        ray.get(worker.told.remote())


def test_with_population_based_training(workers: None, tmp_path: Path) -> None:
    rates = [1e-6, 1e-5, 0.03, 0.05]
    population = PopulationBasedTraining(
        time_attr="steps",
        perturbation_interval=50,
        quantile_fraction=0.5,
        resample_probability=0.0,
        hyperparam_mutations={"learning_rate": tune.loguniform(1e-4, 1e-1)},
        synch=True,
    )
    space = {**MATCH, "learning_rate": tune.grid_search(rates)}
    tried = fitted(tmp_path, Reinforce, space, scheduler=population, metric=SCORE, mode="max")
    assert [each.metrics["steps"] for each in tried] == [200] * 4
    assert sorted(each.config["learning_rate"] for each in tried) != rates
    # The last learning rate that was trained with is that of the config, not of the one it took the weights from.
    for each in tried:
        assert each.metrics["train/learning_rate"] == pytest.approx(each.config["learning_rate"])
