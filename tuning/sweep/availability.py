"""What a sweep needs and this machine does not have: its environment, its data, networks of a person's own."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trainables import environments
from trainables.base.images import Image
from trainables.base.own_classes import Unimportable
from trainables.data import datasets
from trainables.environments import EnvironmentMisfit
from trainables.loops.contract import EpisodicConfig, Loop
from trainables.loops.evaluation import SOLVED
from trainables.loops.registry import LOOPS, loop_of
from trainables.networks import own_networks
from trainables.networks.specs import Own
from tuning.errors import Problem
from tuning.sweep import fields, unused_fields
from tuning.sweep.field_values import default, default_problem, largest, mapping, of_default, place, searched

OF_DATA = ("data_seed", "features", "targets", "validation_share")
"""Fields that say what of a data set is learnt from."""


def absent(data: Mapping[str, Any]) -> Iterator[Problem]:
    """What a sweep needs and this machine does not have: its environment or its data set."""
    environment, data_set = data.get("environment"), data.get("data")
    if isinstance(data_set, str):
        yield from _data_problems(data)
    if not isinstance(environment, str):
        return
    arguments = environment_args(data)
    found = [(given, misfit) for given in arguments if (misfit := _misfit(environment, given, data))]
    yield from (_environment_problem(data, given, misfit) for given, misfit in found)
    if not found:
        wrappers = mapping(data, "fixed").get("wrappers", ())
        described = [environments.describe(environment, each, wrappers) for each in arguments]
        if any(each.reward_threshold is None for each in described):
            yield from _solved_problems(data)
        yield from _network_problems(data, ((each.inputs, each.actions, each.image) for each in described))
        loop = _loop(data)
        if loop is not None:
            yield from unused_fields.problems(data, loop, images=any(each.image for each in described))


def _environment_problem(data: Mapping[str, Any], arguments: dict[str, Any], misfit: EnvironmentMisfit) -> Problem:
    """What does not fit; where no trial but the first has these arguments, it is the default's fault."""
    message, choices = (
        " ".join(misfit.message.split()),
        mapping(mapping(data, "search"), "environment_args").get("choices"),
    )
    if misfit.key == "environment" and isinstance(choices, list) and arguments not in choices:
        if "environment_args" in mapping(data, "default"):
            return Problem("default.environment_args", message)
        other = "`default: {environment_args: ...}` gives it others"
        return Problem("search.environment_args", f"trial 0 takes none of them: {message}; {other}")
    return Problem(misfit.key if misfit.key == "environment" else f"fixed.{misfit.key}", message)


def _solved_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Where trials are compared by how often they solve an environment that nobody says what solves."""
    second = data.get("second")
    for path, given in {"metric": data, "second": {"metric": second} if isinstance(second, str) else second}.items():
        if isinstance(given, dict) and given.get("metric") == SOLVED:
            yield Problem(path, f"{SOLVED} is there only with a reward_threshold, which {data['environment']} lacks")


def _misfit(environment: str, arguments: dict[str, Any], data: Mapping[str, Any]) -> EnvironmentMisfit | None:
    """What is wrong with the environment as it is fixed; what has no such form is reported elsewhere."""
    fixed = mapping(data, "fixed")
    wrappers, backend = fixed.get("wrappers", ()), fixed.get("backend", "auto")
    for name in ("wrappers", "backend"):
        if name in fixed and any(True for _ in fields.problems(EpisodicConfig, name, fixed[name], name)):
            return None
    return environments.problem(environment, arguments, tuple(wrappers), backend)


def _data_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a data set as the fields that are fixed choose from it, and with batches larger than it."""
    loop = LOOPS.get(str(data.get("loop")))
    if loop is None or "data" not in loop.Config.model_fields:
        return
    fixed = {name: value for name, value in mapping(data, "fixed").items() if name in (*OF_DATA, "loss")}
    if any(True for name, value in fixed.items() for _ in fields.problems(loop.Config, name, value, name)):
        return
    try:
        found = datasets.load(loop.Config(budget=1, data=data["data"], **fixed).source)
    except datasets.Unusable as error:
        yield from (Problem(name if name == "data" else f"fixed.{name}", each) for name, each in error.problems)
        return
    rows, inputs = found.train_features.shape
    batch = largest(data, loop, "batch_size")
    if batch > rows:
        yield Problem(place(data, "batch_size"), f"should be at most {rows:_}, the rows to train on, is {batch:_}")
    elif of_default(data, loop, "batch_size") > rows:
        yield default_problem(data, loop, "batch_size", f"at most {rows:_}, the rows to train on")
    yield from _network_problems(data, [(inputs, len(found.classes) or found.train_targets.shape[1], None)])


def _network_problems(data: Mapping[str, Any], shapes: Iterable[tuple[int, int, Image | None]]) -> Iterator[Problem]:
    """What is wrong with networks of a person's own; shapes: inputs, outputs and the image, where there is one."""
    choices = mapping(mapping(data, "search"), "network").get("choices")
    given = {f"{part}.network": mapping(data, part).get("network") for part in ("fixed", "default")} | {
        f"search.network.choices[{index}]": name
        for index, name in enumerate(choices if isinstance(choices, list) else [])
    }
    own = {path: name for path, name in given.items() if isinstance(name, str) and ":" in name}
    for inputs, outputs, image in shapes if own else ():
        for path, name in own.items():
            message = own_networks.problem(Own(name, inputs, outputs, image))
            if message:
                yield Problem(path, message)


def environment_args(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arguments that trials give their environment, those of trial 0 first."""
    # Where the loop is not known, its environment still is: all of ours have the same field.
    loop = _loop(data) or LOOPS["dqn"]
    found = [default(data, loop, "environment_args"), *searched(data, loop, "environment_args")]
    known = [arguments for arguments in found if isinstance(arguments, dict)]
    return [arguments for index, arguments in enumerate(known) if arguments not in known[:index]]


def _loop(data: Mapping[str, Any]) -> type[Loop] | None:
    """The loop that the sweep names; None where there is none, which is reported elsewhere."""
    try:
        return loop_of(str(data.get("loop")))
    except Unimportable:
        return None
