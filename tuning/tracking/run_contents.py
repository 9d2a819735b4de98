"""What the runs of a study hold in MLflow, and in which words; nothing is asked or written here."""

import json
import math
import posixpath
import re
from collections.abc import Mapping, Sequence
from functools import cache

from mlflow.entities import Param, Run

from tuning.diagnosis.verdict import Diagnosis
from tuning.rules import statistics, trial_outcome
from tuning.rules.trial_outcome import MemberResult, Outcome
from tuning.study.legs import Plan
from tuning.study.observer import Points
from tuning.study.study import Study
from tuning.study.summary import Candidate, Confirmation, StudySummary
from tuning.sweep.model import Sweep
from tuning.tracking.run_names import digits

STATUSES = {
    "complete": "FINISHED",
    "pruned": "FINISHED",
    "diverged": "FINISHED",
    "failed": "FAILED",
    "waiting": "KILLED",
}
"""How a run ends; MLflow knows few ways, so the tag `lockstep.state` has the word itself.

That a training diverges is something that a search finds out, and no failure of it.
"""

FORMER_STATUSES = {"pruned": "KILLED", "diverged": "FAILED"}
"""How it ended in earlier versions, where that was otherwise."""

KIND = {"mlflow.experimentKind": "custom_model_development"}
"""Has the UI show an experiment of training runs, not one of language models."""

BEST_KEPT = 5
"""Trials whose best.pt is kept as an artifact; of two objectives all of the front."""

ARTIFACTS, CONFIG = "checkpoint", "config.yaml"
"""The folder of a run's artifacts that has best.pt; and the file that begins a sweep with the trial."""

REPORT = "report.html"
"""The artifact of the study's own run that is its report: MLflow's pages show it."""

PARENT = "mlflow.parentRunId"
VERDICT, VERDICTS = "lockstep.verdict", "lockstep.verdicts"
"""Tags of trials that have ended: what ails them in a word, "healthy" where nothing does, and all of it as JSON."""

LONGEST_TAG, LONGEST_PARAM, LONGEST_KEY = 8_000, 6_000, 250
"""Characters that MLflow takes."""

UNTOLD = "lockstep.untold"
"""The tag of a trial's run that has ended, though MLflow did not take all of what it was to hold."""

PARAMS = "lockstep.params"
"""The tag that has a trial's parameters with all digits of their numbers."""

ROLE = "lockstep.role"
"""The tag of trials to look at first: leader, champion, default or candidate."""

VALUE_AT, RANK = "value_at", "rank"
"""Metrics of a trial: the steps at which its value was taken, its place among all that came anywhere."""

FRONT = "lockstep.front"
"""The tag of trials that are on the front, or were once; on the study's own run it names them."""


def as_curve(points: Points) -> list[tuple[int, dict[str, float]]]:
    """Points under the names that they have in MLflow, and values as it sorts and draws them.

    An infinite value would be 1.8e308 there, and the first of every sort; told as none it is the last.
    """
    return [
        (steps, {_curve_name(name): value if math.isfinite(value) else math.nan for name, value in shown.items()})
        for steps, shown in points
    ]


@cache
def _curve_name(name: str) -> str:
    """The name of a curve, where what a trial has come to has some names, and MLflow does not take all."""
    taken = name in ("value", "value_std", "second", VALUE_AT, RANK) or name.startswith(("seed-", "confirmed/"))
    possible = re.sub(r"[^\w\-./ :]", "_", f"curve/{name}" if taken else name)[: LONGEST_KEY - len("seed-000/")]
    # MLflow may keep a metric as a file of its name.
    is_path = posixpath.normpath(possible) == possible and not possible.startswith((".", "/"))
    return possible if is_path else re.sub(r"[./]", "_", possible)


def state_word(found: Outcome) -> str:
    """How a trial has ended, as the tag `lockstep.state` has it."""
    return "diverged" if found.diverged_at is not None else found.state


def kept_artifacts(summary: StudySummary) -> list[int]:
    """The trials whose best.pt MLflow has: the best of the search, and the one to use."""
    kept = [trial.number for trial in summary.front or summary.ranked()[:BEST_KEPT]]
    chosen = [summary.chosen.number] if summary.chosen else []
    return kept + [number for number in chosen if number not in kept]


def confirmed_tags(found: Confirmation) -> dict[str, str]:
    """What the study's own run says of the confirmation: who leads, who is to be used, and whether it is a champion."""
    champion = "none" if found.champion is None else str(found.champion)
    # What an earlier version confirmed says nothing of equals, and neither do its runs.
    use = {} if found.kind is None else {"lockstep.use": str(found.chosen)}
    return {"lockstep.leader": str(found.leader), "lockstep.champion": champion, **use}


def lacking_confirmed(found: Candidate, run: Run) -> dict[str, float]:
    """What the trial's run does not say yet of what fresh seeds say of it."""
    low, high = found.interval
    told = {"mean": found.mean, "low": low, "high": high, "beats_default": found.improvement}
    known = {f"confirmed/{name}": value for name, value in told.items() if value is not None and math.isfinite(value)}
    has = run.data.metrics
    return {name: value for name, value in known.items() if name not in has or not math.isclose(has[name], value)}


def as_params(values: Mapping[str, object]) -> list[Param]:
    """Parameters as MLflow takes them; of what is too long, the beginning."""
    return [Param(key, digits(value)[:LONGEST_PARAM]) for key, value in values.items()]


def same_params(told: Mapping[str, str], values: Mapping[str, object]) -> bool:
    """Whether a run has these parameters; earlier versions told all digits of numbers."""
    return told.keys() == values.keys() and all(
        told[key] in (digits(value)[:LONGEST_PARAM], str(value)[:LONGEST_PARAM]) for key, value in values.items()
    )


def ended_as(run: Run, state: str) -> bool:
    """Whether a run has ended in this state, as this version or an earlier one tells it."""
    return run.info.status in (STATUSES[state], FORMER_STATUSES.get(state))


def study_tags(study: Study) -> dict[str, str]:
    """The tags of all runs of a study, by which they are found."""
    own = {"lockstep.key": study.attributes.key, "lockstep.study": study.name, "lockstep.loop": study.sweep.loop}
    experiment = study.attributes.experiment
    return own if experiment is None else {**own, "lockstep.experiment": experiment.kind}


def study_params(sweep: Sweep) -> dict[str, object]:
    """What the study's own run says of the sweep."""
    own = sweep.model_dump(mode="json", exclude={"search", "fixed", "workers", "name"})
    return {**own, **{f"fixed.{name}": value for name, value in sweep.fixed.items()}}


def trial_tags(plan: Plan, leg: str) -> dict[str, str]:
    """What the run of a trial says of it from the beginning; leg: the first that trains it.

    What has no room is left out: of JSON no beginning can be read.
    """
    tags = {
        "lockstep.trial": str(plan.number),
        "lockstep.leg": leg,
        "lockstep.seeds": json.dumps(plan.seeds),
        "lockstep.default": str(plan.default).lower(),
        "lockstep.values": json.dumps(plan.values),
        PARAMS: json.dumps(plan.params),
    }
    return {key: tag for key, tag in tags.items() if len(tag) <= LONGEST_TAG}


def reached(found: Outcome, members: Sequence[MemberResult], sweep: Sweep) -> float | None:
    """The value that a trial had come to when it ended; of one that was given up, that of its last rung."""
    if found.value is not None or found.state != "pruned" or found.diverged_at is not None:
        return found.value
    return trial_outcome.outcome(members, None, sweep.direction, sweep.aggregate).value


def outcome_metrics(found: Outcome, members: Sequence[MemberResult], sweep: Sweep) -> dict[str, float]:
    """What a trial has come to; of several seeds also each one's value, and how far they lie apart.

    score: of an experiment's trials, the interquartile mean on fresh episodes of the seeds that have not diverged.
    """
    scores = [member.score for member in members if member.score is not None]
    score = statistics.interquartile_mean(scores) if scores else None
    known = {"value": reached(found, members, sweep), "second": found.second, "score": score}
    told = {name: value for name, value in known.items() if value is not None}
    if "value" not in told or len(members) < 2:
        return told
    values = trial_outcome.by_seed(members)
    of_seeds = {"value_std": trial_outcome.spread(values)}
    of_seeds |= {f"seed-{place}/value": value for place, value in enumerate(values)}
    return told | {name: value for name, value in of_seeds.items() if value is not None}


def outcome_tags(found: Outcome) -> dict[str, str]:
    """How and why a trial has ended."""
    tags = {
        "lockstep.diverged_at": found.diverged_at,
        "lockstep.reason": found.reason,
        "lockstep.given_up_at": found.given_up_at,
    }
    return {key: str(tag) for key, tag in tags.items() if tag is not None}


def diagnosis_tags(found: Diagnosis) -> dict[str, str]:
    """What ails a trial: as many of its verdicts as a tag has room for, the likeliest root causes first."""
    verdicts = [verdict.as_json() for verdict in found.verdicts]
    while len(text := json.dumps(verdicts)) > LONGEST_TAG:
        verdicts.pop()
    return {VERDICT: found.word, VERDICTS: text}


def roles(summary: StudySummary) -> dict[int, str]:
    """Which trials are to be looked at first, and as what."""
    confirmed = summary.confirmation
    found = {each.number: "candidate" for each in confirmed.candidates} if confirmed else {}
    found |= {summary.default.number: "default"} if summary.default else {}
    found |= {summary.chosen.number: "leader"} if summary.chosen else {}
    return found | ({confirmed.champion: "champion"} if confirmed and confirmed.champion is not None else {})


def end_metrics(summary: StudySummary) -> list[tuple[str, float, int]]:
    """What the study's own run says at its end: names, values, and steps, which number trials.

    The best value stands at its trial; at the number of all trials what halving saved, and which share of the pruned
    trials that were trained on it should have kept, and what trivial answers score.
    """
    best, trials = summary.best, len(summary.trials)
    told = [] if best is None or best.value is None else [("value", best.value, best.number)]
    if summary.saved is not None:
        told.append(("halving/saved", summary.saved[0], trials))
    told += [(trivial_metric(each.name), each.value, trials) for each in summary.trivial]
    if summary.audit is not None:
        told.append(("halving/missed", summary.audit.missed / summary.audit.trials, trials))
    return told


def trivial_metric(name: str) -> str:
    """What MLflow calls the score of a trivial answer; its names take few characters beside letters."""
    return f"trivial/{re.sub(r'[^a-z0-9]+', '-', name.lower())}"


def end_tags(summary: StudySummary) -> dict[str, str]:
    """Which trials the study's own run names at its end."""
    tags = {"lockstep.best_trial": str(summary.best.number)} if summary.best else {}
    if summary.trivial and summary.ranked():
        tags["lockstep.unbeaten"] = summary.unbeaten.name if summary.unbeaten else "none"
    if summary.confirmation is not None:
        tags |= confirmed_tags(summary.confirmation)
    if summary.front:
        tags[FRONT] = ", ".join(str(trial.number) for trial in summary.front)
    return tags
