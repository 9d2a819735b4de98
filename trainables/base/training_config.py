"""What the configs of all trainings have in common, and what the members of a pack must have in common."""

from functools import cache
from typing import Any, ClassVar

from pydantic import Field

from trainables.base.config_fields import Frozen, Option, tunable


class Training(Frozen):
    """The config of any training, whoever wrote its loop."""

    foreign: ClassVar[bool] = False
    """Whether the loop is a Trainable of Ray Tune: it trains one member alone, and its settings are not declared."""

    budget: int = Field(
        description="full length of the training; environment steps (supervised: epochs)", gt=0, le=10**10
    )
    seed: int = tunable(0, description="of the member's weights, exploration, sampling and episodes", ge=0, lt=2**63)

    def reported(self) -> int:
        """How many times results are reported over the budget."""
        raise NotImplementedError


def is_tunable(config: type[Training], name: str) -> bool:
    """Whether members of a pack may differ in this field. What a Trainable of Ray Tune does not declare is tunable."""
    if config.foreign and name not in config.model_fields:
        return True
    extra = config.model_fields[name].json_schema_extra
    return isinstance(extra, dict) and extra.get("tunable") is True


def structure(config: Training) -> dict[str, Any]:
    """The structural part of a config, which the members of a pack have in common.

    Of a structural option, only the kind counts, since its settings are tunable.
    """
    values = {name: getattr(config, name) for name in _structural(type(config))}
    return {
        name: getattr(value, "kind", None) if isinstance(value, Option) else value for name, value in values.items()
    }


@cache
def _structural(config: type[Training]) -> tuple[str, ...]:
    return tuple(name for name in config.model_fields if not is_tunable(config, name))
