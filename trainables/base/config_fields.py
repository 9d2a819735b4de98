"""What configs are made of: frozen models, tunable fields, and options that have settings of their own."""

from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A model that can't be changed and accepts no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Option(Frozen):
    """One of several named alternatives, such as a schedule, with settings of its own.

    It is written as its name, `cosine`, or as its name with settings, `{cosine: {floor: 0.1}}`. Every subclass has a
    field `kind`, a Literal of that name. Its settings are always tunable; its kind is tunable if the field that holds
    it is.
    """


def _named(value: Any) -> Any:
    if isinstance(value, str):
        return {"kind": value}
    if isinstance(value, dict) and "kind" not in value and len(value) == 1:
        (kind, settings), *_ = value.items()
        if settings is None or isinstance(settings, dict):
            return {"kind": kind, **(settings or {})}
    return value


by_name = BeforeValidator(_named)
"""Lets a union of options be written by name. It goes last into the union's `Annotated`."""


def tunable(default: Any = ..., *, description: str, **bounds: Any) -> Any:
    """Declares a field that may differ between the members of a pack, as it changes neither shapes nor control flow.

    default: the field's value where none is given; `...` if one must be.
    description: what the field means, with its unit.
    bounds: limits of the value, as pydantic's Field takes them: gt, ge, lt, le.
    """
    return Field(default, description=description, json_schema_extra={"tunable": True}, **bounds)
