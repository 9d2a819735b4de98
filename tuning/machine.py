"""What a sweep needs and this machine does not have: its environment, its data, networks of a person's own."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trainables import LOOPS, datasets, environments, networks
from trainables.environments import EnvironmentMisfit
from trainables.evaluation import SOLVED
from trainables.images import Image
from trainables.loop import EpisodicConfig
from trainables.networks import Own
from tuning import fields
from tuning.checks import largest, mapping
from tuning.errors import Problem

OF_DATA = ("data_seed", "features", "targets", "validation_share")
"""Fields that say what of a data set is learnt from."""


def absent(data: Mapping[str, Any]) -> Iterator[Problem]:
    """What a sweep needs and this machine does not have: its environment or its data set."""
    environment, data_set = data.get("environment"), data.get("data")
    if isinstance(data_set, str):
        yield from _data_problems(data)
    if not isinstance(environment, str):
        return
    found = [each for arguments in _environment_args(data) if (each := _misfit(environment, arguments, data))]
    for each in found:
        key = each.key if each.key == "environment" else f"fixed.{each.key}"
        yield Problem(key, " ".join(each.message.split()))
    if not found:
        wrappers = mapping(data, "fixed").get("wrappers", ())
        described = [environments.describe(environment, each, wrappers) for each in _environment_args(data)]
        if any(each.reward_threshold is None for each in described):
            yield from _solved_problems(data)
        yield from _network_problems(data, ((each.inputs, each.actions, each.image) for each in described))


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
        under = "search" if "batch_size" in mapping(data, "search") else "fixed"
        yield Problem(f"{under}.batch_size", f"should be at most {rows:_}, the rows to train on, is {batch:_}")
    yield from _network_problems(data, [(inputs, len(found.classes) or found.train_targets.shape[1], None)])


def _network_problems(data: Mapping[str, Any], shapes: Iterable[tuple[int, int, Image | None]]) -> Iterator[Problem]:
    """What is wrong with networks of a person's own; shapes: inputs, outputs and the image, where there is one."""
    choices = mapping(mapping(data, "search"), "network").get("choices")
    given = {"fixed.network": mapping(data, "fixed").get("network")} | {
        f"search.network.choices[{index}]": name
        for index, name in enumerate(choices if isinstance(choices, list) else [])
    }
    own = {path: name for path, name in given.items() if isinstance(name, str) and ":" in name}
    for inputs, outputs, image in shapes if own else ():
        for path, name in own.items():
            message = networks.problem(Own(name, inputs, outputs, image))
            if message:
                yield Problem(path, message)


def _environment_args(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    fixed = mapping(data, "fixed").get("environment_args", {})
    choices = mapping(mapping(data, "search"), "environment_args").get("choices")
    found = choices if isinstance(choices, list) else [fixed]
    return [arguments for arguments in found if isinstance(arguments, dict)]
