"""REINFORCE (Williams, 1992): settings, networks, loss, loop; a whole pack of members in lockstep."""

from typing import Literal

from pydantic import Field

from trainables.loop import EpisodicConfig
from trainables.options import tunable


class ReinforceConfig(EpisodicConfig):
    """The settings of REINFORCE beside those of every loop."""

    batch_size: int = Field(16, description="complete episodes in one update", gt=0, le=10_000)
    entropy_weight: float = tunable(0.0, description="of the policy's entropy in the loss", ge=0)
    baseline: Literal["none", "batch_mean", "value"] = Field(
        "batch_mean", description="what returns are compared with: nothing, their mean, or a learnt value of the state"
    )
    value_weight: float = tunable(0.5, description="of the value's squared error in the loss (baseline: value)", ge=0)
    normalise_advantages: bool = Field(False, description="advantages of a batch to mean 0 and deviation 1")
