"""What a leg costs a worker beside its training, and how much memory a worker comes to need."""

import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import timed
from processes import Peak
from sweeps import sweep
from table import Goal, Result

OVERHEAD_MS, MEMORY_MB, WORKERS = 100.0, 600.0, 2
PRESETS = ("cartpole-dqn", "cartpole-reinforce", "conjunction-risk")


@dataclass(frozen=True)
class Leg:
    """One that another has followed on its worker: the seconds from the beginning of its training to that of the
    other's, and those of them that it was trained."""

    taken_s: float
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
        legs = {case: _legs(Path(folder) / str(place), case) for place, case in enumerate(cases)}
        peaks = {preset: _peak(Path(folder) / preset, preset, preset_trials) for preset in PRESETS}
    overheads = {case: 1_000 * overhead_s(each) for case, each in legs.items()}
    trained = {case: 1_000 * statistics.fmean(leg.train_s for leg in each) for case, each in legs.items()}
    return Result(
        name="leg overhead",
        about=f"Legs of cartpole-dqn with 10 reports on {WORKERS} workers: the time of a worker that a leg takes "
        "beside its training. Memory: the most that a worker ever had, on whole presets in full.",
        headings=["", "training", "overhead", "resident", "its share"],
        rows=[
            *([str(case), f"{trained[case]:.0f} ms", f"{overheads[case]:.0f} ms", "", ""] for case in cases),
            *(
                [preset, "", "", f"{peak.resident:.0f} MB", f"{peak.proportional:.0f} MB"]
                for preset, peak in peaks.items()
            ),
        ],
        goals=[
            *(
                Goal(str(case), overheads[case], OVERHEAD_MS, " ms", most=True)
                for case in cases
                if case != WITHOUT_A_GOAL
            ),
            *(
                Goal(f"a worker of {preset}, resident", peak.resident, MEMORY_MB, " MB", most=True)
                for preset, peak in peaks.items()
            ),
        ],
        notes=[
            "From the beginning of a leg's training to that of the next on the same worker. Training holds a leg's "
            "evaluations and checkpoints; beside it are Tune, Optuna, both databases and the making of the pack.",
            "Resident are all pages of a worker; its share counts those of libraries that several have mapped once.",
        ],
        figures={
            "overhead_ms": {str(case): overheads[case] for case in cases},
            "train_ms": {str(case): trained[case] for case in cases},
            "worker_peak_mb": {preset: asdict(peak) for preset, peak in peaks.items()},
        },
    )


def overhead_s(legs: Sequence[Leg]) -> float:
    """Seconds that a leg takes of its worker beside its training."""
    return statistics.fmean(leg.taken_s - leg.train_s for leg in legs)


def _legs(folder: Path, case: Case) -> list[Leg]:
    """All but the first of each worker, which compiles, and the last, which none follows."""
    settings = (f"budget={case.steps}", f"fixed.learning_starts={case.steps - 20}", "fixed.reports=10")
    short = [word for setting in ("loop=timed:DQN", *settings) for word in ("--set", setting)]
    options = (*short, "--trials", case.legs * case.members, "--pack-size", case.members, "--workers", WORKERS)
    file = folder.with_suffix(".timed")
    own = {timed.TIMED: str(file), "PYTHONPATH": str(Path(timed.__file__).parent)}
    swept = sweep(folder, "cartpole-dqn", *options, surroundings=own)
    # Each trial has the seconds of its leg.
    seconds = {trial["seeds"][0]: trial["seconds"] for trial in swept.shown["trials"]}
    by_worker: dict[int, list[timed.Begun]] = {}
    for begun in timed.read(file):
        by_worker.setdefault(begun.worker, []).append(begun)
    return [
        Leg(later.time - begun.time, seconds[begun.seed])
        for legs in by_worker.values()
        for begun, later in list(pairwise(legs))[1:]
    ]


def _peak(folder: Path, preset: str, trials: int | None) -> Peak:
    """The most that any worker needed; compiling included, which takes memory."""
    several = () if trials is None else ("--trials", trials)
    peaks = sweep(folder, preset, "--workers", WORKERS, *several).ran.worker_peaks.values()
    return Peak(max(peak.resident for peak in peaks), max(peak.proportional for peak in peaks))
