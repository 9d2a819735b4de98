"""What `tuning run --environment` and `--data` reach with nothing else given, beside a trivial answer.

Each environment and each table is searched once by the command, on as many workers as are asked for; what is shown are
the fresh seeds of its confirmation, of the trial that they put first. Beside it stands what is trivial: random actions
in an environment, in a table the mean of the target, or how often each class is there. Where Stable-Baselines3's RL Zoo
has tuned DQN for the same environment its published figure is shown, which is of one training (benchmark.md of
DLR-RM/rl-baselines3-zoo, trained for the steps that it names).
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn import datasets as bundled

from trainables import environments
from trainables.environments.first_look import first_look
from tuning.report.number_format import clock, number
from tuning.rules import statistics
from tuning.sweep.model import Sweep

WIDTH = 120
RANDOM_GROUPS, RANDOM_EPISODES = 10, 20
"""A random policy is scored as a training is: on so many episodes, so many times."""


@dataclass(frozen=True)
class Zoo:
    """RL Zoo's tuned DQN: the mean return of its one training, and the steps of that."""

    reached: float
    steps: int


ENVIRONMENTS: dict[str, Zoo | None] = {
    "CartPole-v1": Zoo(500.0, 50_000),
    "Acrobot-v1": Zoo(-76.639, 100_000),
    "MountainCar-v0": Zoo(-100.849, 120_000),
    "FrozenLake-v1": None,
    "FrozenLake8x8-v1": None,
    "Taxi-v4": None,
    "CliffWalking-v1": None,
    "Blackjack-v1": None,
    "Pendulum-v1": None,
    "LunarLander-v3": Zoo(154.382, 100_000),  # theirs is LunarLander-v2
}
TABLES = ("diabetes", "wine", "iris", "breast_cancer", "housing")


@dataclass(frozen=True)
class Row:
    """What was reached on one subject. scores: one a fresh seed, None of a training that diverged."""

    subject: str
    loop: str
    budget: int
    metric: str
    scores: list[float | None]
    trivial: list[float]
    zoo: Zoo | None
    direction: str
    seconds: float
    params: dict[str, Any]

    @property
    def beats(self) -> bool:
        """Whether it is better than what is trivial, with intervals apart."""
        (low, high), (least, most) = self.interval, _interval(self.trivial)
        return low > most if self.direction == "maximize" else high < least

    @property
    def counted(self) -> list[float]:
        """The scores, with those that diverged as worse than all others."""
        return statistics.counted({0: self.scores}, self.direction)[0]  # type: ignore[arg-type]

    @property
    def interval(self) -> tuple[float, float]:
        """Of the interquartile mean."""
        return _interval(self.counted)

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        low, high = self.interval
        return (
            self.subject,
            self.loop,
            f"{self.budget:,}",
            f"{number(statistics.interquartile_mean(self.counted))} ({number(low)} to {number(high)})",
            number(statistics.interquartile_mean(self.trivial)),
            "yes" if self.beats else "NO",
            "" if self.zoo is None else f"{number(self.zoo.reached)} ({self.zoo.steps:,})",
            clock(self.seconds),
        )


def _interval(values: Sequence[float]) -> tuple[float, float]:
    return (values[0], values[0]) if len(set(values)) == 1 else statistics.interval(values, 0)


def of_environment(environment: str, root: Path, workers: int) -> Row:
    """Search on an environment, and play it at random."""
    found, seconds = _run(root, workers, "--environment", environment)
    sweep = Sweep.suggested(environment=environment)
    described = environments.describe(environment, {})
    episodes = first_look(described, RANDOM_GROUPS * RANDOM_EPISODES, 1_000_000).returns
    groups = np.array(episodes[: len(episodes) // RANDOM_GROUPS * RANDOM_GROUPS]).reshape(RANDOM_GROUPS, -1)
    return _row(environment, sweep, found, groups.mean(1).tolist(), ENVIRONMENTS[environment], seconds)


def of_table(name: str, root: Path, workers: int) -> Row:
    """Search on a table, and predict the mean or the shares of the classes."""
    path = written(name, root)
    found, seconds = _run(root, workers, "--data", str(path))
    sweep = Sweep.suggested(data=path)
    return _row(name, sweep, found, [trivial_loss(sweep)], None, seconds)


def trivial_loss(sweep: Sweep) -> float:
    """The validation loss of who knows the targets of the training part alone."""
    from trainables.data import datasets

    config: Any = sweep.config()
    data = datasets.load(config.source)
    if not data.classes:
        return float(np.mean((data.validation_targets - data.train_targets.mean(0)) ** 2))
    shares = np.bincount(data.train_targets[:, 0].astype(int), minlength=len(data.classes)) / len(data.train_targets)
    return float(-np.log(shares[data.validation_targets[:, 0].astype(int)]).mean())


def written(name: str, folder: Path) -> Path:
    """The file of a table: one of scikit-learn's, or housing, made like the well-known one of California."""
    if name == "housing":
        frame = _housing()
    else:
        frame = getattr(bundled, f"load_{name}")(as_frame=True).frame
        if name in ("wine", "iris", "breast_cancer"):
            names = getattr(bundled, f"load_{name}")().target_names
            frame["target"] = [str(names[place]) for place in frame["target"]]
    path = folder / f"{name}.csv"
    frame.to_csv(path, index=False)
    return path


def _housing(rows: int = 8_000) -> pd.DataFrame:
    """Prices that follow income, age, rooms, people and place, in part as products, with a spread of a tenth."""
    random = np.random.default_rng(0)
    income, age = random.gamma(4.0, 1.0, rows), random.uniform(1, 52, rows)
    rooms, people = random.normal(5.4, 1.2, rows).clip(1), random.gamma(5.0, 0.6, rows).clip(1)
    latitude, longitude = random.uniform(32.5, 42.0, rows), random.uniform(-124.3, -114.3, rows)
    coast = np.exp(-((latitude - 37.8) ** 2 + (longitude + 122.4) ** 2) / 4) + np.exp(
        -((latitude - 34.0) ** 2 + (longitude + 118.3) ** 2) / 4
    )
    value = (0.4 * income + 0.1 * rooms / people + 0.005 * age + 2.0 * coast * np.sqrt(income)) * 50_000
    return pd.DataFrame(
        {
            "income": income,
            "age": age.round(),
            "rooms": rooms,
            "people": people,
            "latitude": latitude,
            "longitude": longitude,
            "value": value * random.normal(1.0, 0.1, rows),
        }
    )


def _run(root: Path, workers: int, *arguments: str) -> tuple[dict[str, Any], float]:
    command = [str(Path(sys.executable).with_name("tuning")), "run", *arguments, "--root", str(root), "--json"]
    began = time.monotonic()
    done = subprocess.run([*command, "--workers", str(workers)], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found, time.monotonic() - began


def _row(
    subject: str, sweep: Sweep, found: dict[str, Any], trivial: list[float], zoo: Zoo | None, seconds: float
) -> Row:
    confirmation = found["confirmation"]
    (leader,) = (each for each in confirmation["candidates"] if each["number"] == confirmation["leader"])
    params = next(each["params"] for each in found["trials"] if each["number"] == confirmation["leader"])
    return Row(
        subject,
        sweep.loop,
        sweep.budget,
        sweep.metric,
        leader["scores"],
        trivial,
        zoo,
        sweep.direction,
        seconds,
        params,
    )


def table(rows: Sequence[Row]) -> Table:
    """All rows."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "loop", "budget", "reached (95 % interval)", "trivial", "beats it", "RL Zoo (steps)", "time"):
        made.add_column(heading)
    for each in rows:
        made.add_row(*each.cells())
    return made


def subjects() -> list[str]:
    """All that there are here: LunarLander needs the extra `box2d`."""
    here = [each for each in ENVIRONMENTS if not each.startswith("Lunar") or importlib.util.find_spec("Box2D")]
    return [*here, *TABLES]


def main() -> None:
    """Those that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="NAME", help=f"some alone: {', '.join(subjects())}")
    parser.add_argument("--workers", type=int, default=2, help="packs that train at a time (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the scores go, seed by seed")
    parser.add_argument("--root", type=Path, help="folder that keeps the studies; else they are thrown away")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.subjects if name not in subjects()]
    if unknown:
        parser.error(f"there is no {unknown[0]!r} here; there are {', '.join(subjects())}")
    rows: list[Row] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        root = arguments.root or Path(folder)
        root.mkdir(parents=True, exist_ok=True)
        for name in arguments.subjects or subjects():
            rows.append((of_table if name in TABLES else of_environment)(name, root, arguments.workers))
            if arguments.json is not None:
                # After each, since each takes minutes.
                arguments.json.write_text(json.dumps([asdict(each) for each in rows], indent=1) + "\n")
    console = Console(width=WIDTH)
    console.print(
        f"Fresh seeds of each confirmation; interquartile means; {arguments.workers} workers, load before: {load:.1f}",
        table(rows),
        highlight=False,
    )


if __name__ == "__main__":
    main()
