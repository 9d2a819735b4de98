"""How much a sweep's outcome hangs on the seed of its search: the same preset again and again, each time with another.

    python benchmarks/repeatability.py [--seeds N] [--json FILE] [PRESET ...]

Each search is a `tuning run PRESET --seed S` of its own. Shown are how it ended (tuning/rules/choice.py), the trial to
use with its score on fresh seeds, that of the default, and the settings that were found.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from table import Goal, Result, show

from tuning.report.number_format import number

NAMED, SHARE = ("champion", "equals"), 0.9
"""Searches that name one to use and tell it from the default; how many of all should."""


def searched(preset: str, seed: int, root: Path) -> dict[str, Any]:
    """What `tuning run --json` says of one search. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", "tuning", "run", preset, "--seed", str(seed), "--root", str(root), "--json"]
    environment = {**os.environ, "NO_COLOR": "1"}
    found: dict[str, Any] = json.loads(subprocess.check_output(command, text=True, env=environment))
    return found


def measure(preset: str, seeds: int, root: Path, console: Console) -> Result:
    """A row for each search.

    preset: what is searched. seeds: how many searches. root: a folder for their studies. console: where each is told.
    """
    rows, kinds, scores, studies = [], Counter[str](), list[float](), list[dict[str, Any]]()
    for seed in range(seeds):
        found = searched(preset, seed, root)
        confirmation = found["confirmation"]
        by_number = {each["number"]: each for each in confirmation["candidates"]}
        used = by_number[confirmation["use"]]
        default = next((each for each in by_number.values() if each["default"]), None)
        params = next(each["params"] for each in found["trials"] if each["number"] == used["number"])
        kinds[confirmation["kind"]] += 1
        scores.append(used["mean"])
        studies.append({"seed": seed, "kind": confirmation["kind"], "used": used, "default": default, "params": params})
        low, high = map(number, used["interval"])
        rows.append(
            [
                str(seed),
                confirmation["kind"],
                str(used["number"]),
                f"{number(used['mean'])} ({low} to {high})",
                "" if default is None else number(default["mean"]),
                str(sum(len(each["scores"]) for each in confirmation["candidates"])),
                f"{found['seconds']:.0f}",
            ]
        )
        console.print(", ".join(rows[-1]), style="dim", highlight=False, markup=False)
    named = sum(kinds[kind] for kind in NAMED)
    spread = f"The score of the one to use: {number(min(scores))} to {number(max(scores))}, median "
    return Result(
        "repeatability",
        f"{preset}, {seeds} seeds of the search",
        ["seed", "ended as", "to use", "on fresh seeds", "default", "trainings", "seconds"],
        rows,
        [Goal("searches that name one to use and tell it from the default", named / seeds, SHARE)],
        {"studies": studies, "kinds": dict(kinds)},
        [f"{spread}{number(float(np.median(scores)))}.", *_found([each["params"] for each in studies])],
    )


def _found(params: Sequence[dict[str, Any]]) -> list[str]:
    """How far apart the settings lie that were found, a line each."""
    lines = []
    for name in dict.fromkeys(name for each in params for name in each):
        values = [each[name] for each in params if name in each]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            lines.append(
                f"{name}: {number(min(values))} to {number(max(values))}, median {number(float(np.median(values)))}"
            )
        else:
            counted = Counter(str(value) for value in values).most_common()
            lines.append(f"{name}: {', '.join(f'{value} {count} times' for value, count in counted)}")
    return lines


def main() -> None:
    """Search, print a table for each preset."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("presets", nargs="*", default=["cartpole-dqn"], metavar="PRESET", help="cartpole-dqn if none")
    made.add_argument("--seeds", type=int, default=10, help="searches of each (%(default)s)")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    arguments = made.parse_args()
    console, results = Console(width=110), []
    with tempfile.TemporaryDirectory() as folder:
        for preset in arguments.presets:
            results.append(measure(preset, arguments.seeds, Path(folder), console))
            show(results[-1], console)
    if arguments.json:
        arguments.json.write_text(json.dumps([each.as_json() for each in results], indent=2) + "\n")


if __name__ == "__main__":
    main()
