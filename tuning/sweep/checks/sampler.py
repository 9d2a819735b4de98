"""What a sampler can't do with the search that it is given."""

from collections.abc import Iterator

from trainables.base.training_config import is_tunable
from trainables.loops.contract import Loop
from tuning.errors import Problem
from tuning.sweep.dimensions import Dimension, FloatRange, IntRange, Options
from tuning.sweep.draft import Draft
from tuning.sweep.field_values import Unknown


def problems(draft: Draft, loop: type[Loop]) -> Iterator[Problem]:
    """A grid needs points, and cmaes numbers to move."""
    if not draft.has("sampler"):
        return
    read = {name: each for name, each in draft.field_values.search.items() if not isinstance(each, Unknown)}
    if draft.sweep.sampler == "grid":
        for key, value in (("first", draft.sweep.first), ("start_from", draft.sweep.start_from)):
            if value:
                yield Problem(key, "should be left out: a grid has its points anyway")
        for name, dimension in read.items():
            for path in _ranges_of_floats(f"search.{name}", dimension):
                yield Problem(path, "a grid needs points: should be {choices: [...]}")
    if draft.sweep.sampler == "cmaes" and read:
        numbers = [name for name, each in read.items() if isinstance(each, FloatRange | IntRange)]
        if not any(is_tunable(loop.Config, name) for name in numbers):
            yield Problem("sampler", "cmaes moves ranges of tunable numbers alone, and search has none: should be tpe")


def _ranges_of_floats(path: str, dimension: Dimension) -> Iterator[str]:
    if isinstance(dimension, FloatRange):
        yield path
    if isinstance(dimension, Options):
        for kind, settings in dimension.choices.items():
            for key, item in settings.items():
                if isinstance(item, Dimension):
                    yield from _ranges_of_floats(f"{path}.choices.{kind}.{key}", item)
