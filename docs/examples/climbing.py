"""Trainables of Ray Tune as anyone may have them: a class and a function that climb the same hill.

The height is -(x - 3)². A random step is taken if it leads upwards. Neither of them knows anything about Lockstep.
"""

import json
import random
import tempfile
from pathlib import Path
from typing import Any

from ray import tune


def climbed(x: float, step: float, chance: random.Random) -> float:
    """Where one random step leads: back to x, if it would lead downwards."""
    there = x + chance.gauss(0, step)
    return there if abs(there - 3) < abs(x - 3) else x


class Climber(tune.Trainable):
    """A class Trainable. Tune calls `step` for each iteration, and asks for a checkpoint when it wants one."""

    def setup(self, config: dict[str, Any]) -> None:
        """config: what the sweep fixes and searches, together with `seed` and `budget`."""
        self.size, self.x, self.chance = config["step"], config["start"], random.Random(config["seed"])

    def step(self) -> dict[str, Any]:
        """One iteration of the budget."""
        self.x = climbed(self.x, self.size, self.chance)
        return {"height": -((self.x - 3) ** 2), "x": self.x}

    def save_checkpoint(self, checkpoint_dir: str) -> dict[str, Any]:
        """All that is needed to go on. Files in the folder would do as well."""
        return {"x": self.x, "chance": self.chance.getstate()}

    def load_checkpoint(self, checkpoint: dict[str, Any] | None) -> None:
        """Goes on from what `save_checkpoint` returned."""
        assert checkpoint is not None
        self.x = checkpoint["x"]
        self.chance.setstate(checkpoint["chance"])


def climb(config: dict[str, Any]) -> None:
    """A function Trainable. It reports each iteration of the budget, here with a checkpoint."""
    x, chance, done = config["start"], random.Random(config["seed"]), 0
    if checkpoint := tune.get_checkpoint():
        with checkpoint.as_directory() as folder:
            state = json.loads((Path(folder) / "state.json").read_text())
        x, done = state["x"], state["done"]
        version, numbers, spare = state["chance"]
        chance.setstate((version, tuple(numbers), spare))
    for iteration in range(done + 1, config["budget"] + 1):
        x = climbed(x, config["step"], chance)
        with tempfile.TemporaryDirectory() as folder:
            state = {"x": x, "done": iteration, "chance": chance.getstate()}
            (Path(folder) / "state.json").write_text(json.dumps(state))
            tune.report({"height": -((x - 3) ** 2), "x": x}, checkpoint=tune.Checkpoint.from_directory(folder))
