"""What trials are compared by: the metric and its direction, and those of a second objective."""

from collections.abc import Iterator

from trainables.loops.contract import Loop, is_bound, scores_of
from trainables.loops.losses import LOSSES
from trainables.loops.registry import LOOPS
from trainables.loops.supervised import scores_with
from trainables.loops.validation import BEST
from tuning.errors import Problem
from tuning.rules.trial_outcome import SECONDS, STEPS
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import UNKNOWN
from tuning.sweep.wording import one_of, unknown

_ONE_OBJECTIVE = {
    "halving": "by two objectives no trial is so much worse than another that it could be given up early",
    "confirm": "it names one champion, and by two objectives there is a front",
}
"""What does not go with a second objective."""


def problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    """What is wrong with the objectives."""
    yield from _foreign_problems(draft) if loop.Config.foreign else _metric_problems(draft, loop)
    if "second" in draft.given:
        yield from _one_objective_problems(draft)
        yield from _second_problems(draft, loop)


def _foreign_problems(draft: Draft) -> Iterator[Problem]:
    if "metric" not in draft.given:
        yield Problem("metric", f"is missing: should be one of those that {draft.sweep.loop} reports")
    elif "direction" not in draft.given:
        yield Problem("direction", "is missing: should be maximize or minimize")


def _metric_problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    if not draft.has("metric"):
        return
    sweep, metric = draft.sweep, draft.sweep.metric
    scores = [each for each in scores_of(loop) if _needed(draft, loop, each) is None]
    if metric not in loop.metrics:
        yield Problem("metric", unknown(metric, scores, f"{sweep.loop} has no metric {metric!r}", at_most=4))
    elif metric not in scores_of(loop):
        which = "one of what evaluations measure" if len(scores) > 1 else "what its best weights are chosen by"
        what = f"{sweep.loop} can't be compared by {metric}"
        yield Problem("metric", f"trials of {what}: should be {which}, {one_of(scores)}")
    elif "direction" not in draft.given:
        yield Problem("direction", f"should be maximize or minimize: it is not known which is better of {metric}")
    elif is_bound(loop) and not (draft.has("direction") and sweep.direction == loop.direction):
        yield Problem("direction", f"should be {loop.direction} or left out: {sweep.loop} has its own")
    else:
        yield from _absent_metric(draft, loop, metric, "metric")


def _absent_metric(draft: Draft, loop: type[Loop], metric: str, path: str) -> Iterator[Problem]:
    needed = _needed(draft, loop, metric)
    if needed is not None:
        yield Problem(path, f"{metric} is there only with {needed}")


def _needed(draft: Draft, loop: type[Loop], metric: str) -> str | None:
    """What alone a metric of supervised training is there with, where the sweep has it otherwise."""
    if not issubclass(loop, LOOPS["supervised"]):
        return None
    score = next((score for score, best in BEST.items() if best == metric), metric)
    if metric != score and draft.sweep.metric != score:
        return f"metric: {score}"
    losses = [loss for loss in LOSSES if score in scores_with(loss)]
    known = not losses or draft.field_values.in_trial_0("loss") in (UNKNOWN, *losses)
    return None if known else f"fixed.loss: {' or '.join(losses)}"


def _one_objective_problems(draft: Draft) -> Iterator[Problem]:
    sweep = draft.sweep
    for key, value in (("halving", sweep.halving), ("confirm", sweep.confirm)):
        if not draft.has(key) or value is not None:
            yield Problem(key, f"should be off or left out with a second objective: {_ONE_OBJECTIVE[key]}")
    if draft.has("sampler") and sweep.sampler == "cmaes":
        yield Problem("sampler", "cmaes knows one objective, and there is a second: should be tpe, gp or nsga2")


def _second_problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    sweep, second = draft.sweep, draft.sweep.second
    if second is None:
        return
    metric = second.metric
    if metric in (SECONDS, STEPS):
        if second.direction != "minimize":
            yield Problem("second.direction", f"should be left out: fewer {metric} are better")
    elif metric not in loop.metrics and not loop.Config.foreign:
        known = (SECONDS, STEPS, *loop.metrics)
        yield Problem("second", unknown(metric, known, f"{sweep.loop} has no metric {metric!r}", at_most=4))
    elif draft.has("metric") and metric == sweep.metric:
        yield Problem("second", f"should differ from the metric, which is {metric} too")
    elif "direction" not in second.model_fields_set:
        yield Problem("second", f"should be {{metric: {metric}, direction: ...}}, maximize or minimize")
    else:
        yield from _absent_metric(draft, loop, metric, "second")
