"""Training loops whose members are trained in lockstep, a pack at a time."""

from importlib import import_module
from typing import Any

from trainables import imports
from trainables.dqn import DQNLoop
from trainables.loop import Loop, contract_flaw
from trainables.reinforce import ReinforceLoop
from trainables.supervised import SupervisedLoop

LOOPS: dict[str, type[Loop]] = {"dqn": DQNLoop, "reinforce": ReinforceLoop, "supervised": SupervisedLoop}
"""The loops by the name that a sweep calls them by."""


def loop_of(name: str) -> type[Loop]:
    """A loop by its name in LOOPS, or a person's own by `package.module:name`: a loop, or a Trainable of Ray Tune.

    Raises Unimportable where there is none of that name, or what is there is neither.
    """
    if name in LOOPS:
        return LOOPS[name]
    found = imports.load(name)
    flaw = contract_flaw(found)
    if flaw and imports.is_foreign(found):
        return _foreign(name, found)
    if flaw:
        raise imports.Unimportable(f"{name}: {flaw}; what a loop has is in docs/own-loops.md")
    loop: type[Loop] = found
    return loop


def _foreign(name: str, found: Any) -> type[Loop]:
    """A Trainable of Ray Tune as a loop; whoever wrote it has imported Ray already, or means to."""
    try:
        loop: type[Loop] = import_module("trainables.foreign").of(found)
    except ValueError as error:
        raise imports.Unimportable(f"{name}: a function should take one argument, its config") from error
    return loop


def __getattr__(name: str) -> Any:
    """The Tune trainables by name; Ray is imported when one is asked for, and not before."""
    if name in ("DQN", "Reinforce", "Supervised"):
        return getattr(import_module("trainables.tune"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["DQN", "LOOPS", "Loop", "Reinforce", "Supervised", "loop_of"]
