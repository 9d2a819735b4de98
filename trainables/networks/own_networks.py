"""What is wrong with a person's own network: it is built and called, alone and as a pack calls it."""

import torch
from torch import Tensor, nn
from torch.func import vmap

from trainables.base import member_axis
from trainables.base.own_classes import Unimportable
from trainables.networks import networks
from trainables.networks.specs import Own

_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def problem(spec: Own) -> str | None:
    """What is wrong with a person's own network, in one line; None if nothing is."""
    try:
        check(spec)
    except Unimportable as error:
        return str(error)
    return None


def check(spec: Own) -> None:
    """Builds a person's own network and calls it, alone and as a pack does, in eval mode and in train mode.

    Raises Unimportable, with a message of one line, if that fails or does not return (N, outputs).
    """
    try:
        module = spec.build()
        _check_calls(spec, module.eval())
        if buffers := ", ".join(name for name, _ in module.named_buffers()):
            raise Unimportable(f"{spec.name} should learn by parameters alone, has buffers: {buffers}")
        if not module.state_dict():
            raise Unimportable(f"{spec.name} should have parameters to learn by, has none")
        _check_calls(spec, module.train())
    except Unimportable:
        raise
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise Unimportable(
            f"{spec.name} can't be used with inputs={spec.shape} and outputs={spec.outputs}: {reason}"
        ) from error


def _check_calls(spec: Own, module: nn.Module) -> None:
    rows, state = torch.zeros(3, spec.inputs), dict(module.state_dict())
    with torch.no_grad():
        _check_returned(spec, module(spec.image.upright(rows) if spec.image else rows))
        call, pack = networks.function(spec, module.training), (member_axis.stack([state] * 2), torch.stack([rows] * 2))
        # A network that a pack can compute only if random operations are allowed draws random numbers.
        vmap(call, randomness="different")(*pack)
        try:
            vmap(call)(*pack)
        except RuntimeError as error:
            raise Unimportable(_draws_random_numbers(spec, module)) from error


def _check_returned(spec: Own, found: object) -> None:
    shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
    if shape != (3, spec.outputs):
        raise Unimportable(f"{spec.name} should return (3, {spec.outputs}) for three inputs, returns {shape}")


def _draws_random_numbers(spec: Own, module: nn.Module) -> str:
    layers = [f"{name} ({type(each).__name__})" for name, each in module.named_modules() if isinstance(each, _DROPOUTS)]
    where, mode = ", by " + ", ".join(layers) if layers else "", "train" if module.training else "eval"
    return (
        f"{spec.name} draws random numbers in {mode} mode{where}: should draw none, as members of a pack would share "
        "them; a standard network of supervised has the setting `dropout`"
    )
