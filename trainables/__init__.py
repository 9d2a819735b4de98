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
    """A loop by its name in LOOPS, or a person's own by `package.module:Class`.

    Raises Unimportable where there is none of that name, or what is there does not keep the protocol of a loop.
    """
    if name in LOOPS:
        return LOOPS[name]
    found = imports.load(name)
    flaw = contract_flaw(found)
    if flaw:
        raise imports.Unimportable(f"{name}: {flaw}; what a loop has is in docs/own-loops.md")
    loop: type[Loop] = found
    return loop


def __getattr__(name: str) -> Any:
    """The Tune trainables by name; Ray is imported when one is asked for, and not before."""
    if name in ("DQN", "Reinforce", "Supervised"):
        return getattr(import_module("trainables.tune"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["DQN", "LOOPS", "Loop", "Reinforce", "Supervised", "loop_of"]
