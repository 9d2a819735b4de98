"""Single configurations of a loop, as plain data: what they differ in, what can't be compared, how they are written.

A plain config is the dump of a loop's Config: all its fields, an option as a mapping with its `kind`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from tuning.errors import Problem, SweepError
from tuning.sweep import fields, loop_fields, wording, yaml_text
from tuning.sweep.checks.unused_fields import COUNTS, Where
from tuning.sweep.model import Sweep

Plain = Mapping[str, Any]

_OF_THE_STUDY = ("seed", "environment", "data", "evaluation_seed")
"""Fields that all configurations of a study have in common, whatever they are."""

_SEEN = ("reports", "compile", "backend", "evaluation_episodes", "evaluation_share")
"""Fields that change what is seen of a training, or its speed, and nothing that is learnt."""


@dataclass(frozen=True)
class Change:
    """One difference between two configurations, with all that goes with it.

    name: its key path: a field, or where both have the same option, a setting of it, `schedule.cosine.floor`.
    values: of the paths within a plain config, what they become.
    """

    name: str
    values: Mapping[tuple[str, ...], Any]

    def made(self, config: Plain) -> dict[str, Any]:
        """The config with the change."""
        changed = dict(config)
        for (name, *rest), value in self.values.items():
            changed[name] = value if not rest else {**changed[name], rest[0]: value}
        return changed


def plain(sweep: Sweep, values: Mapping[str, Any]) -> dict[str, Any]:
    """The plain config of a trial that has these values. Raises SweepError where the loop does not take them."""
    try:
        config: dict[str, Any] = sweep.config(values).model_dump(mode="json")
    except ValidationError as error:
        problems = [Problem(".".join(map(str, each["loc"])), wording.sentence(each)) for each in error.errors()]
        raise SweepError(problems) from None
    return config


def values_over(sweep: Sweep, config: Plain) -> dict[str, Any]:
    """The values by which a plain config differs from what the sweep has without any."""
    without = plain(sweep, {})
    return {
        name: value
        for name, value in config.items()
        if name not in _OF_THE_STUDY and (name not in without or without[name] != value)
    }


def incomparable(one: Sweep, other: Sweep, a: Plain, b: Plain) -> list[str]:
    """Why the scores of two configurations can't be compared; nothing where they can."""
    for key in ("loop", "environment", "data", "metric", "direction"):
        first, second = getattr(one, key), getattr(other, key)
        if first != second:
            return [f"{key}: {first} and {second}"]
    barred = loop_fields.unsearchable(one.loop_type.Config)
    return [
        f"{name}: {a.get(name)} and {b.get(name)}; {reason}"
        for name, reason in barred.items()
        if name not in (*_OF_THE_STUDY, *_SEEN, "budget") and a.get(name) != b.get(name)
    ]


def changes(a: Plain, b: Plain) -> list[Change]:
    """What leads from one plain config to another, each difference that can be made by itself.

    What counts in only one of the two moves with what it belongs to: `target_interval` with `target_network`, and the
    settings of an option with the option.
    """
    barred = (*_OF_THE_STUDY, *_SEEN)
    names = [name for name in dict.fromkeys([*a, *b]) if name not in barred and a.get(name) != b.get(name)]
    parents = {name: _parent(name, names, a, b) for name in names if name in COUNTS}
    found = []
    for name in names:
        if parents.get(name, name) != name:
            continue
        moved = [each for each in names if parents.get(each) == name and each != name]
        with_it: dict[tuple[str, ...], Any] = {(each,): b[each] for each in moved if each in b}
        found += [Change(".".join(_shown(path, b)), {path: _at(b, path), **with_it}) for path in _paths(name, a, b)]
    return found


def _parent(name: str, differing: Sequence[str], a: Plain, b: Plain) -> str | None:
    """What a field moves with: itself, another that differs, or nothing where it counts in neither configuration."""
    unmet = [where for where in COUNTS[name] if not (_holds(where, a) and _holds(where, b))]
    if not unmet:
        return name
    if not any(all(_holds(where, config) for where in COUNTS[name]) for config in (a, b)):
        return None
    return next((each for where in unmet for each in where.right if each in differing), name)


def _holds(where: Where, config: Plain) -> bool:
    # What is no field is not known here, and taken to hold.
    return any(right(config[name]) if name in config else True for name, right in where.right.items())


def _paths(name: str, a: Plain, b: Plain) -> Iterator[tuple[str, ...]]:
    one, other = a.get(name), b.get(name)
    if isinstance(one, dict) and isinstance(other, dict) and one.get("kind") == other.get("kind") is not None:
        yield from ((name, key) for key in other if one[key] != other[key])
    else:
        yield (name,)


def _shown(path: tuple[str, ...], config: Plain) -> tuple[str, ...]:
    return path if len(path) == 1 else (path[0], config[path[0]]["kind"], *path[1:])


def _at(config: Plain, path: tuple[str, ...]) -> Any:
    value: Any = config.get(path[0])
    for key in path[1:]:
        value = value[key]
    return value


def written(sweep: Sweep, config: Plain) -> dict[str, Any]:
    """The fields of a plain config that differ from the loop's defaults, as a file has them, with its budget."""
    model, found = sweep.loop_type.Config, {"budget": config["budget"]}
    for name, value in config.items():
        field = model.model_fields.get(name)
        if name in (*_OF_THE_STUDY, "budget"):
            continue
        short = as_written(model, name, value)
        default = None if field is None else field.get_default(call_default_factory=True)
        if field is None or short != as_written(model, name, _dumped(default)):
            found[name] = short
    return found


def as_written(model: fields.Model, name: str, value: Any) -> Any:
    """A value as a file has it: an option by its name, with those of its settings that are not its defaults."""
    option = fields.named(value) if fields.options(model, name) else None
    if option is None:
        return value
    kind = fields.options(model, name).get(option.kind)
    if kind is None:
        return value
    given = {key: each for key, each in option.settings.items() if each != kind.model_fields[key].default}
    return {option.kind: given} if given else option.kind


def _dumped(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return list(value) if isinstance(value, tuple) else value


def text(sweep: Sweep) -> str:
    """A file that reads as this sweep, without what it may leave out."""
    data, loop = sweep.model_dump(mode="json"), sweep.loop_type
    left_out: dict[str, Any] = {"metric": loop.score, "direction": loop.direction}
    for name, field in Sweep.model_fields.items():
        if not field.is_required() and name not in left_out:
            default = field.get_default(call_default_factory=True)
            left_out[name] = default.model_dump(mode="json") if isinstance(default, BaseModel) else default
    return yaml_text.write({name: value for name, value in data.items() if left_out.get(name, ...) != value})


def as_sweep(sweep: Sweep, config: Plain, name: str) -> Sweep:
    """The sweep with a configuration as its default: the same search, begun from there.

    name: that the sweep is to have.
    """
    found = written(sweep, config)
    data = sweep.model_dump(mode="json")
    data |= {"name": name, "budget": found.pop("budget"), "first": [], "start_from": None}
    model = sweep.loop_type.Config
    data["fixed"] = {each: value for each, value in found.items() if each not in sweep.search}
    data["default"] = {each: as_written(model, each, config[each]) for each in sweep.search if each in config}
    try:
        return Sweep.model_validate(data)
    except SweepError as error:
        # What counts for nothing any more is refused in a new file.
        useless = {each.key_path.removeprefix("fixed.") for each in error.problems}
        data["fixed"] = {each: value for each, value in data["fixed"].items() if each not in useless}
        return Sweep.model_validate(data)
