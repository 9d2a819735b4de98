"""Continuous control is learnt: far better than any policy that sees nothing, from every seed."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from trainables.base import random_streams
from trainables.loops.reinforce import ReinforceConfig, ReinforceLoop
from trainables.trained_network import TrainedNetwork

CPU = torch.device("cpu")
PENDULUM: dict[str, Any] = {
    "environment": "Pendulum-v1",
    "activation": "tanh",
    "max_norm": 10.0,
    "batch_size": 4,
    "baseline": "value",
    "normalise_advantages": True,
    "action_bounds": "clip",
    "initial_deviation": 1.0,
    "reward_scale": 0.1,
    "gamma": 0.95,
    "learning_rate": 2e-3,
    "schedule": {"cosine": {"floor": 0.05}},
}
CAR: dict[str, Any] = {
    "environment": "MountainCarContinuous-v0",
    "wrappers": [{"RescaleObservation": {"min_obs": -1, "max_obs": 1}}],
    "activation": "tanh",
    "batch_size": 8,
    "baseline": "value",
    "normalise_advantages": True,
    "action_bounds": "clip",
    "initial_deviation": 1.0,
    "noise_correlation": 0.9,
    "reward_scale": 0.03,
    "learning_rate": 0.01,
}


def begin(seeds: int, **fields: Any) -> ReinforceLoop:
    return ReinforceLoop([ReinforceConfig(**fields, seed=seed) for seed in range(seeds)], CPU)


def by_chance(environment: str, episodes: int) -> float:
    """The mean return of a policy that draws any action."""
    returns = []
    with gymnasium.make(environment) as made:
        made.action_space.seed(0)
        for seed in range(episodes):
            made.reset(seed=seed)
            earned, ended = 0.0, False
            while not ended:
                _, reward, terminated, truncated, _ = made.step(made.action_space.sample())
                earned, ended = earned + float(reward), terminated or truncated
            returns.append(earned)
    return float(np.mean(returns))


@pytest.mark.slow
def test_pendulum_is_learnt_from_every_seed() -> None:
    loop = begin(3, **PENDULUM, budget=240_000, compile="never")
    for until in range(24_000, 240_001, 24_000):
        loop.train(until)
    scores = loop.confirm(50)
    # A random policy's mean over 50 episodes is -1,220, give or take 45.
    assert min(scores) > by_chance("Pendulum-v1", 50) + 150
    assert np.mean(scores) > -950


@pytest.mark.slow
def test_the_goal_that_chance_never_meets_is_found_from_every_seed_where_noise_pushes_one_way_for_long() -> None:
    loop = begin(3, **CAR, budget=40_000, compile="never")
    for until in range(4_000, 40_001, 4_000):
        loop.train(until)
    # Doing nothing has 0, a policy that draws any action -33. It is solved at 90, which one episode has.
    assert min(loop.confirm(50)) > 80


def test_a_policy_acts_in_the_environment_as_it_was_scored() -> None:
    loop = begin(1, **PENDULUM, budget=1_600, compile="never", evaluation_episodes=2, evaluation_share=None)
    (report,) = loop.train(1_600)
    network, returns = TrainedNetwork(loop.best()[0]), []
    with gymnasium.make("Pendulum-v1") as made:
        for seed in random_streams.evaluation_seeds(0, 2).tolist():
            (seen, _), earned, ended = made.reset(seed=seed), 0.0, False
            while not ended:
                action = network.act(seen)
                assert made.action_space.contains(action)
                seen, reward, _, ended, _ = made.step(action)
                earned += float(reward)
            returns.append(earned)
    assert np.mean(returns) == pytest.approx(report.best, rel=1e-3)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("deviation", ["shared", "by_state"])
def test_half_cheetah_runs_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deviation: str
) -> None:
    pytest.importorskip("mujoco")
    monkeypatch.chdir(tmp_path)  # where MuJoCo writes a log of its warnings
    fields = {"environment": "HalfCheetah-v5", "environment_args": {"max_episode_steps": 30}, "deviation": deviation}
    loop = begin(2, **fields, budget=300, batch_size=2, evaluation_episodes=1, compile="never")
    reports = loop.train(300)
    assert all(report.diverged_at is None and np.isfinite(report.best or np.nan) for report in reports)
    assert loop.best()[0]["actions"]["low"] == [-1.0] * 6
