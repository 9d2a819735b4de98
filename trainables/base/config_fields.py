"""What the fields of a config are made of: frozen models, tunable fields, and options with settings of their own."""

from typing import Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class Frozen(BaseModel):
    """A model that can't change and takes no key that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Option(Frozen):
    """One of several named ways, with settings of its own.

    Written as its name, `cosine`, or as its name with settings, `{cosine: {floor: 0.1}}`. Every subclass has a literal
    `kind`, which is that name. Settings are always tunable; whether the kind is, says the field that holds the option.
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
"""Lets a union of options be written by name; goes last into its `Annotated`."""


def tunable(default: Any = ..., *, description: str, **bounds: Any) -> Any:
    """A field that may differ between the members of a pack: it changes neither shapes nor control flow."""
    return Field(default, description=description, json_schema_extra={"tunable": True}, **bounds)
