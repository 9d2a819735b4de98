"""What a loop trains on, and what it can't be asked for."""

from collections.abc import Iterator

from trainables.loops.contract import Loop
from tuning.errors import Problem
from tuning.sweep.draft import Draft


def problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    """Each loop trains on one of the two, an environment or a data set; a Trainable of Ray Tune knows neither."""
    if loop.Config.foreign:
        yield from _foreign_problems(draft)
        return
    name = draft.sweep.loop
    for key, other in (("environment", "data"), ("data", "environment")):
        given, takes = key in draft.given, key in loop.Config.model_fields
        if takes and not given:
            yield Problem(key, f"is missing: {name} trains on one")
        elif given and not takes:
            yield Problem(key, f"{name} takes none: should be {other}")


def _foreign_problems(draft: Draft) -> Iterator[Problem]:
    sweep = draft.sweep
    for key in ("environment", "data"):
        if key in draft.given:
            yield Problem(key, f"{sweep.loop} takes any setting: should stand under fixed")
    for key, value in (("seeds", sweep.seeds), ("pack_size", sweep.pack_size)):
        if key in draft.given and not (draft.has(key) and value in (1, "auto")):
            yield Problem(key, f"should be 1 or left out: {sweep.loop} trains one member at a time")
