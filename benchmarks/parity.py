"""Our loops against independent implementations with the same settings, seed by seed as many on either side.

Prints for each pair the interquartile means of the scores with their 95 % bootstrap intervals. A score is the mean
return of greedy episodes with the weights as the training leaves them. Needs the extra `bench`.
"""

import argparse
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import plain_reinforce
import sb3_dqn
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from trainables.loops.registry import LOOPS
from tuning.rules import statistics

SEEDS = 20
WIDTH = 120

CARTPOLE_REINFORCE = {
    "environment": "CartPole-v1",
    "budget": 40_000,  # fewer than all need, so that a worse one would show
    "learning_rate": 5e-3,
    "baseline": "value",
    "entropy_weight": 1e-3,
    "evaluation_episodes": 20,
    "evaluation_share": None,  # the reference plays them all
}

DQN: dict[str, Any] = {
    "learning_rate": 1e-3,
    "max_norm": 10.0,
    "batch_size": 64,
    "hidden": (64, 64),
    "gamma": 0.99,
    "replay_capacity": 100_000,
    "learning_starts": 100,  # until then the reference acts at random alone, so only for a moment
    "train_frequency": 4,
    "gradient_steps": 2,
    "target_interval": 500,
    "epsilon": {"linear": {"start": 1.0, "end": 0.04, "share": 0.2}},
    "evaluation_episodes": 20,
    "evaluation_share": None,  # the reference plays them all
}
CARTPOLE_DQN = {**DQN, "environment": "CartPole-v1", "budget": 20_000}
ACROBOT_DQN = {**DQN, "environment": "Acrobot-v1", "budget": 50_000}  # at 20,000 neither learns


@dataclass(frozen=True)
class Compared:
    """The scores of one pair, a seed each."""

    name: str
    reference: str
    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def holds(self) -> bool:
        """Whether ours is no worse: the intervals overlap, or ours lies above."""
        (_, high), (low, _) = statistics.interval(self.ours, 0), statistics.interval(self.theirs, 0)
        return high >= low

    def row(self) -> tuple[str, ...]:
        """The pair as a row of the table."""
        return self.name, _shown(self.ours), self.reference, _shown(self.theirs), "yes" if self.holds else "NO"


def _shown(scores: Sequence[float]) -> str:
    low, high = statistics.interval(scores, 0)
    return f"{statistics.interquartile_mean(scores):.1f} ({low:.1f} to {high:.1f})"


def packed(name: str, loop: str, settings: dict[str, Any], seeds: Sequence[int]) -> list[float]:
    """The last score of each seed, all trained as one pack."""
    torch.set_num_threads(1)
    made = LOOPS[loop]
    configs = [made.Config(**settings, seed=seed) for seed in seeds]
    with Console(stderr=True).status(f"{name}: ours, {len(seeds)} members of a pack"):
        reports = made(configs, torch.device("cpu")).train(configs[0].budget)
    return [float(report.points[-1][1][made.score]) for report in reports]


def apart(name: str, train: Callable[[int], float], seeds: Sequence[int], cores: int) -> list[float]:
    """The score of each seed, each trained alone, a process a core."""
    console, what = Console(stderr=True), f"{name}: the reference, alone"
    # Forked processes would inherit the threads' state of a torch that has been used.
    with ProcessPoolExecutor(cores, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(track(pool.map(train, seeds), what, len(seeds), console=console))


def cartpole_reinforce(seeds: Sequence[int], cores: int) -> Compared:
    """REINFORCE on CartPole-v1 against a plain loop."""
    name = "reinforce, CartPole-v1"
    theirs = apart(name, _plain_reinforce, seeds, cores)
    return Compared(name, "plain torch loop", packed(name, "reinforce", CARTPOLE_REINFORCE, seeds), theirs)


def _plain_reinforce(seed: int) -> float:
    config = LOOPS["reinforce"].Config(**CARTPOLE_REINFORCE, seed=seed)
    return plain_reinforce.train(plain_reinforce.Settings.like(config))


def cartpole_dqn(seeds: Sequence[int], cores: int) -> Compared:
    """DQN on CartPole-v1 against Stable-Baselines3."""
    return _dqn("dqn, CartPole-v1", CARTPOLE_DQN, seeds, cores)


def acrobot_dqn(seeds: Sequence[int], cores: int) -> Compared:
    """DQN on Acrobot-v1 against Stable-Baselines3."""
    return _dqn("dqn, Acrobot-v1", ACROBOT_DQN, seeds, cores)


def _dqn(name: str, settings: dict[str, Any], seeds: Sequence[int], cores: int) -> Compared:
    theirs = apart(name, partial(_sb3_dqn, settings), seeds, cores)
    return Compared(name, "Stable-Baselines3", packed(name, "dqn", settings, seeds), theirs)


def _sb3_dqn(settings: dict[str, Any], seed: int) -> float:
    return sb3_dqn.train(sb3_dqn.Settings.like(LOOPS["dqn"].Config(**settings, seed=seed)))


PAIRS: dict[str, Callable[[Sequence[int], int], Compared]] = {
    "cartpole-reinforce": cartpole_reinforce,
    "cartpole-dqn": cartpole_dqn,
    "acrobot-dqn": acrobot_dqn,
}
"""(seeds, cores) -> the scores, by name."""


def table(compared: Sequence[Compared]) -> Table:
    """All pairs, a row each."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "ours", "reference", "its score", "overlap or better"):
        made.add_column(heading)
    for each in compared:
        made.add_row(*each.row())
    return made


def main() -> None:
    """Compare those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some alone: {', '.join(PAIRS)}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="trainings on either side (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="two seeds alone: whether it runs, not who is better")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the scores go, seed by seed")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in PAIRS]
    if unknown:
        parser.error(f"there is no pair {unknown[0]!r}; there are {', '.join(PAIRS)}")
    seeds, cores = range(2 if arguments.quick else arguments.seeds), len(os.sched_getaffinity(0))
    compared = []
    for name in arguments.names or PAIRS:
        compared.append(PAIRS[name](seeds, cores))
        if arguments.json is not None:
            # After each pair, since each takes minutes.
            arguments.json.write_text(json.dumps([asdict(each) for each in compared], indent=1))
    Console(width=WIDTH).print(
        f"{len(seeds)} seeds each; interquartile mean (95 % interval)\n", table(compared), highlight=False
    )


if __name__ == "__main__":
    main()
