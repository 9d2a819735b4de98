"""What trials may be compared by, as far as names tell."""

from typing import Any

from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import SECONDS, STEPS

_DIRECTIONS: dict[str, Direction] = {
    "loss": "minimize",
    **dict.fromkeys(("accuracy", "return_mean", "return_min", "return_max", "solved_share"), "maximize"),
}
"""Of metrics whose names have this in them."""


def direction_of(metric: Any) -> Direction | None:
    """Which values of a metric are better, where its name alone tells."""
    if metric in (SECONDS, STEPS):
        return "minimize"
    return next((direction for word, direction in _DIRECTIONS.items() if word in str(metric)), None)
