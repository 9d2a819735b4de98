"""A study to be reported, made up: three trials, confirmed and not."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sweeps
from rich.console import Console

from tuning.report import study_report
from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary


def trial(number: int, value: float, values: list[float | None], **params: Any) -> TrialSummary:
    return TrialSummary(
        number=number,
        state="complete",
        value=value,
        params=params,
        run_id=f"run-{number}",
        seeds=[1, 2],
        steps=400,
        seconds=2.0,
        diverged_at=None,
        reason=None,
        default=number == 0,
        checkpoint=f"/runs/{number}/best.pt",
        values=values,
    )


SUMMARY = StudySummary(
    name="tiny-1",
    state="finished",
    stored_state="finished",
    sweep=sweeps.tiny(trials=3, seeds=2),
    seconds=100.0,
    created=datetime(2026, 1, 1, tzinfo=UTC),
    tracking={},
    importances={"learning_rate": 0.812, "baseline": 0.14, "schedule": 0.048},
    trials=[
        trial(0, 0.25, [0.25, 0.25], learning_rate=0.01, schedule="fixed", baseline="none"),
        trial(
            1,
            0.75,
            [0.5, 1.0],
            learning_rate=0.1,
            **{"schedule": "cosine", "schedule.cosine.floor": 0.1},
            baseline="none",
        ),
        trial(2, 0.5, [0.5, None], learning_rate=0.08, schedule="fixed", baseline="none"),
    ],
)


def printed(summary: StudySummary, width: int) -> str:
    said = io.StringIO()
    study_report.show(summary, Console(file=said, width=width))
    return "\n".join(line.rstrip() for line in said.getvalue().splitlines())


CONFIRMED = replace(
    SUMMARY,
    confirm_seconds=40.0,
    confirmation=Confirmation(
        candidates=[
            Candidate(1, False, 0.75, [0.5] * 5 + [None], 0.5, (0.4, 0.6), 0.9, ["the worker died"]),
            Candidate(0, True, 0.25, [0.25] * 6, 0.25, (0.25, 0.25), None),
        ],
        champion=1,
        leader=1,
        tied=[],
        more_seeds=0,
        seeds=6,
    ),
)
