"""Which parameters accounted for the differences between trials."""

from tuning.report.material import Material
from tuning.report.plots.plot import LEADER, Plot, figure

LEAST = 0.005
"""Shares below this are left out."""


def plot(material: Material) -> Plot | None:
    """A bar for each parameter, the largest on top."""
    shares = {name: share for name, share in material.summary.importances.items() if share >= LEAST}
    if not shares:
        return None
    made = figure("share of the differences between trials", "", 120 + 28 * len(shares))
    made.add_bar(
        x=list(reversed(shares.values())),
        y=list(reversed(shares)),
        orientation="h",
        marker={"color": LEADER},
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
    )
    made.update_xaxes(tickformat=".0%", rangemode="tozero")
    made.update_yaxes(automargin=True)
    first = next(iter(shares))
    return Plot(
        "importance",
        "What mattered",
        f"{first} accounts for {shares[first]:.0%} of the differences between trials.",
        made,
        ["parameter", "share"],
        [[name, f"{share:.1%}"] for name, share in shares.items()],
    )
