"""The run of a trial that has not ended: what MLflow has of its curves, and what is new to it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from mlflow.entities import Metric, Param

from tuning.diagnosis.verdict import Diagnosis
from tuning.study.legs import Plan
from tuning.tracking.run_contents import as_curve
from tuning.tracking.waiting import Reported


@dataclass
class OpenRun:
    """The run of a trial that has not ended."""

    run_id: str
    plan: Plan
    params: list[Param] = field(default_factory=list)
    """What it is to be told with the next write."""
    ails: Diagnosis | None = None
    """What it is told at its end beside how it ended."""
    live: bool = False
    """Whether it is trained in this life of the study, and so reports all of its curve."""
    had: dict[str, set[int]] = field(default_factory=dict)
    """The steps at which MLflow had each curve when the run was found again."""
    _last_steps: dict[str, int] = field(default_factory=dict)
    """The last step of each curve that was told in this life of the study, or is about to be."""

    def new(self, reported: Iterable[Reported]) -> list[Metric]:
        """What MLflow does not have, which from now on it has; a leg that goes on from a checkpoint tells all again."""
        return [metric for each in reported for metric in self._new(each)]

    def metrics(self, told: dict[str, float], steps: int, at_ms: int) -> list[Metric]:
        """Metrics that it is told once, as far as MLflow does not have them at this step."""
        return [Metric(name, value, at_ms, steps) for name, value in told.items() if self._is_new(name, steps)]

    def taken_params(self) -> list[Param]:
        """The parameters that it is to be told; from now on they count as told."""
        params, self.params = self.params, []
        return params

    def _new(self, reported: Reported) -> Iterable[Metric]:
        # From the second seed on, the names say whose curve it is.
        prefix = f"seed-{reported.place}/" if reported.place else ""
        for steps, shown in as_curve(reported.points):
            for name, value in shown.items():
                if self._is_new(prefix + name, steps):
                    yield Metric(prefix + name, value, reported.at_ms, steps)

    def _is_new(self, name: str, steps: int) -> bool:
        if steps <= self._last_steps.get(name, -1):
            return False
        self._last_steps[name] = steps
        return steps not in self.had.get(name, ())
