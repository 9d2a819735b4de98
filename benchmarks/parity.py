"""Our loops against independent implementations with the same settings, seed by seed as many on either side.

Prints for each pair the interquartile means of the scores with their 95 % bootstrap intervals. A score is the mean
return of greedy episodes with the weights as the training leaves them.
"""

import argparse
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import plain_reinforce
import torch
from rich.console import Console
from rich.table import Table

from trainables import LOOPS
from tuning import statistics

SEEDS = 20
WIDTH = 100

CARTPOLE_REINFORCE = {
    "environment": "CartPole-v1",
    "budget": 40_000,  # fewer than all need, so that a worse one would show
    "learning_rate": 5e-3,
    "baseline": "value",
    "entropy_weight": 1e-3,
    "evaluation_episodes": 20,
}


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


def packed(loop: str, settings: dict[str, Any], seeds: Sequence[int]) -> list[float]:
    """The last score of each seed, all trained as one pack."""
    torch.set_num_threads(1)
    made = LOOPS[loop]
    configs = [made.Config(**settings, seed=seed) for seed in seeds]
    reports = made(configs, torch.device("cpu")).train(configs[0].budget)
    return [float(report.points[-1][1][made.score]) for report in reports]


def apart(train: Callable[[int], float], seeds: Sequence[int], cores: int) -> list[float]:
    """The score of each seed, each trained alone, a process a core."""
    # Forked processes would inherit the threads' state of a torch that has been used.
    with ProcessPoolExecutor(cores, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(pool.map(train, seeds))


def cartpole_reinforce(seeds: Sequence[int], cores: int) -> Compared:
    """REINFORCE on CartPole-v1 against a plain loop."""
    ours = packed("reinforce", CARTPOLE_REINFORCE, seeds)
    theirs = apart(_plain_reinforce, seeds, cores)
    return Compared("reinforce, CartPole-v1", "plain torch loop", ours, theirs)


def _plain_reinforce(seed: int) -> float:
    config = LOOPS["reinforce"].Config(**CARTPOLE_REINFORCE, seed=seed)
    return plain_reinforce.train(plain_reinforce.Settings.like(config))


PAIRS: dict[str, Callable[[Sequence[int], int], Compared]] = {"cartpole-reinforce": cartpole_reinforce}
"""(seeds, cores) -> the scores, by name."""


def table(compared: Sequence[Compared]) -> Table:
    """All pairs, a row each."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "ours", "reference", "its score", "no worse"):
        made.add_column(heading)
    for each in compared:
        made.add_row(*each.row())
    return made


def main() -> None:
    """Compare those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some alone: {', '.join(PAIRS)}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="trainings on either side (%(default)s)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in PAIRS]
    if unknown:
        parser.error(f"there is no pair {unknown[0]!r}; there are {', '.join(PAIRS)}")
    seeds, cores = range(arguments.seeds), len(os.sched_getaffinity(0))
    console = Console(width=WIDTH)
    console.print(
        f"{arguments.seeds} seeds each; interquartile mean (95 % interval)\n",
        table([PAIRS[name](seeds, cores) for name in arguments.names or PAIRS]),
        highlight=False,
    )


if __name__ == "__main__":
    main()
