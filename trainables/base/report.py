"""What the training of one member has shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What the training of one member has shown since the last report, as plain data.

    steps: the budget spent, in its unit.
    points: (steps, metrics), in order.
    best, best_steps: the best score of the whole training so far, whose weights best.pt holds, and the steps at which
    it
        was seen; None before the first finite score.
    diverged_at, reason: the steps at which a number stopped being finite, and which; None if none has.
    error: why the member can't be trained any further; None if it can.
    stopped_at: the steps at which the member finished before its budget was spent, as it no longer improved; else None.
    """

    steps: int
    points: list[tuple[int, dict[str, float]]]
    best: float | None = None
    best_steps: int | None = None
    diverged_at: int | None = None
    reason: str | None = None
    error: str | None = None
    stopped_at: int | None = None
