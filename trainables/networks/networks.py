"""Networks as pure functions of their parameters, and the parameters that a member begins with."""

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor
from torch.func import functional_call

from trainables.base.member_axis import Tensors
from trainables.networks import initialisations
from trainables.networks.initialisations import TORCH, Initialisation
from trainables.networks.specs import ACTIVATIONS, MLP, Own, Spec

Hidden = Callable[[Tensors, Tensor], list[tuple[str, Tensor]]]
"""(parameters, inputs (S, inputs)) -> of each hidden layer the name of its activation, and what it gives (S, units)."""


def initial(spec: Spec, seed: int, initialisation: Initialisation = TORCH) -> Tensors:
    """The parameters that a member begins with, by their names in the module's state_dict, from a stream of its own.

    spec: the network.
    seed: of the stream.
    initialisation: how to draw the parameters.
    """
    with torch.random.fork_rng(devices=[]):
        # The CPU's alone: torch.manual_seed prepares every kind of accelerator, which takes half a millisecond.
        torch.default_generator.manual_seed(seed)
        module = spec.build()
        initialisations.draw(initialisation, module)
        return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


@lru_cache
def function(spec: Spec, training: bool = False) -> Callable[[Tensors, Tensor], Tensor]:
    """The network as a function (parameters, inputs (..., inputs)) -> outputs (..., outputs), of one member.

    training: whether the module is in train mode; else it is in eval mode.
    """
    with torch.device("meta"):
        skeleton = spec.build().train(training)

    def call(parameters: Tensors, inputs: Tensor) -> Tensor:
        outputs: Tensor = functional_call(skeleton, parameters, (inputs,))
        return outputs

    if isinstance(spec, MLP):
        return call

    image = spec.image

    def call_on_rows(parameters: Tensors, inputs: Tensor) -> Tensor:
        rows = inputs.reshape(-1, spec.inputs)
        outputs = call(parameters, rows if image is None else image.upright(rows))
        return outputs.reshape(*inputs.shape[:-1], spec.outputs)

    return call_on_rows


@lru_cache
def hidden(spec: Spec) -> Hidden | None:
    """What goes on within the network, of one member, in eval mode; None of a person's own, whose layers are not known.

    A channel of a convolution is a unit, and each place of the image a sample of it.
    """
    if isinstance(spec, Own):
        return None
    image = None if isinstance(spec, MLP) else spec.image
    names = {kind: name for name, kind in ACTIVATIONS.items()}
    with torch.device("meta"):
        layers = list(spec.build().eval().named_children())

    def look(parameters: Tensors, inputs: Tensor) -> list[tuple[str, Tensor]]:
        values, found = inputs if image is None else image.upright(inputs), list[tuple[str, Tensor]]()
        for name, layer in layers:
            own = {key.removeprefix(f"{name}."): each for key, each in parameters.items() if key.startswith(f"{name}.")}
            values = functional_call(layer, own, (values,))
            if (activation := names.get(type(layer))) is not None:
                found.append((activation, values.movedim(1, -1).flatten(0, -2)))
        return found

    return look
