"""Epsilon, the share of random actions, and how it falls: pure, of one member."""

from typing import Annotated, Literal

from pydantic import Field

from trainables.base.config_fields import Option, by_name


class LinearDecay(Option):
    """Falls on a line from `start` to `end`, and stays there."""

    kind: Literal["linear"] = "linear"
    start: float = Field(1.0, ge=0, le=1, description="share of random actions at the beginning")
    end: float = Field(0.04, ge=0, le=1, description="share of random actions afterwards")
    share: float = Field(0.2, gt=0, le=1, description="of the budget over which it falls")


class ExponentialDecay(Option):
    """Multiplied by `factor` after each episode or each step, down to `end`."""

    kind: Literal["exponential"] = "exponential"
    start: float = Field(1.0, ge=0, le=1, description="share of random actions at the beginning")
    end: float = Field(0.01, ge=0, le=1, description="the least share of random actions")
    factor: float = Field(0.995, gt=0, le=1, description="what the share is multiplied by")
    every: Literal["episode", "step"] = Field("episode", description="after which it is multiplied")


Epsilon = Annotated[LinearDecay | ExponentialDecay, Field(discriminator="kind"), by_name]

LINEAR = LinearDecay()


def epsilon(decay: LinearDecay | ExponentialDecay, steps: int, episodes: int, budget: int) -> float:
    """The share of random actions at one moment of a training.

    decay: how it falls.
    steps: environment steps taken.
    episodes: episodes that have ended.
    budget: environment steps of the whole training.
    """
    match decay:
        case LinearDecay(start=start, end=end, share=share):
            return end + (start - end) * max(0.0, 1 - steps / (share * budget))
        case ExponentialDecay(start=start, end=end, factor=factor, every=every):
            return max(end, start * factor ** (episodes if every == "episode" else steps))
