"""Fields that a sweep gives and that do nothing in any of its trials."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from trainables.loops.contract import Loop
from trainables.loops.registry import LOOPS
from tuning.errors import Problem
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import UNKNOWN, FieldValues

IMAGES, CONTINUOUS = "images", "continuous"
"""No fields, but whether observations are images and actions continuous: known only where there is the environment."""


@dataclass(frozen=True)
class Where:
    """Where a field counts.

    words: to say so.
    right: by the names of other fields, of which one has to have a value for which this is true.
    """

    words: str
    right: Mapping[str, Callable[[Any], bool]]


_STANDARD = Where("network is standard", {"network": lambda value: ":" not in str(value)})
_LAYERS = Where("hidden has a layer", {"hidden": lambda value: value not in ([], ())})
_IMAGES = Where("observations are images", {IMAGES: lambda value: value is not False})
_CONTINUOUS = Where("actions are continuous", {CONTINUOUS: lambda value: value is not False})
_ACTIVE = Where(_LAYERS.words, {**_LAYERS.right, **_IMAGES.right})
_REPLAY = Where("replay is true", {"replay": lambda value: value is not False})
_PRIORITISED = Where("prioritised_replay is true", {"prioritised_replay": lambda value: value is not False})
_TARGET = Where("target_network is true", {"target_network": lambda value: value is not False})
_NUMBERS = Where("loss is mse or huber", {"loss": lambda value: value != "cross_entropy"})
_CLASSES = Where("loss is cross_entropy", {"loss": lambda value: value == "cross_entropy"})
_VALUE = Where("baseline is value", {"baseline": lambda value: value not in ("none", "batch_mean")})
_ENTROPY = Where("entropy_weight is above 0", {"entropy_weight": lambda value: value != 0})

COUNTS: Mapping[str, tuple[Where, ...]] = {
    "hidden": (_STANDARD,),
    "activation": (_STANDARD, _ACTIVE),
    "layer_norm": (_STANDARD, _LAYERS),
    "channels": (_STANDARD, _IMAGES),
    "dropout": (_STANDARD, _LAYERS),
    "replay_capacity": (_REPLAY,),
    "priority_alpha": (_PRIORITISED,),
    "priority_beta": (_PRIORITISED,),
    "double": (_TARGET,),
    "target_interval": (_TARGET,),
    "target_tau": (_TARGET,),
    "standardise_targets": (_NUMBERS,),
    "class_weights": (_CLASSES,),
    "value_weight": (_VALUE,),
    "entropy_schedule": (_ENTROPY,),
    "action_bounds": (_CONTINUOUS,),
    "deviation": (_CONTINUOUS,),
    "initial_deviation": (_CONTINUOUS,),
    "noise_correlation": (_CONTINUOUS,),
}
"""Fields that count only where all of this holds; every other field always does."""


def problems(
    draft: Draft, loop: type[Loop], environment: Mapping[str, bool] = MappingProxyType({})
) -> Iterator[Problem]:
    """Fields, fixed or searched, that have no effect on any trial of the sweep.

    What is fixed as false, 0 or none is off, and says no more than is so. What a loop of a person's own makes of its
    fields is not known.

    draft: of the sweep.
    loop: what trains.
    environment: by IMAGES and CONTINUOUS, what is known of it.
    """
    if loop not in LOOPS.values():
        return
    values, known = draft.field_values, environment
    if "environment" not in loop.Config.model_fields:
        known = {IMAGES: False, CONTINUOUS: False}
    for part, given in (("fixed", values.fixed), ("search", values.search)):
        for name, value in given.items():
            if name not in COUNTS or value is UNKNOWN or value in (False, 0, "none"):
                continue
            missing = [each.words for each in COUNTS[name] if not _holds(each, values, known, part == "fixed")]
            if missing:
                yield Problem(f"{part}.{name}", f"does nothing unless {' and '.join(missing)}")


def _holds(where: Where, values: FieldValues, known: Mapping[str, bool], in_trial_0: bool) -> bool:
    """Whether it does in any trial; in trial 0 no field has a value that is searched, so that one does not count."""
    for name, right in where.right.items():
        possible: list[Any] = values.of_any_trial(name) if in_trial_0 else values.after_trial_0(name)
        if name in (IMAGES, CONTINUOUS):
            possible = [known.get(name)]
        if any(value is UNKNOWN or right(value) for value in possible):
            return True
    return False
