"""Which values the trials of a sweep come to have in the fields of their loop's config."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeGuard

from trainables.base.training_config import Training
from tuning.errors import Problem
from tuning.sweep.dimensions import Choices, Dimension, FloatRange, IntRange, Options


class Unknown(Enum):
    """Stands for a value that could not be read, of which nothing more is said."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True)
class FieldValues:
    """What a sweep says of the fields of its loop's config.

    config: the model of the fields, with their defaults.
    fixed: values that all trials have.
    search: what trials differ in.
    default: values that trial 0 has of what is searched, where they are not the config's defaults.
    """

    config: "type[Training]"
    fixed: Mapping[str, Any]
    search: Mapping[str, Dimension | Unknown]
    default: Mapping[str, Any]

    def in_trial_0(self, name: str) -> Any:
        """What trial 0 has in the field; None where the loop does not have the field."""
        for given in (self.default, self.fixed):
            if name in given:
                return given[name]
        return self.config.model_fields[name].default if name in self.config.model_fields else None

    def after_trial_0(self, name: str) -> list[Any]:
        """What the others may have: the choices, of a range both ends; nothing where the loop has no such field."""
        if name not in self.config.model_fields:
            return []
        if name not in self.search:
            return [self.in_trial_0(name)]
        match self.search[name]:
            case FloatRange(low=low, high=high) | IntRange(low=low, high=high):
                return [low, high]
            case Choices(choices=choices):
                return list(choices)
            case Options(choices=options):
                return list(options)
            case Unknown():
                return [UNKNOWN]

    def of_any_trial(self, name: str) -> list[Any]:
        """What any trial may have, trial 0 first, each once."""
        values = [self.in_trial_0(name), *self.after_trial_0(name)]
        return [value for place, value in enumerate(values) if value not in values[:place]]

    def number_in_trial_0(self, name: str) -> int:
        """The whole number that trial 0 has in the field; -1 where it has none."""
        value = self.in_trial_0(name)
        return value if _is_whole(value) else -1

    def largest(self, name: str) -> int:
        """The largest whole number that trials after the first may have in the field; -1 where they have none."""
        return max(filter(_is_whole, self.after_trial_0(name)), default=-1)

    def smallest(self, name: str) -> int:
        """The smallest one; -1 where they have none."""
        return min(filter(_is_whole, self.after_trial_0(name)), default=-1)

    def key_path(self, name: str) -> str:
        """Where the field stands, or would."""
        return f"search.{name}" if name in self.search else f"fixed.{name}"

    def default_problem(self, name: str, should: str) -> Problem:
        """That trial 0 can't be trained with its value of a searched field, and how it is given another.

        The check does not choose another by itself: champions are compared with trial 0, so it is never a configuration
        that nobody has asked for.

        name: of the field, in which trial 0 has a whole number.
        should: what the number should be.
        """
        value = self.number_in_trial_0(name)
        if name in self.default:
            return Problem(f"default.{name}", f"should be {should}, is {value:_}")
        return Problem(
            f"search.{name}",
            f"trial 0 takes the loop's default, {value:_}, which should be {should}; "
            f"`default: {{{name}: ...}}` gives it another",
        )


def _is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
