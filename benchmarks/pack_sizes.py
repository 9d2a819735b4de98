"""What packs cost the search and what they save: the best value against trials and against seconds, by pack size."""

import math
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sweeps import sweep
from table import Result

from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.search.proposer import Proposer
from tuning.study import catalogue
from tuning.study.legs import Plan
from tuning.study.paths import Home
from tuning.sweep.model import Sweep

SIZES, WORKERS = (1, 4, 8, 16, 32), 2
HARTMANN = {
    "name": "hartmann",
    "loop": "dqn",
    "environment": "CartPole-v1",
    "budget": 20_000,
    "metric": "evaluation/return_mean",
    "search": {
        "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True},
        "max_norm": {"low": 0.5, "high": 50.0, "log": True},
        "reward_scale": {"low": 0.1, "high": 10.0, "log": True},
        "gamma": {"low": 0.9, "high": 1.0},
        "warmup": {"low": 0.0, "high": 0.5},
        "target_tau": {"low": 0.01, "high": 1.0},
    },
}
"""Six tunable dimensions, which stand for the six of Hartmann's function; nothing is trained."""

WEIGHTS = (1.0, 1.2, 3.0, 3.2)
SCALES = (
    (10, 3, 17, 3.5, 1.7, 8),
    (0.05, 10, 17, 0.1, 8, 14),
    (3, 3.5, 1.7, 10, 17, 8),
    (17, 8, 0.05, 10, 0.1, 14),
)
PLACES = (
    (0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886),
    (0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991),
    (0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650),
    (0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381),
)
HIGHEST = 3.32237


def hartmann(point: Sequence[float]) -> float:
    """Hartmann's function of six dimensions in [0, 1], its sign turned (Dixon and Szego, 1978); HIGHEST at its top."""
    return sum(
        weight * math.exp(-sum(a * (x - p) ** 2 for a, x, p in zip(scale, point, place, strict=True)))
        for weight, scale, place in zip(WEIGHTS, SCALES, PLACES, strict=True)
    )


def measure(trials: int = 128, seeds: int = 20, sweep_trials: int = 64, budget: int = 10_000) -> Result:
    """trials, seeds: of each pack size on the test function; sweep_trials, budget: of each sweep of cartpole-dqn."""
    found = {size: [best_so_far(size, trials, seed) for seed in range(seeds)] for size in SIZES}
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "compiled"
        trained = {size: _trained(Path(folder) / str(size), size, sweep_trials, budget, cache) for size in SIZES}
    rows = []
    for size in SIZES:
        short = [HIGHEST - values[trials // 2 - 1] for values in found[size]]
        whole = [HIGHEST - values[-1] for values in found[size]]
        rows.append(
            [
                str(size),
                f"{statistics.median(short):.3f}",
                f"{statistics.median(whole):.3f}",
                f"{trained[size]['seconds']:.0f} s",
                f"{trained[size]['best']:.0f}",
                f"{trained[size]['until_best_s']:.0f} s",
            ]
        )
    return Result(
        name="pack sizes",
        about=f"Left: how far the best of {trials // 2} and of {trials} trials is from the top of Hartmann's function "
        f"of six dimensions (median of {seeds} seeds; tpe, {WORKERS} workers). Right: {sweep_trials} trials of "
        f"{budget:,} steps of cartpole-dqn without halving: seconds in all, the best return, and when it was there.",
        headings=["members", f"of {trials // 2}", f"of {trials}", "sweep", "best", "best after"],
        rows=rows,
        goals=[],
        figures={"hartmann": {str(size): found[size] for size in SIZES}, "cartpole-dqn": trained},
    )


def best_so_far(size: int, trials: int, seed: int) -> list[float]:
    """After each trial the best value that the search has found, in packs of this size, one pack a worker under way."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home.at(folder)
        study = catalogue.create(
            home, home.storage_url, Sweep.model_validate({**HARTMANN, "trials": trials, "seed": seed})
        )
        proposer, under_way, values = Proposer(study), [], []
        while proposer.left or under_way:
            if proposer.left and len(under_way) < WORKERS:
                with study.records.at_once():
                    under_way.append(proposer.ask(min(size, proposer.left)))
                continue
            with study.records.at_once():
                for plan in under_way.pop(0):
                    value = hartmann(_point(study.sweep, plan))
                    found, members = Outcome("complete", value=value), [MemberResult(1_000, value)]
                    study.records.finish(plan.number, found, members)
                    proposer.desk.finished(plan, found, members)
                    values.append(max([value, *values[-1:]]))
        return values


def _point(sweep: Sweep, plan: Plan) -> list[float]:
    """Where a trial lies in each range, from 0 to 1."""
    point = []
    for name, dimension in sweep.search.items():
        low, high, value = dimension.low, dimension.high, plan.params[name]
        if dimension.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        # The default configuration may lie outside.
        point.append(min(1.0, max(0.0, (value - low) / (high - low))))
    return point


def _trained(folder: Path, size: int, trials: int, budget: int, cache: Path) -> dict[str, Any]:
    short = ("--set", f"budget={budget}", "--trials", trials, "--pack-size", size, "--workers", WORKERS)
    swept = sweep(folder, "cartpole-dqn", *short, cache=cache)
    best = swept.shown["best"]
    return {
        "seconds": swept.shown["seconds"],
        "best": best["value"],
        "until_best_s": swept.ended[best["number"]] - min(swept.begun),
    }
