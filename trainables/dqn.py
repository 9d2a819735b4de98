"""DQN (Mnih et al., 2015): settings, network, loss, loop; a whole pack of members in lockstep."""

from typing import Literal

from pydantic import Field

from trainables.loop import EpisodicConfig
from trainables.options import tunable


class DQNConfig(EpisodicConfig):
    """The settings of DQN beside those of every loop."""

    loss: Literal["huber", "squared"] = Field("huber", description="of the temporal-difference error; huber has delta 1")
    replay_capacity: int = Field(100_000, description="transitions that the replay memory holds", gt=0, le=10**8)
    learning_starts: int = Field(1_000, description="environment steps before the first update", ge=0)
    train_frequency: int = Field(4, description="environment steps between two rounds of updates", gt=0)
    gradient_steps: int = Field(2, description="updates in a round", gt=0, le=1_000)
    target_interval: int = tunable(500, description="environment steps between two copies to the target network", gt=0)
    epsilon_start: float = tunable(1.0, description="share of random actions at the beginning", ge=0, le=1)
    epsilon_end: float = tunable(0.04, description="share of random actions after exploration", ge=0, le=1)
    exploration: float = tunable(0.2, description="share of the budget over which epsilon falls linearly", gt=0, le=1)
