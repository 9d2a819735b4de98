"""What the fields of a model take, and what is wrong with a value."""

import json
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from trainables.base.config_fields import Frozen, Option
from tuning.errors import Problem
from tuning.sweep import wording
from tuning.sweep.key_paths import below
from tuning.sweep.plain_data import shown
from tuning.sweep.wording import nearest, one_of, unknown

Model: TypeAlias = type[BaseModel]
Kinds: TypeAlias = Mapping[str, type[Option]]
"""Options by their names."""


def options(model: Model, name: str) -> dict[str, type[Option]]:
    """The options that the field takes, by name; none for a field of another type."""
    types = [each for each in _types(model, name) if isinstance(each, type) and issubclass(each, Option)]
    return {each.model_fields["kind"].default: each for each in types}


def number(model: Model, name: str) -> Literal["float", "int"] | None:
    """Which numbers the field takes, if it takes any."""
    types = _types(model, name)
    return "float" if float in types else "int" if int in types else None


def groups(model: Model, name: str) -> dict[str, Model]:
    """What the field holds that has fields of its own, by what stands before their names: options, or a group."""
    found: dict[str, Model] = {f"{name}.{kind}": option for kind, option in options(model, name).items()}
    for each in _types(model, name):
        if isinstance(each, type) and issubclass(each, Frozen) and not issubclass(each, Option):
            found[name] = each
    return found


def takes(model: Model, name: str) -> str:
    """What a value of the field may be, in a few words; empty where its default says as much."""
    field, types = model.model_fields[name], _types(model, name)
    literals = [each for kind in types if get_origin(kind) is Literal for each in get_args(kind)]
    words = [*options(model, name), *map(str, literals)]
    words += ["a whole number"] if words and int in types else []
    choices = [one_of(words)] if words else []
    bounds = [
        f"{word} {wording.number(bound)}"
        for limit in field.metadata
        for attribute, word in _BOUNDS.items()
        if (bound := getattr(limit, attribute, None)) is not None
    ]
    return ", ".join(choices + bounds)


_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


class Named(NamedTuple):
    """An option in plain data."""

    kind: str
    settings: dict[str, Any]


def named(value: Any) -> Named | None:
    """The option that plain data is, written in any of its forms; None where it is none."""
    if isinstance(value, str):
        return Named(value, {})
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("kind"), str):
        return Named(value["kind"], {name: item for name, item in value.items() if name != "kind"})
    if len(value) != 1:
        return None
    (kind, given), *_ = value.items()
    return Named(kind, dict(given or {})) if given is None or isinstance(given, Mapping) else None


def problems(model: Model, name: str, value: Any, path: str) -> list[Problem]:
    """What is wrong with a value of a field.

    model: has the field.
    name: of the field; one that is not declared takes anything.
    value: plain data.
    path: the key path at which the value stands.
    """
    kinds = options(model, name)
    if not kinds or (value is None and NoneType in _types(model, name)):
        return _value_problems(model, name, value, path)
    option, found = read_option(kinds, value, path)
    if option is not None:
        for setting, item in option.settings.items():
            found += problems(kinds[option.kind], setting, item, f"{path}.{option.kind}.{setting}")
    return found


def _value_problems(model: Model, name: str, value: Any, path: str) -> list[Problem]:
    try:
        # As JSON, since it is there that strict validation takes a list for a tuple, but no text for a number.
        model.model_validate_json(json.dumps({name: value}), strict=True)
    except ValidationError as error:
        of_field = [each for each in error.errors() if each["loc"][:1] == (name,)]
        return [Problem(below(path, each["loc"][1:]), wording.sentence(each)) for each in of_field]
    return []


def read_option(kinds: Kinds, value: Any, path: str) -> tuple[Named | None, list[Problem]]:
    """The option that plain data names, if it names one, with those of its settings that there are; and what is wrong.

    kinds: what it may be.
    value: plain data; the values of the settings are not looked at.
    path: the key path at which it stands.
    """
    option = named(value)
    if option is None:
        message = f"should be {one_of(kinds)}, or one of them with its settings, is {shown(value)}"
        return None, [Problem(path, message)]
    if option.kind not in kinds:
        place = path if isinstance(value, str) else f"{path}.{option.kind}"
        message = f"should be {one_of(kinds)}, is {shown(option.kind)}{nearest(option.kind, kinds)}"
        return None, [Problem(place, message)]
    known = [name for name in kinds[option.kind].model_fields if name != "kind"]
    found = [
        Problem(f"{path}.{option.kind}.{name}", unknown(name, known, f"{option.kind} has no such setting"))
        for name in option.settings
        if name not in known
    ]
    return Named(option.kind, {name: item for name, item in option.settings.items() if name in known}), found


def _types(model: Model, name: str) -> list[Any]:
    field = model.model_fields.get(name)
    # A field that is not declared takes anything.
    return list(_parts(field.annotation)) if field else []


def _parts(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        yield from _parts(get_args(annotation)[0])
    elif get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _parts(part)
    else:
        yield annotation
