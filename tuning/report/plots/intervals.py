"""What fresh seeds say of the best trials: intervals, scores, and the drop from what the search had seen."""

from tuning.report.confirmation import verdict
from tuning.report.material import Material
from tuning.report.number_format import number
from tuning.report.plots.plot import DEFAULT, LEADER, OTHERS, PRUNED, Plot, figure
from tuning.study.summary import Candidate


def plot(material: Material) -> Plot | None:
    """A row for each candidate, the first on top."""
    found = material.summary.confirmation
    if found is None:
        return None
    made = figure(f"{material.metric} on fresh seeds", "", 160 + 44 * len(found.candidates))
    candidates = list(reversed(found.candidates))
    names = [_name(each) for each in candidates]
    scores = [(name, score) for name, each in zip(names, candidates, strict=True) for score in each.scores]
    made.add_scatter(
        x=[score for _, score in scores],
        y=[name for name, _ in scores],
        mode="markers",
        marker={"color": OTHERS, "size": 6, "opacity": 0.6},
        name="a seed",
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    made.add_scatter(
        x=[each.mean for each in candidates],
        y=names,
        mode="markers",
        marker={"color": [DEFAULT if each.default else LEADER for each in candidates], "size": 11, "symbol": "square"},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [each.interval[1] - each.mean for each in candidates],
            "arrayminus": [each.mean - each.interval[0] for each in candidates],
            "thickness": 2,
        },
        name="interquartile mean, 95 % interval",
        hovertemplate="%{y}: %{x:.4g}<extra></extra>",
    )
    searched = [
        (name, each.searched) for name, each in zip(names, candidates, strict=True) if each.searched is not None
    ]
    made.add_scatter(
        x=[value for _, value in searched],
        y=[name for name, _ in searched],
        mode="markers",
        marker={"color": PRUNED, "size": 10, "symbol": "diamond-open", "line": {"width": 2}},
        name="in the search",
        hovertemplate="%{y}, in the search: %{x:.4g}<extra></extra>",
    )
    made.update_yaxes(automargin=True, type="category")
    return Plot(
        "confirmation",
        "Confirmed on fresh seeds",
        f"{verdict(found, material.summary.name)} Each was trained on {found.seeds_told} seeds that the search had not "
        "used.",
        made,
        ["trial", "in the search", "on fresh seeds", "95 % interval", "drop"],
        [
            [
                _name(each),
                number(each.searched),
                number(each.mean),
                " to ".join(map(number, each.interval)),
                "-" if each.searched is None else number(each.searched - each.mean),
            ]
            for each in found.candidates
        ],
    )


def _name(candidate: Candidate) -> str:
    return f"trial {candidate.number}" + (", default" if candidate.default else "")
