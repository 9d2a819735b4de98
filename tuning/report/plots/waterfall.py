"""The way from one configuration to another: what each change brings, with its interval."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from tuning.report.material import Material
from tuning.report.number_format import number
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, Plot, figure


def plot(material: Material) -> Plot | None:
    """A bar for each step of an ablation's path, from where the last one has ended; None of another study."""
    found = material.summary.found or {}
    return drawn(found, material.metric) if found.get("path") else None


def drawn(found: Mapping[str, Any], metric: str) -> Plot:
    """The same of what an ablation has found, as `tuning ablate --json` prints it."""
    path: Sequence[Mapping[str, Any]] = found["path"]
    names = ["A", *(",<br>".join(step["fields"]) for step in path), "B"]
    made = figure("", metric)
    start = found["a"]["score"]
    levels = [start]
    for step in path:
        levels.append(levels[-1] + step["difference"])
    bases = [0.0, *(min(pair) for pair in pairwise(levels)), 0.0]
    heights = [start, *(abs(step["difference"]) for step in path), found["b"]["score"]]
    up = found["b"]["score"] > start
    colours = [OTHERS, *(LEADER if (step["difference"] > 0) == up else DEFAULT for step in path), OTHERS]
    made.add_bar(x=names, y=heights, base=bases, marker={"color": colours}, showlegend=False, hoverinfo="skip")
    ends = [
        (found["a"]["low"], found["a"]["high"]),
        *((before + step["low"], before + step["high"]) for before, step in zip(levels, path, strict=False)),
        (found["b"]["low"], found["b"]["high"]),
    ]
    tops = [*levels, found["b"]["score"]]
    made.add_scatter(
        x=names,
        y=tops,
        mode="markers",
        marker={"color": "rgba(0,0,0,0)"},
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [high - top for top, (_, high) in zip(tops, ends, strict=True)],
            "arrayminus": [top - low for top, (low, _) in zip(tops, ends, strict=True)],
            "color": OTHERS,
            "thickness": 2,
        },
        showlegend=False,
        hovertemplate="%{x}: %{y:.4g}<extra></extra>",
    )
    cause = found["cause"]
    return Plot(
        "ablation",
        f"From {found['a']['name']} to {found['b']['name']}",
        f"What makes the difference: {', '.join(cause)}." if cause else "No cause found.",
        made,
        ["change", "difference", "95 % interval"],
        [
            [", ".join(step["fields"]), number(step["difference"]), f"{number(step['low'])} to {number(step['high'])}"]
            for step in path
        ],
    )
