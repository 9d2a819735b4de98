"""Finds loops by their names: the platform's, and people's own."""

from importlib import import_module
from typing import Any

from trainables.base import own_classes
from trainables.loops.contract import Loop, contract_flaw
from trainables.loops.dqn import DQNLoop
from trainables.loops.reinforce import ReinforceLoop
from trainables.loops.supervised import SupervisedLoop

LOOPS: dict[str, type[Loop]] = {"dqn": DQNLoop, "reinforce": ReinforceLoop, "supervised": SupervisedLoop}
"""The platform's loops, by the names that sweeps call them by."""


def loop_of(name: str) -> type[Loop]:
    """A loop by its name in LOOPS, or a person's own loop or Trainable of Ray Tune by `package.module:name`.

    Raises Unimportable if nothing has that name, or what has it is neither.
    """
    if name in LOOPS:
        return LOOPS[name]
    found = own_classes.load(name)
    flaw = contract_flaw(found)
    if flaw and own_classes.is_ray_trainable(found):
        return _of_ray_trainable(name, found)
    if flaw:
        raise own_classes.Unimportable(f"{name}: {flaw}; what a loop has is in docs/own-loops.md")
    loop: type[Loop] = found
    return loop


def _of_ray_trainable(name: str, found: Any) -> type[Loop]:
    """A Trainable of Ray Tune as a loop. Ray is imported here only, for those who use it."""
    try:
        loop: type[Loop] = import_module("trainables.ray_trainable_loop").of(found)
    except ValueError as error:
        raise own_classes.Unimportable(f"{name}: a function should take one argument, its config") from error
    return loop
