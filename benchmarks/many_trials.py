"""Ten thousand trials of a trivial loop: what the search itself costs, with MLflow told and not."""

import json
import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import optuna
from processes import Ran, run
from sweeps import TUNING
from table import Goal, Result

from tuning.search.samplers import experiments, sampler
from tuning.sweep import space as spaces
from tuning.sweep.loading import load

SECONDS, TRACKED_SECONDS, KB_A_TRIAL, ASK_MS, WORKERS = 60.0, 180.0, 20.0, 10.0, 2
EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
SWEEP = """
name: many
loop: rosenbrock:Rosenbrock
budget: 27
halving: {reduction: 3, minimum: 1}
confirm: off
fixed: {reports: 1}
search:
  learning_rate: {low: 1.0e-4, high: 2.0e-3, log: true}
  momentum: {low: 0.0, high: 0.99}
"""


@dataclass(frozen=True)
class Many:
    """A sweep of that many trials: its own seconds, and the driver's growth in KB a trial."""

    seconds: float
    kb_a_trial: float


def measure(trials: int = 10_000) -> Result:
    """trials: of each sweep."""
    with tempfile.TemporaryDirectory() as folder:
        off = _sweep(Path(folder) / "off", trials, "off")
        on = _sweep(Path(folder) / "mlflow", trials, "mlflow")
    asks = {kind: 1_000 * ask_s(kind, trials) for kind in ("tpe", "random")}
    rows = [
        [name, f"{each.seconds:.0f} s", f"{1_000 * each.seconds / trials:.1f} ms", f"{each.kb_a_trial:.1f} KB"]
        for name, each in (("tracking off", off), ("MLflow told", on))
    ]
    return Result(
        name="many trials",
        about=f"{trials:,} trials of a trivial loop (docs/examples/rosenbrock.py) with halving on {WORKERS} workers, "
        "sampler tpe; the memory that the driver comes to need, a trial; and an ask of the sampler at the end.",
        headings=["", "in all", "a trial", "memory a trial"],
        rows=[*rows, *([f"ask of {name}", "", f"{ms:.1f} ms", ""] for name, ms in asks.items())],
        goals=[
            Goal("tracking off", off.seconds * 10_000 / trials, SECONDS, " s", most=True),
            Goal("MLflow told", on.seconds * 10_000 / trials, TRACKED_SECONDS, " s", most=True),
            Goal("memory", max(off.kb_a_trial, on.kb_a_trial), KB_A_TRIAL, " KB a trial", most=True),
            Goal("an ask of tpe", asks["tpe"], ASK_MS, " ms", most=True),
        ],
        figures={
            "trials": trials,
            "seconds": {"off": off.seconds, "mlflow": on.seconds},
            "kb_a_trial": {"off": off.kb_a_trial, "mlflow": on.kb_a_trial},
            "ask_ms": asks,
        },
    )


def _sweep(folder: Path, trials: int, tracking: str) -> Many:
    folder.mkdir()
    file = folder / "many.yaml"
    file.write_text(SWEEP)
    settings = ("--set", f"tracking={tracking}", "--trials", str(trials), "--workers", str(WORKERS))
    command = [str(TUNING), "run", str(file), "--json", "--root", str(folder / "runs"), *settings]
    ran = run(command, folder, {"PYTHONPATH": str(EXAMPLES)})
    shown = json.loads(ran.output)
    if sum(shown["counts"].values()) != trials:
        raise RuntimeError(f"{trials} trials were asked for, there are {shown['counts']}")
    return Many(shown["seconds"], _growth_kb(ran, _ended(folder / "runs" / "studies.db"), trials))


def _ended(storage: Path) -> list[float]:
    """When the trials ended, in seconds of the clock, in that order."""
    (study,) = optuna.get_all_study_summaries(f"sqlite:///{storage}")
    trials = optuna.load_study(study_name=study.study_name, storage=f"sqlite:///{storage}").trials
    return sorted(trial.datetime_complete.timestamp() for trial in trials if trial.datetime_complete)


def _growth_kb(ran: Ran, ended: list[float], trials: int) -> float:
    """The driver's growth while the middle eight tenths of the trials ended: by then all is imported that the search
    needs, and what is needed at its end alone is not.
    """
    first, last = (ended[len(ended) * tenth // 10] for tenth in (1, 9))
    sizes = [size for moment, size in sorted(ran.sizes_mb.items()) if first <= moment <= last]
    return 1_000 * (sizes[-1] - sizes[0]) / (0.8 * trials)


def ask_s(kind: str, trials: int, asks: int = 32) -> float:
    """Seconds of the processor that one ask takes after so many trials of cartpole-dqn, some of them under way."""
    sweep = load("cartpole-dqn", [f"trials={trials + asks}", f"sampler={kind}"])
    drawn = random.Random(0)
    desk = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), direction=sweep.direction)
    for _ in range(trials):
        trial = desk.ask()
        spaces.suggest(sweep.space, trial)
        desk.tell(trial, drawn.random())
    with experiments():
        desk.sampler = sampler(sweep, trials)
    began = time.process_time()
    for _ in range(asks):
        spaces.suggest(sweep.space, desk.ask())
    return (time.process_time() - began) / asks
