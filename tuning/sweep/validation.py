"""What is wrong with a sweep as a whole: plain data held against the loop that it names."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from trainables.base.own_classes import Unimportable
from trainables.loops.contract import Loop, is_bound, is_tunable, scores_of
from trainables.loops.registry import LOOPS, loop_of
from tuning.errors import Problem
from tuning.rules.objective import Direction
from tuning.rules.trial_outcome import SECONDS, STEPS
from tuning.sweep import dimensions, fields, unused_fields
from tuning.sweep import space as spaces
from tuning.sweep.dimensions import FloatRange, IntRange, Options
from tuning.sweep.field_values import (
    default,
    default_problem,
    is_whole,
    largest,
    mapping,
    of_default,
    place,
    searched,
    smallest,
)
from tuning.sweep.plain_data import shown
from tuning.sweep.space import Space

_UNSEARCHABLE = {
    "seed": "trials would be compared on luck; the sweep's `seeds` repeats each of them",
    "budget": "trials are compared at one budget",
    "environment": "trials are compared on one environment",
    "wrappers": "trials are compared on one environment",
    "backend": "it changes the speed of a trial, not what is learnt",
    "data": "trials are compared on one data set",
    "data_seed": "trials are compared on one data set",
    "features": "trials are compared on one data set",
    "targets": "trials are compared on one data set",
    "validation_share": "trials are compared on one data set",
    "evaluation_seed": "trials are compared on the same episodes",
    "evaluation_episodes": "trials are compared on the same episodes",
    "reports": "it changes what is seen of a trial, not what is learnt",
    "compile": "it changes the speed of a trial, not what is learnt",
}
_TAKEN = {"folder": "Lockstep's own name for where a member's checkpoints lie: should be called otherwise"}
"""Names that a Trainable which takes any can't have, and why."""

_OF_SUPERVISED = {"loss": "trials are compared by one loss"}
_METRICS_OF = {
    "validation/accuracy": ("fixed.loss", "cross_entropy"),
    "validation/best_loss": ("metric", "validation/loss"),
    "validation/best_accuracy": ("metric", "validation/accuracy"),
}
"""Metrics that supervised training has only where this key has this value."""

_DIRECTIONS: dict[str, Direction] = {
    "loss": "minimize",
    **dict.fromkeys(("accuracy", "return_mean", "return_min", "return_max", "solved_share"), "maximize"),
}
"""Of metrics that are called so."""

_ONE_OBJECTIVE = {
    "halving": "by two objectives no trial is so much worse than another that it could be given up early",
    "confirm": "it names one champion, and by two objectives there is a front",
}
"""What does not go with a second objective."""

OF_THE_SWEEP = ("budget", "environment", "data", "seed")
"""Fields of a config that come from the top of the file."""


def problems(
    data: Mapping[str, Any], loop: type[Loop] | None, keys: Collection[str], begun: bool = False
) -> Iterator[Problem]:
    """What is wrong with a sweep's data beyond the types of its keys, of which these are known; the loop if known.

    begun: whether it is that of a study, which can be read whatever in it trains badly or counts for nothing: it may be
    older than what is said of that.
    """
    for key in data:
        if key not in keys:
            yield _unknown_key(key, data, loop, keys)
    if loop is None:
        yield Problem("loop", loop_problem(data.get("loop")))
        return
    yield from _subject_problems(data, loop)
    yield from _foreign_problems(data, loop)
    yield from _metric_problems(data, loop)
    yield from _second_problems(data, loop)
    yield from _budget_problems(data, loop)
    if not begun:
        yield from _trial_0_problems(data, loop)
        yield from _replay_problems(data, loop)
        yield from unused_fields.problems(data, loop)
    yield from _fixed_problems(data, loop)
    yield from _search_problems(data, loop)
    yield from _default_problems(data, loop)
    yield from _first_problems(data, loop)
    yield from _sampler_problems(data, loop)
    yield from _limit_problems(data)


def loop_problem(given: Any) -> str:
    """What is wrong with the name of a loop."""
    if isinstance(given, str) and ":" in given:
        try:
            loop_of(given)
        except Unimportable as flaw:
            return str(flaw)
    known = f"{fields.one_of(LOOPS)}, or package.module:Class"
    return f"should be {known}, is {shown(given)}{fields.nearest(str(given), LOOPS)}"


def _unknown_key(key: str, data: Mapping[str, Any], loop: type[Loop] | None, keys: Collection[str]) -> Problem:
    if loop and key in loop.Config.model_fields:
        return Problem(key, f"is a field of {data['loop']}: should stand under fixed or search")
    return Problem(key, fields.unknown(key, keys, "a sweep has no such key"))


def _subject_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """Each loop takes one of the two: an environment or a data set."""
    if loop.Config.foreign:
        yield from (
            Problem(key, f"{data['loop']} takes any setting: should stand under fixed")
            for key in ("environment", "data")
            if data.get(key) is not None
        )
        return
    for key, other in (("environment", "data"), ("data", "environment")):
        given, takes = data.get(key) is not None, key in loop.Config.model_fields
        if takes and not given:
            yield Problem(key, f"is missing: {data['loop']} trains on one")
        elif given and not takes:
            yield Problem(key, f"{data['loop']} takes none: should be {other}")


def _foreign_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """What does not go with a Trainable that is none of our loops."""
    if not loop.Config.foreign:
        return
    for key in ("seeds", "pack_size"):
        if data.get(key, 1) not in (1, "auto"):
            yield Problem(key, f"should be 1 or left out: {data['loop']} trains one member at a time")
    for part in ("fixed", "search"):
        for name in _TAKEN.keys() & mapping(data, part).keys():
            yield Problem(f"{part}.{name}", f"is {_TAKEN[name]}")


def _metric_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    metric = data.get("metric")
    if loop.Config.foreign:
        if metric is None:
            yield Problem("metric", f"is missing: should be one of those that {data['loop']} reports")
        elif "direction" not in data:
            yield Problem("direction", "is missing: should be maximize or minimize")
        return
    if not isinstance(metric, str):
        return
    scores = [each for each in scores_of(loop) if _needed(data, loop, each) is None]
    if metric not in loop.metrics:
        yield Problem("metric", fields.unknown(metric, scores, f"{data['loop']} has no metric {metric!r}", at_most=4))
    elif metric not in scores_of(loop):
        which = "one of what evaluations measure" if len(scores) > 1 else "what its best weights are chosen by"
        what = f"{data['loop']} can't be compared by {metric}"
        yield Problem("metric", f"trials of {what}: should be {which}, {fields.one_of(scores)}")
    elif "direction" not in data:
        yield Problem("direction", f"should be maximize or minimize: it is not known which is better of {metric}")
    elif is_bound(loop) and data["direction"] != loop.direction:
        yield Problem("direction", f"should be {loop.direction} or left out: {data['loop']} has its own")
    else:
        yield from _absent_metric(data, loop, metric, "metric")


def _absent_metric(data: Mapping[str, Any], loop: type[Loop], metric: str, path: str) -> Iterator[Problem]:
    needed = _needed(data, loop, metric)
    if needed is not None:
        yield Problem(path, f"{metric} is there only with {needed}")


def _needed(data: Mapping[str, Any], loop: type[Loop], metric: str) -> str | None:
    """What a metric is there with alone, where the sweep has it otherwise."""
    if not issubclass(loop, LOOPS["supervised"]) or metric not in _METRICS_OF:
        return None
    key, value = _METRICS_OF[metric]
    return None if {**data, "fixed.loss": mapping(data, "fixed").get("loss")}[key] == value else f"{key}: {value}"


def direction_of(metric: Any) -> Direction | None:
    """The direction of what trials may be compared by, where it is known from the name alone."""
    if metric in (SECONDS, STEPS):
        return "minimize"
    return next((direction for word, direction in _DIRECTIONS.items() if word in str(metric)), None)


def _second_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    second = data.get("second")
    if second is None:
        return
    for key, reason in _ONE_OBJECTIVE.items():
        if data.get(key) not in ("off", False):
            yield Problem(key, f"should be off or left out with a second objective: {reason}")
    if data.get("sampler") == "cmaes":
        yield Problem("sampler", "cmaes knows one objective, and there is a second: should be tpe, gp or nsga2")
    given = second if isinstance(second, dict) else {"metric": second}
    metric, direction = given.get("metric"), given.get("direction")
    if not isinstance(metric, str):
        path = "second.metric" if given is second else "second"
        yield Problem(path, f"should be seconds, steps or one of {', '.join(loop.metrics)}, is {shown(metric)}")
    elif metric in (SECONDS, STEPS):
        if direction not in (None, "minimize"):
            yield Problem("second.direction", f"should be left out: fewer {metric} are better")
    elif metric not in loop.metrics and not loop.Config.foreign:
        known = (SECONDS, STEPS, *loop.metrics)
        what = f"{data['loop']} has no metric {metric!r}"
        yield Problem("second", fields.unknown(metric, known, what, at_most=4))
    elif metric == data.get("metric"):
        yield Problem("second", f"should differ from the metric, which is {metric} too")
    elif direction is None and direction_of(metric) is None:
        yield Problem("second", f"should be {{metric: {metric}, direction: ...}}, maximize or minimize")
    else:
        yield from _absent_metric(data, loop, metric, "second")


def _budget_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    budget = data.get("budget")
    found = list(fields.problems(loop.Config, "budget", budget, "budget")) if "budget" in data else []
    yield from found
    if found or not isinstance(budget, int):
        return
    reports, starts = largest(data, loop, "reports"), largest(data, loop, "learning_starts")
    too_few = []
    if budget < reports:
        too_few.append(f"at least {reports:_}, the number of reports")
    if budget <= starts:
        too_few.append(f"above {starts:_}, where learning starts")
    if too_few:
        yield Problem("budget", f"should be {' and '.join(too_few)}, is {budget} {loop.unit}")


def _trial_0_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """A default that would have trial 0 learn nothing, where learning_starts is searched."""
    budget, starts = data.get("budget"), largest(data, loop, "learning_starts")
    if is_whole(budget) and starts < budget <= of_default(data, loop, "learning_starts"):
        yield default_problem(data, loop, "learning_starts", f"below the budget, {budget:_}")


def _replay_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """A replay memory that holds no batch: the smallest of those searched no largest batch, or that of trial 0."""
    if mapping(data, "fixed").get("replay") is not False:
        yield from _room_problems(data, loop)
    if _may_be(data, loop, "prioritised_replay", True) and _may_be(data, loop, "replay", False):
        yield Problem(place(data, "prioritised_replay"), "needs a memory to draw from: should be false where replay is")


def _room_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    # Not mixed: trial 0 alone has the defaults of what is searched, and has both.
    capacity, batch = smallest(data, loop, "replay_capacity"), largest(data, loop, "batch_size")
    if 0 < capacity < batch:
        given = {**mapping(data, "fixed"), **mapping(data, "search")}
        path = place(data, "replay_capacity" if "replay_capacity" in given else "batch_size")
        yield Problem(path, f"leaves no room: replay_capacity, {capacity:_}, should be at least batch_size, {batch:_}")
        return
    capacity, batch = of_default(data, loop, "replay_capacity"), of_default(data, loop, "batch_size")
    if 0 < capacity < batch:
        if "batch_size" in mapping(data, "search"):
            yield default_problem(data, loop, "batch_size", f"at most replay_capacity, {capacity:_}")
        else:
            yield default_problem(data, loop, "replay_capacity", f"at least batch_size, {batch:_}")


def _may_be(data: Mapping[str, Any], loop: type[Loop], name: str, value: Any) -> bool:
    """Whether a trial may have this value in a field that has no range, if the loop has the field."""
    return value in searched(data, loop, name) or (
        name in loop.Config.model_fields and default(data, loop, name) == value
    )


def _fixed_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    known = [name for name in loop.Config.model_fields if name not in OF_THE_SWEEP]
    for name, value in mapping(data, "fixed").items():
        path = f"fixed.{name}"
        if name in OF_THE_SWEEP and _is_declared(loop, name):
            yield Problem(path, f"has no place here: should be {name} at the top of the file")
        elif name not in known and not loop.Config.foreign:
            yield Problem(path, fields.unknown(name, known, f"{data['loop']} has no such field"))
        else:
            yield from fields.problems(loop.Config, name, value, path)


def _is_declared(loop: type[Loop], name: str) -> bool:
    """Whether the loop's config says what the name means; only a Trainable that is none of ours takes others."""
    return name in loop.Config.model_fields or not loop.Config.foreign


def _search_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    search, barred = data.get("search"), unsearchable(loop)
    known = [name for name in loop.Config.model_fields if name not in barred]
    if not isinstance(search, dict) or not search:
        yield Problem("search", "should name at least one field of the loop's config with what it may be")
        return
    for name, value in search.items():
        path = f"search.{name}"
        if name in barred:
            yield Problem(path, f"can't be searched: {barred[name]}")
        elif name not in known and not loop.Config.foreign:
            yield Problem(path, fields.unknown(name, known, f"{data['loop']} has no such field"))
        else:
            yield from dimensions.problems(loop.Config, name, value, path)
            if name in mapping(data, "fixed"):
                yield Problem(path, "stands under fixed too: should stand under one of them")


def unsearchable(loop: type[Loop]) -> dict[str, str]:
    """The fields that no search of this loop may turn, and why."""
    found = _UNSEARCHABLE | (_OF_SUPERVISED if "data" in loop.Config.model_fields else {})
    return {name: reason for name, reason in found.items() if _is_declared(loop, name)}


def _default_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """What is wrong with what trial 0 has in fields that are searched; it may lie outside the search."""
    search, given = mapping(data, "search"), mapping(data, "default")
    if loop.Config.foreign and given:
        yield Problem("default", f"should be left out: nobody knows what {data['loop']} does by default")
        return
    for name, value in given.items():
        if name in search:
            yield from fields.problems(loop.Config, name, value, f"default.{name}")
        else:
            what = "is no field that is searched: should stand under fixed" if name in loop.Config.model_fields else ""
            yield Problem(f"default.{name}", what or fields.unknown(name, search, "is no field that is searched"))


def _first_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """What is wrong with the configurations to try first."""
    first, search = data.get("first", []), mapping(data, "search")
    for index, item in enumerate(first if isinstance(first, list) else []):
        path = f"first[{index}]"
        if not isinstance(item, dict) or not item:
            yield Problem(path, f"should be a mapping of fields to their values, is {shown(item)}")
            continue
        for name, value in item.items():
            if name not in search:
                yield Problem(f"{path}.{name}", fields.unknown(name, search, "is no field that is searched"))
            elif not _has_problems(loop, name, search[name]):
                yield from _value_problems(loop, name, search[name], value, f"{path}.{name}")


def _has_problems(loop: type[Loop], name: str, dimension: Any) -> bool:
    """Whether there is something wrong with the dimension, so that no value can be held against it."""
    known = (name in loop.Config.model_fields or loop.Config.foreign) and name not in unsearchable(loop)
    return not known or any(True for _ in dimensions.problems(loop.Config, name, dimension, name))


def _value_problems(loop: type[Loop], name: str, given: Any, value: Any, path: str) -> Iterator[Problem]:
    """Whether a plain value is one that the field takes and that the search can come to."""
    found = list(fields.problems(loop.Config, name, value, path))
    yield from found
    if found:
        return
    dimension = dimensions.read(loop.Config, name, given)
    yield from (
        Problem(path + parameter.removeprefix(name), f"lies outside the search, is {shown(param)}")
        for parameter, param in spaces.outside(Space({name: dimension}), {name: value}).items()
    )
    option = fields.named(value)
    if isinstance(dimension, Options) and option and option[0] in dimension.choices:
        kind, settings = option
        searched = dimension.choices[kind]
        for key, setting in settings.items():
            if key not in searched:
                yield Problem(f"{path}.{kind}.{key}", "is not searched: should be left out")
            elif not isinstance(searched[key], dimensions.Dimension) and searched[key] != setting:
                yield Problem(f"{path}.{kind}.{key}", f"is {shown(searched[key])} in the search: should be left out")


def _sampler_problems(data: Mapping[str, Any], loop: type[Loop]) -> Iterator[Problem]:
    """What a sampler can't do with this search."""
    found = {name: each for name, each in mapping(data, "search").items() if not _has_problems(loop, name, each)}
    read = {name: dimensions.read(loop.Config, name, each) for name, each in found.items()}
    if data.get("sampler") == "grid":
        for key in ("first", "start_from"):
            if data.get(key):
                yield Problem(key, "should be left out: a grid has its points anyway")
        yield from (
            Problem(path, "a grid needs points: should be {choices: [...]}")
            for name, dimension in read.items()
            for path in _ranges_of_floats(f"search.{name}", dimension)
        )
    if data.get("sampler") == "cmaes" and read:
        numbers = [name for name, each in read.items() if isinstance(each, FloatRange | IntRange)]
        if not any(is_tunable(loop.Config, name) for name in numbers):
            yield Problem("sampler", "cmaes moves ranges of tunable numbers alone, and search has none: should be tpe")


def _ranges_of_floats(path: str, dimension: dimensions.Dimension) -> Iterator[str]:
    if isinstance(dimension, FloatRange):
        yield path
    if isinstance(dimension, Options):
        for kind, settings in dimension.choices.items():
            for key, item in settings.items():
                if isinstance(item, dimensions.Dimension):
                    yield from _ranges_of_floats(f"{path}.choices.{kind}.{key}", item)


def _limit_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    steps, budget, seeds = data.get("max_steps"), data.get("budget"), data.get("seeds", 1)
    of_a_trial = budget * seeds if is_whole(budget) and is_whole(seeds) else 0
    if is_whole(steps) and 0 < steps < of_a_trial:
        yield Problem("max_steps", f"should be at least {of_a_trial:_}, what a single trial takes, is {shown(steps)}")
