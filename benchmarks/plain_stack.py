"""Trials a minute of `tuning run cartpole-dqn` and of the plain stack on the same search, on two workers."""

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from processes import run
from sweeps import sweep
from table import Goal, Result

GOAL, WORKERS = 8.0, 2
PLAIN = Path(__file__).with_name("plain_tune.py")


@dataclass(frozen=True)
class Timing:
    """Of one process that ran some trials. search_s: from the first configuration asked for to the last trial done."""

    trials: int
    process_s: float
    search_s: float

    def rate(self, trials: int) -> float:
        """Trials a minute of a process with so many: its start and end happen once, its search grows with them."""
        return 60 * trials / (self.process_s - self.search_s + self.search_s * trials / self.trials)

    @property
    def search_rate(self) -> float:
        """Trials a minute, the process's start and end left out."""
        return 60 * self.trials / self.search_s


def measure(trials: int = 64, budget: int = 10_000, plain_trials: int = 8) -> Result:
    """The plain stack once; ours with nothing compiled before, and again with what that run has left."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain = _plain(folder / "plain", plain_trials, budget)
        cold = _ours(folder / "cold", trials, budget, folder / "compiled")
        warm = _ours(folder / "warm", trials, budget, folder / "compiled")
    timings = {"plain stack": plain, "ours, nothing compiled": cold, "ours, compiled before": warm}
    ratios = {name: each.rate(trials) / plain.rate(trials) for name, each in timings.items()}
    return Result(
        name="plain stack",
        about=f"The preset cartpole-dqn with a budget of {budget:,} steps on {WORKERS} workers, against Ray Tune with "
        "a function trainable of one training, OptunaSearch and MLflowLoggerCallback.",
        headings=["", "trials", "process", "search", f"{trials} trials", "against plain", "search alone"],
        rows=[
            [
                name,
                str(each.trials),
                f"{each.process_s:.1f} s",
                f"{each.search_s:.1f} s",
                f"{each.rate(trials):.1f}/min",
                f"{ratios[name]:.1f}",
                f"{each.search_rate / plain.search_rate:.1f}",
            ]
            for name, each in timings.items()
        ],
        goals=[Goal(f"{trials} trials, compiled before", ratios["ours, compiled before"], GOAL, " times")],
        notes=[
            "process: from start to end. search: from the first configuration asked for to the last trial done.",
            _reckoning(plain_trials, trials),
            "Halving and confirmation are off: all trials are trained in full, as in the plain stack.",
            "The plain stack begins a process a trial, as is Tune's default, and keeps no checkpoints; ours does.",
        ],
        figures={
            name: {**vars(each), "trials_per_minute": each.rate(trials), "against_plain": ratios[name]}
            for name, each in timings.items()
        },
    )


def _reckoning(run_trials: int, trials: int) -> str:
    if run_trials == trials:
        return f"All {trials} trials of the plain stack were run."
    return f"{trials} trials of the plain stack: {trials}/{run_trials} of its search, and its start and end once."


def _plain(folder: Path, trials: int, budget: int) -> Timing:
    folder.mkdir()
    ran = run([sys.executable, str(PLAIN), str(trials), str(budget)], folder)
    told = json.loads(ran.output.splitlines()[-1])
    return Timing(told["trials"], ran.seconds, told["done"] - told["began"])


def _ours(folder: Path, trials: int, budget: int, cache: Path) -> Timing:
    options = ("--set", f"budget={budget}", "--trials", trials, "--workers", WORKERS)
    swept = sweep(folder, "cartpole-dqn", *options, cache=cache)
    # Pruned, with halving off, are those that diverged; the plain stack counts such trials too.
    done = swept.shown["counts"]["complete"] + swept.shown["counts"]["pruned"]
    return Timing(done, swept.ran.seconds, max(swept.ended) - min(swept.begun))
