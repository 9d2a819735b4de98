"""Networks as plain values, from which anyone can build the module.

A network's observations arrive flat, as rows of numbers: a vector as it is, an image to be reshaped (base/images.py).

Axis letters: N samples, C channels, H height, W width.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

from torch import nn

from trainables.base import own_classes
from trainables.base.images import Image

Activation = Literal["relu", "tanh", "silu", "gelu"]
ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron, with an activation after each hidden layer and none at the end.

    inputs: the numbers of an observation.
    outputs: the numbers that the network returns.
    hidden: the widths of the hidden layers.
    activation: a name in ACTIVATIONS.
    layer_norm: whether hidden layers are normalised (Ba, Kiros and Hinton, 2016) before their activation.
    """

    kind: ClassVar[str] = "mlp"
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"
    layer_norm: bool = False

    def build(self) -> nn.Module:
        """The module (N, inputs) -> (N, outputs), initialised by torch from its global stream."""
        return nn.Sequential(*_dense(self.inputs, self.outputs, self.hidden, self.activation, self.layer_norm))


@dataclass(frozen=True)
class Convolutional:
    """Convolutions of 3 x 3 with stride 2, each of which halves the image, then a multilayer perceptron.

    image: how to read an observation as an image.
    outputs: the numbers that the network returns.
    channels: the channels after each convolution.
    hidden, activation, layer_norm: of the multilayer perceptron; the activation follows the convolutions, too.
    """

    kind: ClassVar[str] = "convolutional"
    image: Image
    outputs: int
    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    activation: str = "relu"
    layer_norm: bool = False

    @property
    def inputs(self) -> int:
        """The numbers in one image."""
        return self.image.numbers

    def build(self) -> nn.Module:
        """The module (N, C, H, W) -> (N, outputs), initialised by torch from its global stream."""
        layers: list[nn.Module] = []
        height, width = self.image.height, self.image.width
        for before, after in pairwise((self.image.channels, *self.channels)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), ACTIVATIONS[self.activation]()]
            height, width = (height + 1) // 2, (width + 1) // 2
        flat = (self.image.channels, *self.channels)[-1] * height * width
        dense = _dense(flat, self.outputs, self.hidden, self.activation, self.layer_norm)
        return nn.Sequential(*layers, nn.Flatten(), *dense)


@dataclass(frozen=True)
class Own:
    """A person's own nn.Module, made as Class(inputs=..., outputs=...); own_networks.py checks one.

    It learns by its parameters alone and may have no buffers, such as BatchNorm's.

    name: its `package.module:Class`.
    inputs: the numbers of an observation.
    outputs: the numbers that the network returns.
    image: how to read an observation as an image; None: it is a vector.
    """

    kind: ClassVar[str] = "own"
    foreign: ClassVar[bool] = True
    name: str
    inputs: int
    outputs: int
    image: Image | None = None

    @property
    def shape(self) -> int | tuple[int, int, int]:
        """What the class is given as `inputs`: the length of a vector, or (C, H, W) of an image."""
        return self.image.shape if self.image else self.inputs

    def build(self) -> nn.Module:
        """The module (N, inputs) or (N, C, H, W) -> (N, outputs), as its class initialises it.

        Raises Unimportable if there is no such Module.
        """
        found = own_classes.load(self.name)
        if not (isinstance(found, type) and issubclass(found, nn.Module)):
            raise own_classes.Unimportable(f"{self.name}: should be a class derived from torch.nn.Module, is {found!r}")
        built: nn.Module = found(inputs=self.shape, outputs=self.outputs)
        return built


Spec = MLP | Convolutional | Own
"""All have `inputs`, the numbers of a flat observation, and `outputs`."""


def _dense(inputs: int, outputs: int, hidden: tuple[int, ...], activation: str, layer_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise((inputs, *hidden)):
        layers += [nn.Linear(before, after), *([nn.LayerNorm(after)] if layer_norm else []), ACTIVATIONS[activation]()]
    return [*layers, nn.Linear((inputs, *hidden)[-1], outputs)]


def as_plain(spec: Spec) -> dict[str, Any]:
    """The network as plain values, as best.pt holds it."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(spec).items()}
    return {"kind": spec.kind, **{name: value for name, value in values.items() if value is not None}}


def from_plain(plain: Mapping[str, Any]) -> Spec:
    """The network that `as_plain` has written."""
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in plain.items()}
    kind = values.pop("kind")
    if "image" in values:
        values["image"] = Image(**values["image"])
    kinds: dict[str, type[Spec]] = {each.kind: each for each in (MLP, Convolutional, Own)}
    return kinds[kind](**values)
