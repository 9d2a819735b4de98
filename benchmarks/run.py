"""Runs the benchmarks, prints a table of each with its goals, and writes the figures with `--json FILE`."""

import argparse
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path

import halved
import instruments
import leg_overhead
import many_trials
import optuna
import pack_sizes
import packed_update
import plain_stack
import startup
import tracking
from rich.console import Console
from table import Result, show

WIDTH = 80


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="make bench ARGS=...", description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", help=f"some alone: {', '.join(benchmarks(8, False))}")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    made.add_argument(
        "--plain-trials", type=int, default=8, help="trials of the plain stack, an even number (%(default)s)"
    )
    made.add_argument("--quick", action="store_true", help="sizes that show that all works, and nothing else")
    return made


def benchmarks(plain_trials: int, quick: bool) -> dict[str, Callable[[], Result]]:
    """The benchmarks by name."""
    if quick:
        return {
            "packed-update": lambda: packed_update.measure(members=(packed_update.GOAL_MEMBERS,), repetitions=2),
            "plain-stack": lambda: plain_stack.measure(trials=8, budget=1_500, plain_trials=2),
            "leg-overhead": lambda: leg_overhead.measure([leg_overhead.Case(1, 200, 8)], preset_trials=2),
            "many-trials": lambda: many_trials.measure(trials=200),
            "halving": lambda: halved.measure(trials=8),
            "pack-sizes": lambda: pack_sizes.measure(trials=32, seeds=2, sweep_trials=8, budget=1_500),
            "startup": lambda: startup.measure(times=1),
            "instruments": lambda: instruments.measure(members=2, repetitions=1, share=0.1),
            "tracking": lambda: tracking.measure(results=10, times=1),
        }
    return {
        "packed-update": packed_update.measure,
        "plain-stack": lambda: plain_stack.measure(plain_trials=plain_trials),
        "leg-overhead": leg_overhead.measure,
        "many-trials": many_trials.measure,
        "halving": halved.measure,
        "pack-sizes": pack_sizes.measure,
        "startup": startup.measure,
        "instruments": instruments.measure,
        "tracking": tracking.measure,
    }


def main() -> None:
    """Run those that are named, or all."""
    arguments = parser().parse_args()
    chosen = benchmarks(arguments.plain_trials, arguments.quick)
    unknown = [name for name in arguments.names if name not in chosen]
    if unknown:
        parser().error(f"there is no benchmark {unknown[0]!r}; there are {', '.join(chosen)}")
    console = Console(width=WIDTH)
    name, cores, load = processor(), len(os.sched_getaffinity(0)), os.getloadavg()[0]
    console.print(f"{name}, {cores} cores; load before: {load:.1f}", highlight=False)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    results = []
    for each in arguments.names or chosen:
        results.append(chosen[each]())
        show(results[-1], console)
    missed = [goal for result in results for goal in result.goals if not goal.met]
    console.print(f"\n{len(missed)} of {sum(len(result.goals) for result in results)} goals missed", highlight=False)
    if arguments.json:
        shown = {
            "machine": {"processor": name, "cores": cores, "load_before": load},
            "benchmarks": {result.name: result.as_json() for result in results},
        }
        arguments.json.write_text(json.dumps(shown, indent=2) + "\n")


def processor() -> str:
    """The processor by name, as far as the system tells."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
