"""A study as it might have come out, with its curves, for whatever draws one."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import sweeps

from tuning.diagnosis.curves import Curve
from tuning.report.material import Material
from tuning.study.summary import Candidate, Confirmation, StudySummary, TrialSummary

METRIC = "evaluation/return_mean"
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def trial(number: int, value: float | None, rungs: dict[int, float], **params: Any) -> TrialSummary:
    """Complete with a value, else pruned at its last rung; it took two seconds, and ended so long after the last."""
    return TrialSummary(
        number=number,
        state="pruned" if value is None else "complete",
        value=value,
        params=params,
        run_id=None,
        seeds=[number],
        steps=max(rungs, default=0),
        seconds=2.0,
        diverged_at=None if rungs else 10,
        reason=None if rungs else "the loss is not finite",
        default=number == 0,
        checkpoint=f"/runs/{number}/best.pt",
        rungs=rungs,
        ended=BEGUN + timedelta(seconds=2 * number),
    )


def worth(rate: float) -> float:
    """Best at a rate of 0.01, where it is 0."""
    return -((math.log10(rate) + 2) ** 2)


def study(trials: int = 30, seed: int = 0) -> StudySummary:
    """Random trials of the tiny sweep, whose worth is a matter of the learning rate alone; every third is complete.

    The last one diverged before it came anywhere.
    """
    drawn = np.random.default_rng(seed)
    made = []
    for number in range(trials):
        rate = float(10 ** drawn.uniform(-3, -1))
        params: dict[str, Any] = {"learning_rate": rate, "schedule": "fixed", "baseline": "none"}
        if number % 2:
            params |= {"schedule": "cosine", "schedule.cosine.floor": float(drawn.uniform(0, 0.5))}
        value = worth(rate) + float(drawn.normal(0, 0.02))
        rungs = {100: value - 0.1} | ({200: value} if number % 3 == 0 else {})
        made.append(trial(number, rungs.get(200), rungs, **params))
    made[-1] = trial(trials - 1, None, {}, learning_rate=0.1, schedule="fixed", baseline="none")
    return StudySummary(
        name="tiny-1",
        state="finished",
        stored_state="finished",
        sweep=sweeps.tiny(trials=trials, halving={"reduction": 2, "minimum": 100}),
        seconds=100.0,
        created=BEGUN,
        tracking={},
        importances={"learning_rate": 0.9, "schedule": 0.06, "baseline": 0.04},
        trials=made,
    )


def confirmed(summary: StudySummary) -> StudySummary:
    """The best and the default, as fresh seeds might have it."""
    best = summary.best
    assert best is not None
    candidates = [
        Candidate(best.number, False, best.value, [-0.1, -0.2, None], -0.15, (-0.2, -0.1), 0.9),
        Candidate(0, True, -0.5, [-0.5, -0.6, -0.7], -0.6, (-0.7, -0.5), None),
    ]
    found = Confirmation(candidates, champion=best.number, leader=best.number, tied=[], more_seeds=None, seeds=3)
    return replace(summary, confirmation=found)


def material(summary: StudySummary, seeds: int = 1) -> Material:
    """With curves of all trials that came to a rung: from -1 to what they were at the last."""
    curves = {
        each.number: [
            {
                METRIC: Curve.of([(50, -1.0 + shift), (each.last[0], each.last[1] + shift)]),
                "train/gradient_norm": Curve.of([(50, 0.5), (each.last[0], 2.0)]),
                "train/clipped_share": Curve.of([(50, 0.0), (each.last[0], 0.5)]),
            }
            for shift in (0.1 * place for place in range(seeds))
        ]
        for each in summary.trials
        if each.last is not None
    }
    return Material(summary, curves)
