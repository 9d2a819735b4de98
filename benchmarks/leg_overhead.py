"""What a leg costs a worker beside its training, and how much memory a worker comes to need."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps import sweep
from table import Goal, Result

OVERHEAD_MS, MEMORY_MB, WORKERS = 100.0, 600.0, 2
PRESETS = ("cartpole-dqn", "cartpole-reinforce", "conjunction-risk")
STARTING = 2 * WORKERS
"""Legs that are left out: the first ones wait for their workers to start."""


@dataclass(frozen=True)
class Leg:
    """A leg that has ended: when, in seconds of the clock, and the seconds that its worker trained."""

    ended: float
    train_s: float


@dataclass(frozen=True)
class Case:
    """Legs of so many members and environment steps, and how many of them."""

    members: int
    steps: int
    legs: int

    def __str__(self) -> str:
        return f"leg of {self.members}, {self.steps:,} steps"


CASES = (Case(1, 200, 60), Case(16, 5_000, 24), Case(16, 200, 60))
WITHOUT_A_GOAL = CASES[2]
"""The one driver can't keep up with two workers whose legs take a tenth of a second: it shows what a leg costs it."""


def measure(cases: Sequence[Case] = CASES, preset_trials: int | None = None) -> Result:
    """preset_trials: None for as many as each preset has."""
    with tempfile.TemporaryDirectory() as folder:
        ended = {case: _legs(Path(folder) / str(place), case) for place, case in enumerate(cases)}
        peaks = {preset: _peak_mb(Path(folder) / preset, preset, preset_trials) for preset in PRESETS}
    overheads = {case: 1_000 * overhead_s(each) for case, each in ended.items()}
    trained = {case: 1_000 * sum(leg.train_s for leg in each) / len(each) for case, each in ended.items()}
    return Result(
        name="leg overhead",
        about=f"Legs of cartpole-dqn with 10 reports on {WORKERS} workers: the time of a worker that a leg takes "
        "beside its training. Memory: the most that a worker ever had resident, on whole presets in full.",
        headings=["", "training", "overhead", "memory"],
        rows=[
            *([str(case), f"{trained[case]:.0f} ms", f"{overheads[case]:.0f} ms", ""] for case in cases),
            *([preset, "", "", f"{peak:.0f} MB"] for preset, peak in peaks.items()),
        ],
        goals=[
            *(
                Goal(str(case), overheads[case], OVERHEAD_MS, " ms", most=True)
                for case in cases
                if case != WITHOUT_A_GOAL
            ),
            *(Goal(f"a worker of {preset}", peak, MEMORY_MB, " MB", most=True) for preset, peak in peaks.items()),
        ],
        notes=[
            f"The first {STARTING} legs are left out. Training holds a leg's evaluations and checkpoints; beside it "
            "are Tune, Optuna, both databases and the making of the pack."
        ],
        figures={
            "overhead_ms": {str(case): overheads[case] for case in cases},
            "train_ms": {str(case): trained[case] for case in cases},
            "worker_peak_mb": peaks,
        },
    )


def overhead_s(legs: Sequence[Leg]) -> float:
    """Seconds a leg that workers did not train: all their time in a stretch less what the legs that end in it trained.

    The stretch ends with the last leg but one, while every worker still has one. What is cut off at its beginning and
    its end is the same on average.
    """
    by_end = sorted(legs, key=lambda leg: leg.ended)
    first, counted = by_end[STARTING - 1], by_end[STARTING : 1 - WORKERS]
    stretch = counted[-1].ended - first.ended
    return (WORKERS * stretch - sum(leg.train_s for leg in counted)) / len(counted)


def _legs(folder: Path, case: Case) -> list[Leg]:
    settings = (f"budget={case.steps}", f"fixed.learning_starts={case.steps - 20}", "fixed.reports=10")
    short = [word for setting in settings for word in ("--set", setting)]
    trials = case.legs * case.members
    swept = sweep(folder, "cartpole-dqn", *short, "--trials", trials, "--pack-size", case.members, "--workers", WORKERS)
    # The trials of a leg are asked for together, so their numbers are side by side; each has the seconds of the leg.
    firsts = range(0, trials, case.members)
    return [
        Leg(max(swept.ended[first : first + case.members]), swept.shown["trials"][first]["seconds"]) for first in firsts
    ]


def _peak_mb(folder: Path, preset: str, trials: int | None) -> float:
    """Of the worker that needed most; compiling included, which takes memory."""
    several = () if trials is None else ("--trials", trials)
    return max(sweep(folder, preset, "--workers", WORKERS, *several).ran.worker_peaks_mb.values())
