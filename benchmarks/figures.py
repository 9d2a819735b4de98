"""What the presets reach: each searched by `tuning run PRESET`, then its best trained on 20 seeds that no search used.

Who is the best is decided before, by the preset's own run: whoever is first on the seeds that confirm. 20 seeds beyond
those train it afresh, as `tuning confirm` does. Prints a table, and writes the scores with `--json FILE`.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from trainables import prediction
from trainables.base import random_streams
from trainables.environments import sensor_baselines
from trainables.messages import MemberRequest, PackReport, PackRequest, Parcel
from trainables.tune import trainable_of
from tuning.report.number_format import clock, number
from tuning.rules import statistics
from tuning.search.packing import member_request
from tuning.study import catalogue
from tuning.study.paths import Home
from tuning.study.seeds import fresh_seeds
from tuning.sweep import loading

SEEDS, EPISODES = 20, 100
WIDTH = 120
SCENARIOS = {(12.0, 0.3, 0.9, 2.0): 0.9698, (2.0, 4.5, 0.5, 20.0): 7.1e-6}
"""Cases of conjunction-risk (km/s, km, share, hours) and their true risks."""
MOST_OFF = 0.02


@dataclass(frozen=True)
class Wanted:
    """A preset's figure: a bound of the interquartile mean, or of the scores; share: of them that must keep it then."""

    figure: str
    bound: float
    direction: Literal["maximize", "minimize"] = "maximize"
    share: float | None = None


WANTED = {
    "number-match": Wanted("10 of 10 exact on every seed", 0.0, share=1.0),
    "number-match-100": Wanted("100 of 100 exact on 18 of 20 seeds", 0.0, share=0.9),
    "cartpole-reinforce": Wanted("return of at least 475", 475.0),
    "cartpole-dqn": Wanted("return of at least 475", 475.0),
    "conjunction-risk": Wanted("validation MSE of at most 8e-6", 8e-6, "minimize"),
}
SENSOR = "sensor-tasking-dqn"


@dataclass(frozen=True)
class Figure:
    """One row. scores: of each seed, None where it diverged; share: of the seeds that keep the bound, where there is
    one; seconds: of the search with its own confirmation, and of the further trainings.
    """

    name: str
    figure: str
    scores: list[float | None]
    direction: Literal["maximize", "minimize"]
    share: float | None
    met: bool | None
    search_seconds: float = 0.0
    further_seconds: float = 0.0
    about: str = ""

    @property
    def counted(self) -> list[float]:
        """The scores, with those that diverged as worse than all others."""
        return statistics.counted({0: self.scores}, self.direction)[0]

    def row(self) -> tuple[str, ...]:
        """The figure as a row of the table."""
        low, high = statistics.interval(self.counted, 0)
        return (
            self.name,
            self.figure,
            f"{number(statistics.interquartile_mean(self.counted))} ({number(low)} to {number(high)})",
            "" if self.share is None else f"{self.share:.0%}",
            clock(self.search_seconds + self.further_seconds) if self.search_seconds else "",
            {True: "met", False: "MISSED", None: ""}[self.met],
        )


def figures_of(preset: str, root: Path) -> list[Figure]:
    """The rows of a preset."""
    if preset == SENSOR:
        return _sensor_tasking(root)
    if preset == "conjunction-risk":
        return _conjunction_risk(root)
    return [_figure(preset, WANTED[preset], _studied(preset, root))]


@dataclass(frozen=True)
class Studied:
    """A preset that was searched and confirmed; number: of the trial whose scores these are, a seed each."""

    number: int
    seeds: list[int]
    scores: list[float | None]
    params: dict[str, Any]
    search_seconds: float
    further_seconds: float


def _studied(preset: str, root: Path) -> Studied:
    began = time.monotonic()
    found = _tuning("run", preset, "--name", preset, "--root", str(root))
    searched, began = time.monotonic() - began, time.monotonic()
    chosen, before = found["chosen"], found["confirmation"]["seeds"]
    seeds = fresh_seeds(loading.load(preset).seed, before + SEEDS)[before:]
    scores = afresh(preset, root, chosen, seeds)
    params = next(each["params"] for each in found["trials"] if each["number"] == chosen)
    return Studied(chosen, seeds, scores, params, searched, time.monotonic() - began)


def afresh(preset: str, root: Path, number: int, seeds: Sequence[int]) -> list[float | None]:
    """A score for each seed that a trial is trained with, as `tuning confirm` does, a pack a core; None if it diverged.

    The command itself would train all that were confirmed with as many seeds, at four times the cost.
    """
    home = Home.at(root)
    study = catalogue.opened(home, home.storage_url, preset)
    values = study.records.plans()[number].values
    members = [member_request(study.sweep, values, seed, home.confirming(preset, number, seed)) for seed in seeds]
    cores = len(os.sched_getaffinity(0))
    size = math.ceil(len(members) / cores)
    packs = [members[first : first + size] for first in range(0, len(members), size)]
    with ProcessPoolExecutor(cores, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        trained = pool.map(partial(_scores, study.sweep.loop), packs)
        return [score for scores in trained for score in scores]


def _scores(loop: str, members: list[MemberRequest]) -> list[float | None]:
    pack = trainable_of(loop)({"request": Parcel(PackRequest(members, confirm_episodes=EPISODES))})
    result = pack.step()
    while not result["done"]:
        result = pack.step()
    said: PackReport = result["report"].take()
    return [
        None if report.diverged_at is not None or report.error is not None else float(score)
        for report, score in zip(said.members, said.confirmed or [], strict=True)
    ]


def _tuning(*arguments: str) -> dict[str, Any]:
    command = [str(Path(sys.executable).with_name("tuning")), *arguments, "--json"]
    found: dict[str, Any] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)
    return found


def _figure(preset: str, wanted: Wanted, studied: Studied) -> Figure:
    counted = statistics.counted({0: studied.scores}, wanted.direction)[0]
    share = sum(_keeps(score, wanted) for score in counted) / len(counted)
    mean = statistics.interquartile_mean(counted)
    met = _keeps(mean, wanted) if wanted.share is None else share >= wanted.share
    return Figure(
        preset,
        wanted.figure,
        studied.scores,
        wanted.direction,
        share,
        met,
        studied.search_seconds,
        studied.further_seconds,
        f"trial {studied.number}: {json.dumps(studied.params)}",
    )


def _keeps(score: float, wanted: Wanted) -> bool:
    return score >= wanted.bound if wanted.direction == "maximize" else score <= wanted.bound


def _conjunction_risk(root: Path) -> list[Figure]:
    """The loss, and how far off the worse of the two scenarios is predicted, by the network of each seed."""
    preset = "conjunction-risk"
    studied = _studied(preset, root)
    home = Home.at(root)
    off = [_most_off(home.confirming(preset, studied.number, seed) / "best.pt") for seed in studied.seeds]
    wanted = Wanted(f"scenarios within {MOST_OFF}", MOST_OFF, "minimize", share=1.0)
    scenarios = Studied(studied.number, studied.seeds, off, studied.params, 0.0, 0.0)
    return [_figure(preset, WANTED[preset], studied), _figure("", wanted, scenarios)]


def _most_off(best: Path) -> float | None:
    """None of a training that diverged before it had a score."""
    if not best.exists():
        return None
    predicted = prediction.load(best).predict(list(SCENARIOS))
    return max(abs(float(found["risk"]) - true) for found, true in zip(predicted, SCENARIOS.values(), strict=True))


def _sensor_tasking(root: Path) -> list[Figure]:
    """Ours and the baselines, whose scores are of as many sets of episodes."""
    studied = _studied(SENSOR, root)
    baselines = [
        Figure(f"  {name}", "", [float(_of_baseline(choose, seed)) for seed in range(SEEDS)], "maximize", None, None)
        for name, choose in sensor_baselines.BASELINES.items()
    ]
    (greedy,) = [each for each in baselines if each.name.strip() == "greedy"]
    _, high = statistics.interval(greedy.counted, 0)
    ours = _figure(SENSOR, Wanted("above greedy, intervals apart", high), studied)
    low, _ = statistics.interval(ours.counted, 0)
    return [Figure(**{**asdict(ours), "met": low > high}), *baselines]


def _of_baseline(choose: Callable[..., Any], seed: int) -> float:
    episodes = random_streams.evaluation_seeds(seed, EPISODES, random_streams.CONFIRMATION).tolist()
    return float(np.mean(sensor_baselines.returns(choose, episodes)))


def table(figures: Sequence[Figure]) -> Table:
    """All rows."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("preset", "figure", "reached (95 % interval)", "seeds", "time", "goal"):
        made.add_column(heading)
    for each in figures:
        made.add_row(*each.row())
    return made


def main() -> None:
    """The presets that are named, or all."""
    presets = [*WANTED, SENSOR]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("presets", nargs="*", metavar="PRESET", help=f"some alone: {', '.join(presets)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the scores go, seed by seed")
    parser.add_argument("--root", type=Path, help="folder that keeps the studies; else they are thrown away")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.presets if name not in presets]
    if unknown:
        parser.error(f"there is no figure for {unknown[0]!r}; there are {', '.join(presets)}")
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        for preset in arguments.presets or presets:
            figures += figures_of(preset, arguments.root or Path(folder))
            if arguments.json is not None:
                # After each preset, since each takes minutes.
                arguments.json.write_text(json.dumps([asdict(each) for each in figures], indent=1) + "\n")
    console = Console(width=WIDTH)
    console.print(
        f"{SEEDS} seeds not used in the search; interquartile mean; {len(os.sched_getaffinity(0))} cores, "
        f"load before: {load:.1f}\n",
        table(figures),
        highlight=False,
    )


if __name__ == "__main__":
    main()
