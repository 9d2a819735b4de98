"""A whole sweep in an environment that never ends, by the command: it takes the steps that its budget says."""

import json
from collections import Counter
from pathlib import Path

import commands
import pytest
import yaml

ENVIRONMENT = '''
import os
from pathlib import Path

import gymnasium
import numpy as np
from gymnasium import spaces

from trainables.base import random_streams

STEPS = os.open(Path(__file__).with_name("steps"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)


class Endless(gymnasium.Env):
    """Guess left or right, for ever. Each step leaves a letter behind, by what its episode is for."""

    observation_space = spaces.Box(-1, 1, (1,), np.float32)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        ranges = {
            b"t": random_streams.TRAINING,
            b"e": random_streams.SEARCH_EVALUATION,
            b"c": random_streams.CONFIRMATION,
        }
        episode = -1 if seed is None else seed
        self._letter = next(
            (each for each, (first, count) in ranges.items() if first <= episode < first + count), b"?"
        )
        return self._see(), {}

    def _see(self):
        self._shown = float(self.np_random.uniform(-1, 1))
        return np.array([self._shown], dtype=np.float32)

    def step(self, action):
        os.write(STEPS, self._letter)
        reward = float(int(action) == int(self._shown > 0))
        return self._see(), reward, False, False, {}


gymnasium.register("Endless-v0", entry_point=Endless)
'''


@pytest.mark.slow
@pytest.mark.parametrize(
    ("loop", "fixed"),
    [("dqn", {"learning_starts": 100}), ("reinforce", {"batch_size": 10})],
)
def test_a_sweep_takes_about_the_steps_that_its_budget_says(loop: str, fixed: dict[str, int], tmp_path: Path) -> None:
    (tmp_path / "endless_env.py").write_text(ENVIRONMENT)
    sweep = {
        "name": "endless",
        "loop": loop,
        "environment": "endless_env:Endless-v0",
        "budget": 2_000,
        "trials": 2,
        "halving": "off",
        "confirm": {"top": 1, "seeds": 2},
        "fixed": {"hidden": [8], "compile": "never", "reports": 20, **fixed},
        "search": {"learning_rate": {"low": 1e-3, "high": 1e-2}},
    }
    (tmp_path / "endless.yaml").write_text(yaml.safe_dump(sweep))
    checked = commands.tuning("check", "endless.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    assert "Endless-v0 sets no limit to its episodes: they are cut after 20 steps" in checked.stdout + checked.stderr

    (tmp_path / "steps").unlink(missing_ok=True)
    done = commands.tuning("run", "endless.yaml", "--json", "--root", "runs", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert shown["state"] == "finished"

    # Two trials, and of at most two two confirmations each. A trial run, and trivial answers within one budget.
    trainings = 2 + sum(len(each["scores"]) for each in shown["confirmation"]["candidates"])
    taken = Counter((tmp_path / "steps").read_text())
    assert 2_000 * (trainings - 1) < taken["t"] <= 2_300 * trainings + 1_000
    # Twenty reports, and rungs.
    assert taken["e"] <= 0.2 * 2_000 * trainings * 1.2 + 2_000
    assert 0 < taken["c"] <= 2_000 * trainings * 1.1
