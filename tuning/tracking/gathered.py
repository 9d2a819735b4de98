"""What runs are to be told, gathered until it is written: each write to MLflow costs, however small."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlflow.entities import Metric, Param

from tuning.study.observer import Points
from tuning.tracking.run_contents import params


@dataclass
class Pending:
    """What one run is to be told."""

    params: list[Param] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)


class Gathered:
    """Parameters and points of curves that the runs of trials have not been told yet."""

    def __init__(self) -> None:
        self._pending: dict[int, Pending] = {}
        self._seen: dict[int, dict[str, int]] = {}
        """Of the runs that have not ended: the last step of each curve that was told, or is about to be."""

    @property
    def trials(self) -> list[int]:
        """The trials of which something is to be told."""
        return list(self._pending)

    def add_params(self, number: int, values: Mapping[str, object]) -> None:
        """The parameters of a trial."""
        self._of(number).params += params(values)

    def add_points(self, number: int, place: int, points: Points, at_ms: int) -> None:
        """What is new of a member's curves; a leg that goes on from a checkpoint tells all of them again.

        place: which of the trial's seeds the member has; from the second on it is in the names.
        at_ms: the time that the points are stamped with.
        """
        pending, prefix = self._of(number).metrics, f"seed-{place}/" if place else ""
        seen = self._seen.setdefault(number, {})
        for steps, shown in points:
            for name, value in shown.items():
                if steps > seen.get(prefix + name, -1):
                    seen[prefix + name] = steps
                    pending.append(Metric(prefix + name, value, at_ms, steps))

    def knows(self, number: int, curve: str, last_step: int) -> None:
        """A run has a curve up to this step already."""
        self._seen.setdefault(number, {})[curve] = last_step

    def take(self, number: int) -> Pending:
        """What a run is to be told, which it is told now."""
        return self._pending.pop(number, Pending())

    def forget(self, number: int) -> None:
        """A trial has ended: nothing more will come of it."""
        self._seen.pop(number, None)

    def _of(self, number: int) -> Pending:
        return self._pending.setdefault(number, Pending())
