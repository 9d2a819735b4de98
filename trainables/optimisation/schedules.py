"""How the learning rate changes over the full budget: pure functions of one member, vmapped over the pack.

A schedule gives a factor of `learning_rate`. It is read at `progress`, the share of the full budget that is spent: k /
K at update k of K if the number of updates is known (DQN, supervised), else environment steps over the budget
(REINFORCE). So a schedule means the same at every budget, and spans the full budget, not a leg's. Only `plateau` looks
at the score instead of the budget; its factor is kept beside the weights.

    p   progress, from 0 at the first update to below 1 at the last
    dp  the share of the budget that one update spends
    w   warmup, the share of the budget over which the rate rises
    x   (p - w) / (1 - w), the share of the schedule that is spent
    f   the factor of the learning rate
"""

import math
from typing import Annotated, Literal, get_args

import torch
from pydantic import Field
from torch import Tensor

from trainables.base.config_fields import Option, by_name
from trainables.base.member_axis import Tensors


class Fixed(Option):
    """The rate stays."""

    kind: Literal["fixed"] = "fixed"


class Step(Option):
    """Multiplied by `factor` each time another share `every` of the budget is spent."""

    kind: Literal["step"] = "step"
    factor: float = Field(0.5, gt=0, le=1, description="what the rate is multiplied by at each step down")
    every: float = Field(0.25, gt=0, le=1, description="share of the budget between two steps down")


class Exponential(Option):
    """Falls geometrically to `final` at the end of the budget."""

    kind: Literal["exponential"] = "exponential"
    final: float = Field(0.01, gt=0, le=1, description="factor of the start rate at the end of the budget")


class Cosine(Option):
    """Half a cosine from 1 down to `floor`, again in every period (Loshchilov and Hutter, 2017)."""

    kind: Literal["cosine"] = "cosine"
    floor: float = Field(0.0, ge=0, le=1, description="factor of the start rate at the end of a period")
    periods: int = Field(1, ge=1, le=1_000, description="equal parts of the budget, each begun at the full rate")


class OneCycle(Option):
    """Half a cosine up to the full rate and one down from it (Smith and Topin, 2019), as torch's OneCycleLR."""

    kind: Literal["one-cycle"] = "one-cycle"
    rise: float = Field(0.3, gt=0, lt=1, description="share of the budget over which the rate rises")
    start: float = Field(0.04, ge=0, le=1, description="factor of the learning rate at the first update")
    final: float = Field(4e-6, ge=0, le=1, description="factor of the learning rate at the last update")


class Plateau(Option):
    """Multiplied by `factor` when the score has not improved for a while, as torch's ReduceLROnPlateau."""

    kind: Literal["plateau"] = "plateau"
    factor: float = Field(0.1, gt=0, lt=1, description="what the rate is multiplied by at each step down")
    patience: int = Field(
        10,
        ge=0,
        le=10**6,
        description="evaluations in a row without a better score that change nothing yet",
    )
    threshold: float = Field(1e-4, ge=0, lt=1, description="share by which a score must beat the best to be better")
    floor: float = Field(0.0, ge=0, le=1, description="factor of the start rate below which it never falls")


Kind = Fixed | Step | Exponential | Cosine | OneCycle | Plateau
Schedule = Annotated[Kind, Field(discriminator="kind"), by_name]

KINDS = tuple(str(each.model_fields["kind"].default) for each in get_args(Kind))
"""The names of all schedules, in the order of `Kind`; tensors hold a kind as its place here."""


def numbers(schedule: Kind, warmup: float) -> dict[str, float]:
    """The schedule of one member as numbers, which `factor` and `after_score` take as scalar tensors."""
    settings = schedule.model_dump(exclude={"kind"})
    return {
        "kind": float(KINDS.index(schedule.kind)),
        "warmup": warmup,
        "factor": settings.get("factor", 1.0),
        "every": settings.get("every", 1.0),
        # One number serves all kinds: the factor at the end.
        "end": settings.get("final", settings.get("floor", 1.0)),
        "periods": settings.get("periods", 1),
        "rise": settings.get("rise", 0.0),
        "start": settings.get("start", 1.0),
        "patience": settings.get("patience", 0),
        "threshold": settings.get("threshold", 0.0),
        # The factor of a plateau so far.
        "plateau": 1.0,
    }


def factor(schedule: Tensors, progress: Tensor, tick: Tensor) -> Tensor:
    """f, what the learning rate is multiplied by.

    During warmup, f = (p + dp) / w: it reaches 1 with the last step of the warmup. Afterwards:

        step         factor^floor(x / every)
        exponential  end^x
        cosine       half a cosine from 1 to `end`, in each of the equal periods
        one-cycle    half a cosine from `start` to 1 over the rise, and another from 1 to `end`
        plateau      what the scores so far have made of it (`after_score`)

    schedule: scalars, from `numbers`; of many members at once (M,), as every operation is elementwise.
    progress: p, a scalar.
    tick: dp, a scalar.
    """
    warmup, kind, end = schedule["warmup"], schedule["kind"], schedule["end"]
    left = torch.clamp(1 - warmup, min=1e-12)
    rising = (progress + tick) / torch.clamp(warmup, min=1e-12)
    x = torch.clamp((progress - warmup) / left, 0.0, 1.0)
    # The small offset keeps a boundary that float32 rounds down (0.3 / 0.1 = 2.9999998) from coming one update late.
    falls = torch.floor(x / schedule["every"] + 1e-5)
    step = torch.pow(schedule["factor"], falls)
    exponential = torch.exp(x * torch.log(torch.clamp(end, min=1e-30)))
    turns = x * schedule["periods"]
    turn = turns - torch.minimum(torch.floor(turns + 1e-5), schedule["periods"] - 1)
    cosine = _half_cosine(turn, end)
    shape = torch.where(kind == 1, step, torch.where(kind == 2, exponential, torch.where(kind == 3, cosine, 1.0)))
    shape = torch.where(kind == 4, _one_cycle(schedule, x, tick / left), shape)
    shape = torch.where(kind == 5, schedule["plateau"], shape)
    return torch.where(progress < warmup - 1e-7, torch.clamp(rising, max=1.0), shape)


def _half_cosine(share: Tensor, end: Tensor) -> Tensor:
    """From 1 at share 0 to `end` at share 1 (Loshchilov and Hutter, 2017, equation 5)."""
    return end + (1 - end) * 0.5 * (1 + torch.cos(math.pi * share))


def _one_cycle(schedule: Tensors, x: Tensor, dx: Tensor) -> Tensor:
    """Counted as torch does: the rate is full with the last update of the rise, and at its end with the very last."""
    rise, spent = schedule["rise"], x + dx
    upwards = 1 - x / torch.clamp(rise - dx, min=1e-12)
    downwards = (spent - rise) / (1 - rise)
    up = spent < rise
    return _half_cosine(torch.where(up, upwards, downwards), torch.where(up, schedule["start"], schedule["end"]))


def before_scores() -> Tensors:
    """What a plateau knows of a member before its first score.

    factor: of the learning rate. best: the best score. waited: evaluations since then, or since the last step down.
    """
    return {
        "factor": torch.tensor(1.0),
        "best": torch.tensor(float("inf"), dtype=torch.float64),
        "waited": torch.tensor(0),
    }


def after_score(plateau: Tensors, schedule: Tensors, score: Tensor) -> Tensors:
    """What a plateau knows after one more score; of one member, or of many at once.

    plateau: what it knew before, as `before_scores` has it.
    schedule: scalars, from `numbers`.
    score: of which less is better; NaN is never better.
    """
    better = score < plateau["best"] * (1 - schedule["threshold"] * torch.sign(plateau["best"]))
    waited = torch.where(better, 0, plateau["waited"] + 1)
    falls = (waited > schedule["patience"]) & (schedule["kind"] == KINDS.index("plateau"))
    lower = torch.maximum(plateau["factor"] * schedule["factor"], schedule["end"])
    return {
        "factor": torch.where(falls, lower, plateau["factor"]),
        "best": torch.where(better, score, plateau["best"]),
        "waited": torch.where(falls, 0, waited),
    }
