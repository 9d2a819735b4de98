"""How the learning rate changes over the full budget: pure, of one member, vmapped over the pack.

A schedule gives a factor of `learning_rate`. It is read at `progress`, the share of the full budget already spent:
k / K at optimizer step k of K where the number of steps is known (DQN, supervised), else environment steps over budget
(REINFORCE). Counted so, a schedule means the same at every budget, and spans the full budget whatever the leg.
`plateau` alone looks at the score, not at the budget: its factor is kept beside the weights.
"""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables.base.config_fields import Option, by_name


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
        10, ge=0, le=10**6, description="evaluations in a row without a better score that are borne; the next is not"
    )
    threshold: float = Field(1e-4, ge=0, lt=1, description="share by which a score must beat the best to be better")
    floor: float = Field(0.0, ge=0, le=1, description="factor of the start rate below which it never falls")


Kind = Fixed | Step | Exponential | Cosine | OneCycle | Plateau
Schedule = Annotated[Kind, Field(discriminator="kind"), by_name]

KINDS = ("fixed", "step", "exponential", "cosine", "one-cycle", "plateau")


def numbers(schedule: Kind, warmup: float) -> dict[str, float]:
    """The schedule of one member as the numbers that `factor` and `watched` take."""
    settings = schedule.model_dump(exclude={"kind"})
    return {
        "kind": float(KINDS.index(schedule.kind)),
        "warmup": warmup,
        "factor": settings.get("factor", 1.0),
        "every": settings.get("every", 1.0),
        # One number serves all: where the rate ends, as a factor of where it starts.
        "end": settings.get("final", settings.get("floor", 1.0)),
        "periods": settings.get("periods", 1),
        "rise": settings.get("rise", 0.0),
        "start": settings.get("start", 1.0),
        "patience": settings.get("patience", 0),
        "threshold": settings.get("threshold", 0.0),
        # What the score has made of it so far.
        "watched": 1.0,
    }


def factor(schedule: dict[str, Tensor], progress: Tensor, tick: Tensor) -> Tensor:
    """What the learning rate is multiplied by; of one member or, as it takes each number by itself, of many.

    schedule: scalars from `numbers`; progress: scalar, 0 at the first update, below 1 at the last; tick: scalar, the
    share of the budget that one update spends. During warmup the factor rises linearly and reaches 1 with the last
    warmup step; the schedule then runs over what is left of the budget.
    """
    warmup, kind, end = schedule["warmup"], schedule["kind"], schedule["end"]
    left = torch.clamp(1 - warmup, min=1e-12)
    rising = (progress + tick) / torch.clamp(warmup, min=1e-12)
    after = torch.clamp((progress - warmup) / left, 0.0, 1.0)
    # The small offset keeps a boundary that float32 rounds down (0.3 / 0.1 = 2.9999998) from coming one update late.
    falls = torch.floor(after / schedule["every"] + 1e-5)
    step = torch.pow(schedule["factor"], falls)
    exponential = torch.exp(after * torch.log(torch.clamp(end, min=1e-30)))
    turns = after * schedule["periods"]
    turn = turns - torch.minimum(torch.floor(turns + 1e-5), schedule["periods"] - 1)
    cosine = _half_cosine(turn, end)
    shape = torch.where(kind == 1, step, torch.where(kind == 2, exponential, torch.where(kind == 3, cosine, 1.0)))
    shape = torch.where(kind == 4, _one_cycle(schedule, after, tick / left), shape)
    shape = torch.where(kind == 5, schedule["watched"], shape)
    return torch.where(progress < warmup - 1e-7, torch.clamp(rising, max=1.0), shape)


def _half_cosine(share: Tensor, end: Tensor) -> Tensor:
    return end + (1 - end) * 0.5 * (1 + torch.cos(math.pi * share))


def _one_cycle(schedule: dict[str, Tensor], after: Tensor, tick: Tensor) -> Tensor:
    """Counted as torch does it: at full rate with the last update of the rise, at the end with the very last."""
    rise, spent = schedule["rise"], after + tick
    upwards = 1 - after / torch.clamp(rise - tick, min=1e-12)
    downwards = (spent - rise) / (1 - rise)
    up = spent < rise
    return _half_cosine(torch.where(up, upwards, downwards), torch.where(up, schedule["start"], schedule["end"]))


def unwatched() -> dict[str, Tensor]:
    """What `watched` has seen of a member before its first score."""
    return {
        "factor": torch.tensor(1.0),
        "best": torch.tensor(float("inf"), dtype=torch.float64),
        "waited": torch.tensor(0),
    }


def watched(state: dict[str, Tensor], schedule: dict[str, Tensor], score: Tensor) -> dict[str, Tensor]:
    """What a plateau makes of one more score, of which less is better; NaN is never better. Any number of members.

    state: `factor` of the rate, `best` score, evaluations `waited` since then or since the last step down.
    """
    better = score < state["best"] * (1 - schedule["threshold"] * torch.sign(state["best"]))
    waited = torch.where(better, 0, state["waited"] + 1)
    falls = (waited > schedule["patience"]) & (schedule["kind"] == KINDS.index("plateau"))
    lower = torch.maximum(state["factor"] * schedule["factor"], schedule["end"])
    return {
        "factor": torch.where(falls, lower, state["factor"]),
        "best": torch.where(better, score, state["best"]),
        "waited": torch.where(falls, 0, waited),
    }
