"""What trials may be compared by, as far as names tell."""

from typing import Any

from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import SECONDS, STEPS

_DIRECTIONS: dict[str, Direction] = {
    "loss": "minimize",
    **dict.fromkeys(("accuracy", "return_mean", "return_min", "return_max", "solved_share"), "maximize"),
}
"""Of metrics whose names have this in them."""

_BY_NAME: dict[str, Direction] = {"mae": "minimize", "r2": "maximize", "f1": "maximize"}
"""Of metrics that are called so: these letters are in other words, too."""


def direction_of(metric: Any) -> Direction | None:
    """Which values of a metric are better, where its name alone tells."""
    if metric in (SECONDS, STEPS):
        return "minimize"
    name = str(metric).rpartition("/")[2].removeprefix("best_")
    if name in _BY_NAME:
        return _BY_NAME[name]
    return next((direction for word, direction in _DIRECTIONS.items() if word in str(metric)), None)
