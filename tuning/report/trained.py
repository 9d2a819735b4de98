"""One configuration trained on several seeds: for people, and for scripts."""

from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from tuning.report import sentences
from tuning.report.mending import diverged, estimate, finite
from tuning.rules.comparison import Estimate
from tuning.study.summary import StudySummary


@dataclass(frozen=True)
class Trained:
    """What `tuning train` has come to.

    shown: what was trained.
    found: its score on fresh episodes.
    summary: of its study.
    """

    shown: str
    found: Estimate
    summary: StudySummary

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints: that of the study, with the score."""
        score = {name: finite(getattr(self.found, name)) for name in ("score", "low", "high")}
        return {**self.summary.as_json(), **score, "diverged": self.found.diverged}


def told(trained: Trained) -> RenderableType:
    """The whole of it for a person."""
    summary, found = trained.summary, trained.found
    seeds = f"{found.seeds} seed{'s' * (found.seeds != 1)}"
    interval = estimate(found) if found.seeds > 1 else f"{found.score:.4g}"
    headline = f"{trained.shown} on {seeds}: {summary.sweep.metric} {interval} on fresh episodes{diverged(found)}"
    return Group(
        Text(headline, style="bold"),
        *map(Text, [*sentences.course(summary), *sentences.failures(summary), *sentences.winners(summary)]),
    )
