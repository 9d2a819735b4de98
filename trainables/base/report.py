"""What training one member has shown."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What training one member has shown since the last report; plain data.

    steps: the budget that is spent, in its unit.
    points: (steps, metrics), in order.
    best, best_steps: the best score of the whole training so far, which best.pt holds, and where it was; None before
        the first finite score.
    diverged_at, reason: where its numbers stopped being finite, and which of them.
    error: why the member can't be trained any further.
    stopped_at: of a member that has finished before its budget is spent, since it no longer improved.
    """

    steps: int
    points: list[tuple[int, dict[str, float]]]
    best: float | None = None
    best_steps: int | None = None
    diverged_at: int | None = None
    reason: str | None = None
    error: str | None = None
    stopped_at: int | None = None
