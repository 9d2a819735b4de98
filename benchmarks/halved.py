"""What successive halving saves on cartpole-dqn: member-steps with it and without, to a champion of the same figure."""

import json
import tempfile
from pathlib import Path
from typing import Any

from sweeps import sweep
from table import Goal, Result

from tuning.sweep.loading import load

SOLVED, SHARE, WORKERS = 475.0, 0.5, 2


def measure(trials: int = 64) -> Result:
    """trials: of each of the two sweeps, of the preset's budget."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "compiled"
        own = load("cartpole-dqn").model_dump(mode="json")["halving"]
        halved = _swept(Path(folder) / "halved", trials, json.dumps(own), cache)
        full = _swept(Path(folder) / "full", trials, "off", cache)
    share = halved["member_steps"] / full["member_steps"]
    return Result(
        name="halving",
        about=f"{trials} trials of cartpole-dqn on {WORKERS} workers, with halving and without. Best: in the search; "
        "confirmed: interquartile mean of the best configuration on ten fresh seeds.",
        headings=["", "member-steps", "seconds", "best", "confirmed"],
        rows=[
            [
                name,
                f"{each['member_steps']:,}",
                f"{each['seconds']:.0f}",
                f"{each['best']:.0f}",
                f"{each['confirmed']:.0f}",
            ]
            for name, each in (("with halving", halved), ("without", full))
        ],
        goals=[
            Goal("share of the member-steps", share, SHARE, most=True),
            Goal("confirmed with halving", halved["confirmed"], SOLVED),
        ],
        figures={"halved": halved, "full": full},
    )


def _swept(folder: Path, trials: int, halving: str, cache: Path) -> dict[str, Any]:
    # Later settings win over those of a comparison in full.
    settings = ("--set", f"halving={halving}", "--set", "confirm=on", "--trials", trials, "--workers", WORKERS)
    shown = sweep(folder, "cartpole-dqn", *settings, cache=cache).shown
    confirmed = shown["confirmation"]["candidates"]
    return {
        "member_steps": shown["member_steps"],
        "seconds": shown["seconds"],
        "best": shown["best"]["value"],
        "confirmed": max(candidate["mean"] for candidate in confirmed),
    }
