"""DQN that notes when a worker begins to train a pack: `loop: timed:DQN` in a sweep, with TIMED naming a file."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from trainables.base.report import Report
from trainables.loops.dqn import DQNLoop

TIMED = "LOCKSTEP_BENCHMARK_TIMED"


@dataclass(frozen=True)
class Begun:
    """A pack whose training has begun: the process of its worker, the time in seconds, the seed of its first member."""

    worker: int
    time: float
    seed: int


class DQN(DQNLoop):
    """DQN itself, and a line in the file for each pack."""

    _begun = False

    def train(self, until: int) -> list[Report]:
        """As DQN does."""
        if not self._begun:
            self._begun = True
            with Path(os.environ[TIMED]).open("a") as lines:
                lines.write(json.dumps(asdict(Begun(os.getpid(), time.time(), self._configs[0].seed))) + "\n")
        return super().train(until)


def read(file: Path) -> list[Begun]:
    """All packs, in the order of time."""
    begun = [Begun(**json.loads(line)) for line in file.read_text().splitlines()]
    return sorted(begun, key=lambda each: each.time)
