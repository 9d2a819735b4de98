"""What the runs of a study hold in MLflow, and in which words: pure."""

import math
from collections.abc import Mapping

from mlflow.entities import Param, Run

from tuning.rules.trial_outcome import Outcome
from tuning.study.observer import Points
from tuning.study.summary import Candidate, Confirmation, StudySummary

STATUSES = {"complete": "FINISHED", "pruned": "KILLED", "diverged": "FAILED", "failed": "FAILED", "waiting": "KILLED"}
"""How a run ends; MLflow knows few ways, so the tag `lockstep.state` has the word itself."""

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Has the UI show an experiment of training runs, not one of language models."""

BEST_KEPT = 5
"""Trials whose best.pt is kept as an artifact; of two objectives all of the front."""

ARTIFACTS = "checkpoint"
"""The folder of a run's artifacts that has best.pt."""

PARENT = "mlflow.parentRunId"
FRONT = "lockstep.front"
"""The tag of trials that are on the front, or were once; on the study's own run it names them."""


def as_curve(points: Points) -> list[tuple[int, dict[str, float]]]:
    """The points under the names that they have in MLflow, where some are those of what a trial has come to."""
    return [(steps, {_curve_name(name): value for name, value in shown.items()}) for steps, shown in points]


def _curve_name(name: str) -> str:
    taken = name in ("value", "value_std", "second") or name.startswith(("seed-", "confirmed/"))
    return f"curve/{name}" if taken else name


def state_word(found: Outcome) -> str:
    """How a trial has ended, as the tag `lockstep.state` has it."""
    return "diverged" if found.diverged_at is not None else found.state


def kept_artifacts(summary: StudySummary) -> list[int]:
    """The trials whose best.pt MLflow has: the best of the search, and the one to use."""
    kept = [trial.number for trial in summary.front or summary.ranked()[:BEST_KEPT]]
    chosen = [summary.chosen.number] if summary.chosen else []
    return kept + [number for number in chosen if number not in kept]


def confirmed_tags(found: Confirmation) -> dict[str, str]:
    """What the study's own run says of the confirmation: the trial that is first, and whether it is a champion."""
    champion = "none" if found.champion is None else str(found.champion)
    return {"lockstep.leader": str(found.leader), "lockstep.champion": champion}


def lacking_confirmed(found: Candidate, run: Run) -> dict[str, float]:
    """What the trial's run does not say yet of what fresh seeds say of it."""
    low, high = found.interval
    told = {"mean": found.mean, "low": low, "high": high, "beats_default": found.improvement}
    known = {f"confirmed/{name}": value for name, value in told.items() if value is not None and math.isfinite(value)}
    has = run.data.metrics
    return {name: value for name, value in known.items() if name not in has or not math.isclose(has[name], value)}


def of_halving(summary: StudySummary) -> dict[str, float]:
    """What halving saved, and which share of the pruned trials that were trained on it should have kept."""
    told = {} if summary.saved is None else {"halving/saved": summary.saved[0]}
    return told if summary.audit is None else {**told, "halving/missed": summary.audit.missed / summary.audit.trials}


def params(values: Mapping[str, object]) -> list[Param]:
    """Parameters as MLflow takes them."""
    return [Param(key, str(value)) for key, value in values.items()]
