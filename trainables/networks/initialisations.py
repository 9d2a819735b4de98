"""What weights begin with. They are drawn into a module, layer by layer, from torch's global stream.

Only linear and convolutional layers are drawn; everything else in a module keeps what torch gave it.
"""

import math
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from trainables.base.config_fields import Option, by_name


class Torch(Option):
    """As torch begins its layers: weights and biases uniform within ±1 / sqrt(inputs of the layer)."""

    kind: Literal["torch"] = "torch"


class Orthogonal(Option):
    """Orthogonal weights (Saxe, McClelland and Ganguli, 2014) times a gain, and biases of zero."""

    kind: Literal["orthogonal"] = "orthogonal"
    gain: float = Field(math.sqrt(2), gt=0, description="factor of the hidden layers' weights")
    last_gain: float = Field(1.0, gt=0, description="factor of the last layer's weights")


class Uniform(Option):
    """Weights and biases uniform from -bound to bound, however wide the layer."""

    kind: Literal["uniform"] = "uniform"
    bound: float = Field(0.5, gt=0, description="the largest weight")


Initialisation = Annotated[Torch | Orthogonal | Uniform, Field(discriminator="kind"), by_name]

TORCH = Torch()


def draw(initialisation: Torch | Orthogonal | Uniform, module: nn.Module) -> None:
    """Draws the layers of a module anew, in place; torch has initialised them already."""
    layers = [each for each in module.modules() if isinstance(each, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d)]
    for layer in layers:
        match initialisation:
            case Orthogonal(gain=gain, last_gain=last_gain):
                nn.init.orthogonal_(layer.weight, last_gain if layer is layers[-1] else gain)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)
            case Uniform(bound=bound):
                nn.init.uniform_(layer.weight, -bound, bound)
                if layer.bias is not None:
                    nn.init.uniform_(layer.bias, -bound, bound)
            case Torch():
                pass
