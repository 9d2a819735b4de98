"""What the fields of a model take, and what is wrong with a value, in words that say what would be right."""

import difflib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from trainables.base.config_fields import Frozen, Option
from tuning.errors import Problem
from tuning.sweep.plain_data import shown

Model = type[BaseModel]
Check = Callable[[Model, str, Any, str], Iterator[Problem]]
"""(model, name of the field, value, key path) -> what is wrong"""


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
        f"{word} {_number(bound)}"
        for limit in field.metadata
        for attribute, word in _BOUNDS.items()
        if (bound := getattr(limit, attribute, None)) is not None
    ]
    return ", ".join(choices + bounds)


_BOUNDS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}


def settings(option: type[Option]) -> list[str]:
    """The names of an option's settings."""
    return [name for name in option.model_fields if name != "kind"]


def named(value: Any) -> tuple[str, dict[str, Any]] | None:
    """The name and the settings of an option, written in any of its forms; None where it is no option."""
    if isinstance(value, str):
        return value, {}
    if not isinstance(value, Mapping):
        return None
    if isinstance(value.get("kind"), str):
        return value["kind"], {name: item for name, item in value.items() if name != "kind"}
    if len(value) != 1:
        return None
    (kind, given), *_ = value.items()
    return (kind, dict(given or {})) if given is None or isinstance(given, Mapping) else None


def problems(model: Model, name: str, value: Any, path: str) -> Iterator[Problem]:
    """What the field has against a plain value, which stands at this key path."""
    kinds = options(model, name)
    if kinds and not (value is None and NoneType in _types(model, name)):
        yield from option_problems(kinds, value, path, problems)
        return
    try:
        # As JSON, since it is there that strict validation takes a list for a tuple, but no text for a number.
        model.model_validate_json(json.dumps({name: value}), strict=True)
    except ValidationError as error:
        for each in error.errors():
            if each["loc"][:1] == (name,):
                yield Problem(key_path(path, each["loc"][1:]), sentence(each))


def option_problems(kinds: Mapping[str, type[Option]], value: Any, path: str, check: Check) -> Iterator[Problem]:
    """What is wrong with an option; each setting that there is goes through `check`."""
    option = named(value)
    if option is None:
        yield Problem(path, f"should be {one_of(kinds)}, or one of them with its settings, is {shown(value)}")
        return
    kind, given = option
    if kind not in kinds:
        place = path if isinstance(value, str) else f"{path}.{kind}"
        yield Problem(place, f"should be {one_of(kinds)}, is {shown(kind)}{nearest(kind, kinds)}")
        return
    known = settings(kinds[kind])
    for name, item in given.items():
        if name in known:
            yield from check(kinds[kind], name, item, f"{path}.{kind}.{name}")
        else:
            yield Problem(f"{path}.{kind}.{name}", unknown(name, known, f"{kind} has no such setting"))


def unknown(name: str, known: Collection[str], what: str, at_most: int = 1) -> str:
    """That a name is none of those known, and which of them may be meant."""
    return what + (nearest(name, known, at_most) or f"; known: {', '.join(known)}")


def nearest(name: str, known: Collection[str], at_most: int = 1) -> str:
    """A question to end a message with, where known names are near."""
    near = difflib.get_close_matches(name, known, n=at_most, cutoff=0.6)
    return f"; did you mean {one_of(near)}?" if near else ""


def one_of(words: Collection[str]) -> str:
    """The words as a choice: a, b or c."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def key_path(path: str, parts: Iterable[str | int]) -> str:
    """The key path of what lies below another, as pydantic has it: by keys of mappings and places in lists."""
    return path + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)


def sentence(error: ErrorDetails) -> str:
    """What pydantic found, as this project says it."""
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "missing":
            return "is missing"
        case "extra_forbidden":
            return "has no place here"
        case "value_error":
            return f"{context['error']}, is {shown(value)}"
        case "greater_than":
            should = f"above {_number(context['gt'])}"
        case "greater_than_equal":
            should = f"at least {_number(context['ge'])}"
        case "less_than":
            should = f"below {_number(context['lt'])}"
        case "less_than_equal":
            should = f"at most {_number(context['le'])}"
        case "literal_error":
            should = str(context["expected"]).replace("'", "")
        case "int_type" | "int_from_float" | "int_parsing":
            should = "a whole number"
        case "float_type" | "float_parsing" | "finite_number":
            should = "a number"
        case "bool_type" | "bool_parsing":
            should = "true or false"
        case "string_type":
            should = "text"
        case "tuple_type" | "list_type":
            should = "a list"
        case "dict_type" | "model_type" | "model_attributes_type":
            should = "a mapping"
        case _:
            return f"{error['msg']}, is {shown(value)}"
    return f"should be {should}, is {shown(value)}"


def _number(bound: float) -> str:
    return f"{int(bound):_}" if float(bound).is_integer() else repr(bound)


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
