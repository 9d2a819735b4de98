"""Gradient norms against `max_norm`, of the leader and the default."""

from tuning.diagnosis.training import CLIPPED, NORM
from tuning.report.material import Material
from tuning.report.number_format import number
from tuning.report.plots.plot import DEFAULT, LEADER, Plot, figure, level


def plot(material: Material) -> Plot | None:
    """The mean norm before clipping over the training."""
    made, rows = figure(material.unit, "gradient norm before clipping"), list[list[str]]()
    made.update_yaxes(type="log")
    for trial, colour, called in ((material.leader, LEADER, "leader"), (material.summary.default, DEFAULT, "default")):
        if trial is None or (called == "default" and trial == material.leader):
            continue
        members = [each for each in material.curves.get(trial.number, ()) if NORM in each and len(each[NORM])]
        for place, each in enumerate(members):
            made.add_scatter(
                x=each[NORM].steps,
                y=each[NORM].values,
                mode="lines",
                line={"color": colour, "width": 2, "dash": "dash" if called == "default" else "solid"},
                name=f"{called}, trial {trial.number}",
                legendgroup=called,
                showlegend=place == 0,
            )
        limit = trial.params.get("max_norm", material.summary.sweep.fixed.get("max_norm"))
        if members and isinstance(limit, int | float) and limit > 0:
            level(made, limit, f"max_norm of the {called}", colour)
        clipped = [float(each[CLIPPED].values.mean()) for each in members if CLIPPED in each and len(each[CLIPPED])]
        if members:
            share = f"{sum(clipped) / len(clipped):.0%}" if clipped else "-"
            rows.append([f"{called}, trial {trial.number}", number(limit), share])
    if not rows:
        return None
    said = ", and ".join(f"{share} of the updates of the {name}" for name, _, share in rows)
    return Plot(
        "gradients",
        "Gradients and clipping",
        f"Clipped were {said}.",
        made,
        ["", "max_norm", "updates clipped"],
        rows,
    )
