"""Whether a training comes out the same when it is trained again: for people, and for scripts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rich.console import Group, RenderableType
from rich.text import Text

from tuning.report.number_format import number

ROUNDING = 1e-4
"""A difference of values, as a share of the larger of them, that another order of adding up may make."""

Points: TypeAlias = Sequence[tuple[int, Mapping[str, float]]]


@dataclass(frozen=True)
class Parting:
    """Where two curves part: the first step at which a metric is not the same."""

    step: int
    metric: str
    before: float | None
    after: float | None


@dataclass(frozen=True)
class Replayed:
    """A training beside the same training done again.

    seed: that it is trained with.
    points: how many points of the curve were compared.
    exact: where the curves are first not the same to the last bit; None: nowhere.
    beyond: where they are first further apart than rounding makes them; None: nowhere.
    """

    seed: int
    points: int
    exact: Parting | None
    beyond: Parting | None

    @property
    def same(self) -> bool:
        """Whether the curves are the same but for rounding."""
        return self.beyond is None


@dataclass(frozen=True)
class Replay:
    """What `tuning replay` has found.

    shown: what was trained again.
    study: in which.
    trainings: one a seed.
    differs: of what trainings are made with, that then and now; a pack of several sizes has all of them.
    """

    shown: str
    study: str
    trainings: list[Replayed]
    differs: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether all curves are the same but for rounding."""
        return all(each.same for each in self.trainings)

    def as_json(self) -> dict[str, Any]:
        """The one object that `--json` prints."""
        return {
            "same": self.same,
            "trainings": [
                {
                    "seed": each.seed,
                    "same": each.same,
                    "identical": each.exact is None,
                    "points": each.points,
                    "parts": (parts := each.beyond or each.exact)
                    and {"step": parts.step, "metric": parts.metric, "was": parts.before, "is": parts.after},
                }
                for each in self.trainings
            ],
            "differs": {name: {"was": was, "is": now} for name, (was, now) in self.differs.items()},
        }


def compared(seed: int, before: Points, after: Points) -> Replayed:
    """Two curves side by side; of metrics that only one of them has nothing is said."""
    known, exact, beyond = dict(after), None, None
    for step, metrics in before:
        others = known.get(step)
        if others is None:
            parting = Parting(step, "the curve", None, None)
            exact, beyond = exact or parting, beyond or parting
            break
        for name in metrics.keys() & others.keys():
            one, other = metrics[name], others[name]
            if not _equal(one, other, 0.0) and exact is None:
                exact = Parting(step, name, one, other)
            if not _equal(one, other, ROUNDING) and beyond is None:
                beyond = Parting(step, name, one, other)
        if beyond is not None:
            break
    return Replayed(seed, len(before), exact, beyond)


def _equal(one: float, other: float, within: float) -> bool:
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or abs(one - other) <= within * max(abs(one), abs(other))


def told(found: Replay) -> RenderableType:
    """The whole of it for a person."""
    return Group(*map(Text, _lines(found)))


def _lines(found: Replay) -> Iterator[str]:
    for each in found.trainings:
        yield f"{found.shown}, seed {each.seed}: {_said(each)}"
    if found.differs:
        yield "What differs:"
        yield from (f"  {name}: {was}, now {now}" for name, (was, now) in found.differs.items())
    elif not all(each.exact is None for each in found.trainings):
        yield "Nothing that is known of the two trainings differs: versions, machine and pack are the same."
    yield f"It was trained again in {found.study}."


def _said(each: Replayed) -> str:
    parts = each.beyond or each.exact
    if parts is None:
        return f"the same curve, to the last bit, in all its {each.points} points"
    if parts.before is None:
        return f"it parts at step {parts.step:,}, which one of the two never came to"
    where = f"at step {parts.step:,}, {parts.metric} was {number(parts.before)}, is {number(parts.after)}"
    if each.same:
        return f"the same curve but for rounding, from step {parts.step:,} on"
    return f"it parts {where}"
