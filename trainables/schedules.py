"""How the learning rate changes over the full budget: pure, of one member, vmapped over the pack.

A schedule gives a factor of `learning_rate`. It is read at `progress`, the share of the full budget already spent:
k / K at optimizer step k of K where the number of steps is known (DQN, supervised), else environment steps over budget
(REINFORCE). Counted so, a schedule means the same at every budget, and spans the full budget whatever the leg.
"""

import math
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from trainables.options import Option, by_name


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
    """Half a cosine from 1 down to `floor` (Loshchilov and Hutter, 2017, without restarts)."""

    kind: Literal["cosine"] = "cosine"
    floor: float = Field(0.0, ge=0, le=1, description="factor of the start rate at the end of the budget")


Schedule = Annotated[Fixed | Step | Exponential | Cosine, Field(discriminator="kind"), by_name]

KINDS = ("fixed", "step", "exponential", "cosine")


def numbers(schedule: Fixed | Step | Exponential | Cosine, warmup: float) -> dict[str, float]:
    """The schedule of one member as the numbers that `factor` takes."""
    settings = schedule.model_dump(exclude={"kind"})
    return {
        "kind": float(KINDS.index(schedule.kind)),
        "warmup": warmup,
        "factor": settings.get("factor", 1.0),
        "every": settings.get("every", 1.0),
        # One number serves both: where the rate ends, as a factor of where it starts.
        "end": settings.get("final", settings.get("floor", 1.0)),
    }


def factor(schedule: dict[str, Tensor], progress: Tensor, tick: Tensor) -> Tensor:
    """What the learning rate is multiplied by.

    schedule: scalars from `numbers`; progress: scalar, 0 at the first update, below 1 at the last; tick: scalar, the
    share of the budget that one update spends. During warmup the factor rises linearly and reaches 1 with the last
    warmup step; the schedule then runs over what is left of the budget.
    """
    warmup = schedule["warmup"]
    rising = (progress + tick) / torch.clamp(warmup, min=1e-12)
    after = torch.clamp((progress - warmup) / torch.clamp(1 - warmup, min=1e-12), 0.0, 1.0)
    # The small offset keeps a boundary that float32 rounds down (0.3 / 0.1 = 2.9999998) from coming one update late.
    falls = torch.floor(after / schedule["every"] + 1e-5)
    step = torch.pow(schedule["factor"], falls)
    exponential = torch.exp(after * torch.log(torch.clamp(schedule["end"], min=1e-30)))
    cosine = schedule["end"] + (1 - schedule["end"]) * 0.5 * (1 + torch.cos(math.pi * after))
    kind = schedule["kind"]
    ones = torch.ones_like(progress)
    shape = torch.where(kind == 1, step, torch.where(kind == 2, exponential, torch.where(kind == 3, cosine, ones)))
    return torch.where(progress < warmup - 1e-7, torch.clamp(rising, max=1.0), shape)
