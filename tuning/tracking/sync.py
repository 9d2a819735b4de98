"""Tells MLflow the rest of what it has not been told of a study."""

from dataclasses import dataclass

from tuning.study.replay import replay
from tuning.study.study import Study
from tuning.study.summary import StudySummary
from tuning.tracking.retries import PERSISTENCE
from tuning.tracking.server import connected
from tuning.tracking.tracker import Tracker


@dataclass(frozen=True)
class Synced:
    """What MLflow was told now.

    trials: how many the study has, each of which is a run.
    points: how many values of curves were told.
    shortfall: what it still has not been told, and why; None where it has all.
    """

    trials: int
    points: int
    shortfall: str | None


def sync(study: Study) -> Synced:
    """Tell MLflow the rest of a study, and nothing that it has; nothing is trained, and the study stays as it is.

    Raises StudyRunning where a process runs the study, which tells MLflow itself; ServerError where MLflow does not
    answer.
    """
    # Once it is held it looks as if it ran.
    summary = study.summary()
    with study.held():
        with connected(study.home) as client:
            client.search_experiments(max_results=1)
        tracker = told_again(study, summary)
        return Synced(len(summary.trials), tracker.points_told, tracker.shortfall)


def told_again(study: Study, summary: StudySummary) -> Tracker:
    """Have MLflow told of a study that is held as of one that goes on, and so of all that it lacks.

    summary: what it is said to have come to.
    """
    tracker = Tracker(study, PERSISTENCE)
    with tracker.open():
        replay(study.records, tracker)
        tracker.ended(summary)
    return tracker
