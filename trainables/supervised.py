"""Supervised regression: settings, loss, loop; a whole pack of members in lockstep."""

from pydantic import Field

from trainables.loop import Config


class SupervisedConfig(Config):
    """The settings of supervised training beside those of every loop."""

    data: str = Field("conjunction-risk", description="name of the data set")
    data_seed: int = Field(0, description="of the data's making and its split; the same for all members", ge=0, lt=2**63)
    standardise: bool = Field(True, description="features to mean 0 and deviation 1, fitted on the training part")
