"""What `tuning run --environment` and `--data` reach with nothing else given, beside a trivial answer.

Each environment and each table is searched once by the command, on as many workers as are asked for; what is shown are
the fresh seeds of its confirmation, of the trial that they put first. Beside it stand the best of the trivial answers
that the study was held against (docs/sweeps.md), and in an environment what acts at random. Where the RL Zoo of
Stable-Baselines3 has tuned DQN for the same environment its published figure is shown, which is of one training
(benchmark.md of DLR-RM/rl-baselines3-zoo, trained for the steps that it names).
"""

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from sklearn import datasets as bundled

from tuning import studies
from tuning.report.number_format import clock, number
from tuning.rules import statistics
from tuning.study_handle import StudyHandle
from tuning.sweep.model import Sweep

WIDTH = 150


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
    """What was reached on one subject.

    scores: one a fresh seed, None of a training that diverged.
    trivial: the answers that were held against it: name, value, and the value from which on another beats it.
    seconds: of the search and its confirmation.
    """

    subject: str
    loop: str
    budget: int
    scores: list[float | None]
    trivial: list[dict[str, Any]]
    zoo: Zoo | None
    direction: Literal["maximize", "minimize"]
    seconds: float
    params: dict[str, Any]

    @property
    def counted(self) -> list[float]:
        """The scores, with those that diverged as worse than all others."""
        return statistics.counted({0: self.scores}, self.direction)[0]

    @property
    def strongest(self) -> dict[str, Any]:
        """The best trivial answer."""
        best = max if self.direction == "maximize" else min
        return best(self.trivial, key=lambda each: each["value"])

    @property
    def beats(self) -> bool:
        """Whether all of the interval is beyond the best trivial answer, by more than chance."""
        low, high = statistics.interval(self.counted, 0)
        bound = self.strongest["beaten_from"]
        return low > bound if self.direction == "maximize" else high < bound

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        low, high = statistics.interval(self.counted, 0)
        random = next((each["value"] for each in self.trivial if "random" in each["name"]), None)
        return (
            self.subject,
            self.loop,
            f"{self.budget:,}",
            f"{number(statistics.interquartile_mean(self.counted))} ({number(low)} to {number(high)})",
            number(random),
            f"{number(self.strongest['value'])} ({self.strongest['name']})",
            "yes" if self.beats else "NO",
            "" if self.zoo is None else f"{number(self.zoo.reached)} ({self.zoo.steps:,})",
            clock(self.seconds),
        )


def of_environment(environment: str, root: Path, workers: int) -> Row:
    """Search on an environment."""
    name = f"{Sweep.suggested(environment=environment).name}-1"
    return _row(environment, _searched(name, root, workers, "--environment", environment), ENVIRONMENTS[environment])


def of_table(table: str, root: Path, workers: int) -> Row:
    """Search on a table."""
    path = written(table, root)
    name = f"{Sweep.suggested(data=path).name}-1"
    return _row(table, _searched(name, root, workers, "--data", str(path)), None)


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


def _searched(name: str, root: Path, workers: int, *begun: str) -> StudyHandle:
    """A study of this name, run to its end; one that was interrupted goes on."""
    there = name in [study.name for study in studies(root)]
    what = ["resume", name] if there else ["run", *begun, "--name", name, "--workers", str(workers)]
    command = [str(Path(sys.executable).with_name("tuning")), *what, "--root", str(root), "--json"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    (study,) = (study for study in studies(root) if study.name == name)
    return study


def _row(subject: str, study: StudyHandle, zoo: Zoo | None) -> Row:
    sweep, summary = study.sweep, study.summary()
    assert summary.confirmation is not None
    (leader,) = (each for each in summary.confirmation.candidates if each.number == summary.confirmation.leader)
    trivial = [asdict(each) for each in summary.trivial]
    known = (leader.scores, trivial, zoo, sweep.direction, summary.seconds, study.chosen.params)
    return Row(subject, sweep.loop, sweep.budget, *known)


def table(rows: Sequence[Row]) -> Table:
    """All rows."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "",
        "loop",
        "budget",
        "reached (95 % interval)",
        "random",
        "trivial",
        "beats it",
        "RL Zoo (steps)",
        "time",
    ):
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
    parser.add_argument(
        "--root",
        type=Path,
        help="folder that keeps the studies, and in which interrupted ones go on; else they are thrown away",
    )
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
