"""Environments that come with Gymnasium, each in a sweep of two trials of both loops that act."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import legs_by_hand
import pytest
import sweeps

NEEDS_BOX2D = pytest.mark.skipif(
    importlib.util.find_spec("Box2D") is None, reason="Box2D is not installed: pip install 'lockstep-tuning[box2d]'"
)
QUICK = [("dqn", "FrozenLake-v1"), ("reinforce", "MountainCar-v0")]
ALL = [
    pytest.param(loop, environment, id=f"{loop}-{environment}", marks=[NEEDS_BOX2D] if "Lunar" in environment else [])
    for environment in ("Acrobot-v1", "MountainCar-v0", "FrozenLake-v1", "Taxi-v4", "LunarLander-v3")
    for loop in ("dqn", "reinforce")
]
FIXED: dict[str, dict[str, Any]] = {
    "dqn": {"learning_starts": 100, "batch_size": 16},
    "reinforce": {"batch_size": 2},
}


def written(folder: Path, loop: str, environment: str) -> str:
    """The file of such a sweep."""
    return sweeps.written(
        folder,
        loop=loop,
        environment=environment,
        budget=600,
        trials=2,
        workers=1,
        fixed={"hidden": [16], "reports": 2, "evaluation_episodes": 2, **FIXED[loop]},
        search={"learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
    )


@pytest.mark.parametrize(("loop", "environment"), QUICK)
def test_two_trials_without_an_error_in_this_process(
    loop: str, environment: str, tmp_path: Path, tuning: Callable[..., tuple[int, str, str]]
) -> None:
    path = written(tmp_path, loop, environment)
    code, _, errors = tuning("run", path, "--root", str(tmp_path / "runs"), hire=legs_by_hand.ByHand(trains=True))
    assert code == 0, errors
    trials = sweeps.opened(tmp_path / "runs").summary().trials
    assert [(trial.state, trial.reason) for trial in trials] == [("complete", None)] * 2


@pytest.mark.slow
@pytest.mark.parametrize(("loop", "environment"), ALL)
def test_two_trials_without_an_error(loop: str, environment: str, tmp_path: Path) -> None:
    path = written(tmp_path, loop, environment)
    done = commands.tuning("run", path, "--root", str(tmp_path / "runs"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    trials = sweeps.opened(tmp_path / "runs").summary().trials
    assert [(trial.state, trial.reason) for trial in trials] == [("complete", None)] * 2
