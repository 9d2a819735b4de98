"""Networks as plain nn.Modules, and the same as pure functions of their parameters.

What a network sees arrives flat: rows of numbers, a vector as it is and an image to be stood up (base/images.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from trainables.base import member_axis, own_classes
from trainables.base.images import Image
from trainables.networks import initialisations
from trainables.networks.initialisations import TORCH, Initialisation

Activation = Literal["relu", "tanh", "silu", "gelu"]
ACTIVATIONS: Mapping[str, type[nn.Module]] = {"relu": nn.ReLU, "tanh": nn.Tanh, "silu": nn.SiLU, "gelu": nn.GELU}


def _layers(inputs: int, outputs: int, hidden: tuple[int, ...], activation: str, layer_norm: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise((inputs, *hidden)):
        layers += [nn.Linear(before, after), *([nn.LayerNorm(after)] if layer_norm else []), ACTIVATIONS[activation]()]
    return [*layers, nn.Linear((inputs, *hidden)[-1], outputs)]


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron: inputs -> hidden widths -> outputs, an activation between, none at the end.

    layer_norm: whether each hidden layer is normalised (Ba, Kiros and Hinton, 2016) before its activation.
    """

    kind: ClassVar[str] = "mlp"
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    activation: str = "relu"
    layer_norm: bool = False

    def build(self) -> nn.Module:
        """The network with torch's own initialisation, drawn from torch's global stream."""
        return nn.Sequential(*_layers(self.inputs, self.outputs, self.hidden, self.activation, self.layer_norm))


@dataclass(frozen=True)
class Convolutional:
    """Convolutions of 3 x 3 with stride 2, each halving the image, then a multilayer perceptron on what is left."""

    kind: ClassVar[str] = "convolutional"
    image: Image
    outputs: int
    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    activation: str = "relu"
    layer_norm: bool = False

    @property
    def inputs(self) -> int:
        """The numbers of one image."""
        return self.image.numbers

    def build(self) -> nn.Module:
        """The network of images (N, C, H, W), with torch's own initialisation from torch's global stream."""
        layers: list[nn.Module] = []
        height, width = self.image.height, self.image.width
        for before, after in pairwise((self.image.channels, *self.channels)):
            layers += [nn.Conv2d(before, after, 3, stride=2, padding=1), ACTIVATIONS[self.activation]()]
            height, width = (height + 1) // 2, (width + 1) // 2
        flat = (self.image.channels, *self.channels)[-1] * height * width
        dense = _layers(flat, self.outputs, self.hidden, self.activation, self.layer_norm)
        return nn.Sequential(*layers, nn.Flatten(), *dense)


@dataclass(frozen=True)
class Own:
    """A person's own nn.Module, `package.module:Class`, made as Class(inputs=..., outputs=...).

    Its `inputs` are the length of a vector, or (C, H, W) of an image; it is called with (N, inputs) or (N, C, H, W) and
    returns (N, outputs). It learns by its parameters alone and may have no buffers, such as BatchNorm's.
    """

    kind: ClassVar[str] = "own"
    foreign: ClassVar[bool] = True
    name: str
    inputs: int
    outputs: int
    image: Image | None = None

    @property
    def shape(self) -> int | tuple[int, int, int]:
        """What its class is given as `inputs`."""
        return self.image.shape if self.image else self.inputs

    def build(self) -> nn.Module:
        """The network as its class begins it; raises imports.Unimportable where there is no such Module."""
        found = own_classes.load(self.name)
        if not (isinstance(found, type) and issubclass(found, nn.Module)):
            raise own_classes.Unimportable(f"{self.name}: should be a class derived from torch.nn.Module, is {found!r}")
        built: nn.Module = found(inputs=self.shape, outputs=self.outputs)
        return built


Spec = MLP | Convolutional | Own
"""A network by plain values. All have `inputs`, the numbers of a flat observation, and `outputs`."""


def as_plain(spec: Spec) -> dict[str, Any]:
    """The network as plain values, from which anyone can build it."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(spec).items()}
    return {"kind": spec.kind, **{name: value for name, value in values.items() if value is not None}}


def from_plain(plain: Mapping[str, Any]) -> Spec:
    """The network that `as_plain` has described."""
    values: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in plain.items()}
    kind = values.pop("kind")
    if "image" in values:
        values["image"] = Image(**values["image"])
    kinds: dict[str, type[Spec]] = {each.kind: each for each in (MLP, Convolutional, Own)}
    return kinds[kind](**values)


def initial(spec: Spec, seed: int, initialisation: Initialisation = TORCH) -> dict[str, Tensor]:
    """The parameters of a member, drawn from its own stream; keys as in the module's state_dict."""
    with torch.random.fork_rng(devices=[]):
        # Of the processor alone: torch.manual_seed prepares every kind of accelerator, half a millisecond each time.
        torch.default_generator.manual_seed(seed)
        module = spec.build()
        initialisations.draw(initialisation, module)
        return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


@lru_cache
def function(spec: Spec, training: bool = False) -> Callable[[dict[str, Tensor], Tensor], Tensor]:
    """(parameters, inputs of shape (..., inputs)) -> outputs of shape (..., outputs), of one member.

    training: whether the module is in train mode, else in eval mode.
    """
    with torch.device("meta"):
        skeleton = spec.build().train(training)

    def call(parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(skeleton, parameters, (inputs,))
        return outputs

    if isinstance(spec, MLP):
        return call

    image = spec.image

    def in_rows(parameters: dict[str, Tensor], inputs: Tensor) -> Tensor:
        rows = inputs.reshape(-1, spec.inputs)
        outputs = call(parameters, rows if image is None else image.upright(rows))
        return outputs.reshape(*inputs.shape[:-1], spec.outputs)

    return in_rows


def check(spec: Own) -> None:
    """Build a person's own network, and call it alone and as a pack does, in eval and in train mode.

    Raises imports.Unimportable where that fails or does not give (N, outputs), with a message of one line.
    """
    try:
        module = spec.build()
        _check_called(spec, module.eval())
        if buffers := ", ".join(name for name, _ in module.named_buffers()):
            raise own_classes.Unimportable(f"{spec.name} should learn by parameters alone, has buffers: {buffers}")
        if not module.state_dict():
            raise own_classes.Unimportable(f"{spec.name} should have parameters to learn by, has none")
        _check_called(spec, module.train())
    except own_classes.Unimportable:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise own_classes.Unimportable(
            f"{spec.name} can't be used with inputs={spec.shape} and outputs={spec.outputs}: {reason}"
        ) from error


def _check_called(spec: Own, module: nn.Module) -> None:
    rows, state = torch.zeros(3, spec.inputs), dict(module.state_dict())
    with torch.no_grad():
        _check_returned(spec, module(spec.image.upright(rows) if spec.image else rows))
        call, pack = function(spec, module.training), (member_axis.stack([state, state]), torch.stack([rows, rows]))
        # What a pack can compute if it may draw random numbers alone draws some.
        vmap(call, randomness="different")(*pack)
        try:
            vmap(call)(*pack)
        except RuntimeError as error:
            raise own_classes.Unimportable(_random(spec, module)) from error


_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def _random(spec: Own, module: nn.Module) -> str:
    layers = [f"{name} ({type(each).__name__})" for name, each in module.named_modules() if isinstance(each, _DROPOUTS)]
    where, mode = ", by " + ", ".join(layers) if layers else "", "train" if module.training else "eval"
    return (
        f"{spec.name} draws random numbers in {mode} mode{where}: should draw none, as members of a pack would share "
        "them; a standard network of supervised has the setting `dropout`"
    )


def _check_returned(spec: Own, found: object) -> None:
    shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if shape != (3, spec.outputs):
        raise own_classes.Unimportable(
            f"{spec.name} should return (3, {spec.outputs}) for three inputs, returns {shape}"
        )


def problem(spec: Own) -> str | None:
    """What is wrong with a person's own network, in a line; None where nothing is."""
    try:
        check(spec)
    except own_classes.Unimportable as error:
        return str(error)
    return None
