"""The loops by their names, and those that people bring."""

from importlib import import_module
from typing import Any

from trainables.base import own_classes
from trainables.loops.contract import Loop, contract_flaw
from trainables.loops.dqn import DQNLoop
from trainables.loops.reinforce import ReinforceLoop
from trainables.loops.supervised import SupervisedLoop

LOOPS: dict[str, type[Loop]] = {"dqn": DQNLoop, "reinforce": ReinforceLoop, "supervised": SupervisedLoop}
"""The loops by the name that a sweep calls them by."""


def loop_of(name: str) -> type[Loop]:
    """A loop by its name in LOOPS, or a person's own by `package.module:name`: a loop, or a Trainable of Ray Tune.

    Raises Unimportable where there is none of that name, or what is there is neither.
    """
    if name in LOOPS:
        return LOOPS[name]
    found = own_classes.load(name)
    flaw = contract_flaw(found)
    if flaw and own_classes.is_ray_trainable(found):
        return _foreign(name, found)
    if flaw:
        raise own_classes.Unimportable(f"{name}: {flaw}; what a loop has is in docs/own-loops.md")
    loop: type[Loop] = found
    return loop


def _foreign(name: str, found: Any) -> type[Loop]:
    """A Trainable of Ray Tune as a loop; whoever wrote it has imported Ray already, or means to."""
    try:
        loop: type[Loop] = import_module("trainables.ray_trainable_loop").of(found)
    except ValueError as error:
        raise own_classes.Unimportable(f"{name}: a function should take one argument, its config") from error
    return loop
